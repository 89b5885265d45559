import { existsSync } from "node:fs";
import { join } from "node:path";
import { decodePatch } from "../../diff/decode-patch.ts";
import { parsePatch } from "../../diff/parse-patch.ts";
import { fromPatch } from "../../gitlab/diff-entry.ts";
import type { ChangedFile, Diff } from "../../review/forge.ts";
import { pathOf } from "../../review/units/hunk-digest.ts";
import type { ChosenChange } from "./choose-change.ts";
import type { Git } from "./git.ts";

/** No program makes the diff, and git does not look for changes in the trees of submodules. */
export const PLAIN_DIFF = ["--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty"] as const;

/** Names every setting that decides how a diff looks, so that nobody's own settings change it. */
const FORM = [
  ...PLAIN_DIFF,
  "--no-color",
  "--no-relative",
  "--find-renames",
  "--unified=3",
  "--inter-hunk-context=0",
  "--full-index",
  "--submodule=short",
  "--src-prefix=a/",
  "--dst-prefix=b/",
] as const;

/** Reads a change with git. Every changed file is in it, also one whose text git did not give. */
export const readDiff = async (git: Git, change: ChosenChange): Promise<Diff> => {
  const { sides, base, head } = change;
  const patch = await git.run(["diff", ...FORM, ...sides, "--"]);
  const files = parsePatch(decodePatch(patch)).map(fromPatch);
  const known = new Set(files.map(pathOf));
  const listed = await git.run([
    "diff",
    ...PLAIN_DIFF,
    "--no-relative",
    "--find-renames",
    "--name-only",
    "-z",
    ...sides,
    "--",
  ]);
  const unseen = change.hasUntracked ? await listUnseen(git) : [];
  const unread = [...new Set([...splitZeros(listed), ...unseen])].filter((path) => !known.has(path));
  const refs = { baseSha: base, startSha: base, headSha: head ?? base };
  return { refs, files: [...files, ...unread.map(unreadable)] };
};

const unreadable = (path: string): ChangedFile => ({
  oldPath: path,
  newPath: path,
  oldMode: "",
  newMode: "",
  change: "modified",
  generated: false,
  diff: { kind: "unavailable", problem: { cause: "conflict" } },
});

/** Files of the working tree that the index has git not look at (`assume-unchanged`, `skip-worktree`). */
const listUnseen = async (git: Git): Promise<readonly string[]> =>
  splitZeros(await git.run(["ls-files", "-v", "-z"])).flatMap((entry) => {
    const path = entry.slice(2);
    return /^[a-zS] /.test(entry) && existsSync(join(git.root, path)) ? [path] : [];
  });

/** The files that git does not know and is not told to ignore. */
export const listUntracked = async (git: Git): Promise<readonly string[]> =>
  splitZeros(await git.run(["ls-files", "--others", "--exclude-standard", "-z"]));

/** The texts of a list that git ends with zero bytes. */
export const splitZeros = (list: Buffer): readonly string[] =>
  list
    .toString("utf8")
    .split("\0")
    .filter((entry) => entry !== "");
