import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { BodyTooLarge, readBoundedText } from "../../base/bounded-body.ts";
import { decodePatch } from "../../diff/decode-patch.ts";
import { type ForeignCase, readAddress } from "../../eval/formats/foreign-case.ts";
import { type Message, message } from "../../messages/message.ts";
import { GitError, openGit } from "../review/git.ts";
import { PLAIN_DIFF } from "../review/read-diff.ts";

/** Where the diffs of a public set may be found. */
export type PatchPlaces = {
  /** A folder with `<case>.diff`. */
  readonly diffs: string | null;
  /** A folder with clones, as `<owner>/<name>` or `<name>`. */
  readonly repositories: string | null;
  /** Whether they may be fetched from where the pull request is. */
  readonly download: boolean;
};

/** Fetches addresses; `globalThis.fetch` or one for tests. */
export type Fetch = (url: string) => Promise<Response>;

/** A diff, or why there is none. */
export type PatchReading = { readonly patch: string } | { readonly missing: Message };

/** The largest diff that is taken, in characters. */
const LONGEST = 32 * 1024 * 1024;

/** The only host that diffs are fetched from, whatever a set names. */
const HOST = "github.com";

/** Looks for the diff of a case, in the order of the places. */
export const findPatch = async (
  found: ForeignCase,
  places: PatchPlaces,
  fetch: Fetch,
): Promise<PatchReading> => {
  const { diffs, repositories, download } = places;
  const kept =
    diffs === null ? null : await readFile(join(diffs, `${found.name}.diff`), "utf8").catch(() => null);
  if (kept !== null) return { patch: kept };
  const local = repositories === null ? null : await fromRepository(found, repositories);
  if (local !== null && "patch" in local) return local;
  if (download) return fetchPatch(found.url, fetch);
  return local ?? { missing: message("cli.eval.patch.nowhere") };
};

const fromRepository = async (found: ForeignCase, folder: string): Promise<PatchReading> => {
  const address = readAddress(found.url);
  if (found.commits === null || address === null) return { missing: message("cli.eval.patch.no-commits") };
  const { base, head } = found.commits;
  if (![base, head].every((sha) => /^[0-9a-f]{7,64}$/.test(sha)))
    return { missing: message("cli.eval.patch.bad-commits") };
  for (const place of [join(folder, address.owner, address.repository), join(folder, address.repository)]) {
    try {
      const git = await openGit(place);
      const patch = await git.run([
        "diff",
        ...PLAIN_DIFF,
        "--no-color",
        "--find-renames",
        "--full-index",
        `${base}...${head}`,
        "--",
      ]);
      return { patch: decodePatch(patch) };
    } catch (error) {
      if (!(error instanceof GitError)) throw error;
    }
  }
  const repository = `${address.owner}/${address.repository}`;
  const commits = { base: base.slice(0, 12), head: head.slice(0, 12) };
  return { missing: message("cli.eval.patch.no-clone", { repository, ...commits }) };
};

const fetchPatch = async (url: string, fetch: Fetch): Promise<PatchReading> => {
  const address = URL.parse(url);
  if (address?.protocol !== "https:" || address.hostname !== HOST)
    return { missing: message("cli.eval.patch.other-host", { host: HOST }) };
  try {
    const response = await fetch(`${address.origin}${address.pathname.replace(/\/$/, "")}.diff`);
    if (!response.ok)
      return { missing: message("cli.eval.patch.status", { host: HOST, status: response.status }) };
    return { patch: await readBoundedText(response.body, LONGEST) };
  } catch (error) {
    if (error instanceof BodyTooLarge) return { missing: message("cli.eval.patch.too-large") };
    return { missing: message("cli.eval.patch.unreachable", { host: HOST }) };
  }
};
