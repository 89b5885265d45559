import { unquotePath } from "./unquote-path.ts";

/** One file of a git patch. Paths are null where git leaves the side out (`/dev/null`). */
export type PatchedFile = {
  readonly oldPath: string | null;
  readonly newPath: string | null;
  /** Modes such as `100644`, `0` on a side that does not exist; empty where git does not say. */
  readonly oldMode: string;
  readonly newMode: string;
  readonly binary: boolean;
  /** The hunks without file headers; empty for a pure rename, a mode change or an empty file. */
  readonly hunks: string;
};

const START = "diff --git ";

/**
 * Reads the output of `git diff` (GitLab's `raw_diffs`) file by file. A file whose hunks are not as long
 * as their headers say was cut short and is left out, so that no part of a diff is taken for the whole.
 */
export const parsePatch = (patch: string): readonly PatchedFile[] => {
  const lines = patch.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const starts = lines.flatMap((line, index) => (line.startsWith(START) ? [index] : []));
  return starts.flatMap((start, nth) => parseFile(lines.slice(start, starts[nth + 1])) ?? []);
};

const parseFile = (lines: readonly string[]): PatchedFile | null => {
  const firstHunk = lines.findIndex((line) => line.startsWith("@@ "));
  const header = firstHunk === -1 ? lines : lines.slice(0, firstHunk);
  const hunks = firstHunk === -1 ? [] : lines.slice(firstHunk);
  if (!isWhole(hunks)) return null;
  const paths = readPaths(header);
  if (paths === null) return null;
  const binary = header.some((line) => line.startsWith("Binary files ") || line === "GIT binary patch");
  return { ...paths, ...readModes(header), binary, hunks: hunks.map((line) => `${line}\n`).join("") };
};

const HUNK = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/;

/** Whether every hunk has as many lines as its header says. */
const isWhole = (lines: readonly string[]): boolean => {
  let oldLeft = 0;
  let newLeft = 0;
  for (const line of lines) {
    const sign = line.at(0);
    if (sign === "\\") continue;
    if (oldLeft === 0 && newLeft === 0) {
      const match = HUNK.exec(line);
      if (match === null) return false;
      oldLeft = Number(match[1] ?? 1);
      newLeft = Number(match[2] ?? 1);
      continue;
    }
    if (sign !== "+") oldLeft -= 1;
    if (sign !== "-") newLeft -= 1;
    if (oldLeft < 0 || newLeft < 0 || (sign !== "+" && sign !== "-" && sign !== " ")) return false;
  }
  return oldLeft === 0 && newLeft === 0;
};

/** The modes of both sides; one that did not change stands in the index line. */
const readModes = (header: readonly string[]): Pick<PatchedFile, "oldMode" | "newMode"> => {
  const find = (pattern: RegExp): string | undefined =>
    header.map((line) => pattern.exec(line)?.[1]).find((mode) => mode !== undefined);
  const created = find(/^new file mode (\d+)$/);
  const deleted = find(/^deleted file mode (\d+)$/);
  const kept = find(/^index \S+ (\d+)$/) ?? "";
  if (created !== undefined) return { oldMode: "0", newMode: created };
  if (deleted !== undefined) return { oldMode: deleted, newMode: "0" };
  return { oldMode: find(/^old mode (\d+)$/) ?? kept, newMode: find(/^new mode (\d+)$/) ?? kept };
};

type Paths = Pick<PatchedFile, "oldPath" | "newPath">;

/** The paths of a file: from `---` and `+++`, from a rename, or from the first line where both are one. */
const readPaths = (header: readonly string[]): Paths | null => {
  const valueOf = (prefix: string): string | undefined =>
    header.find((line) => line.startsWith(prefix))?.slice(prefix.length);
  const from = valueOf("rename from ") ?? valueOf("copy from ");
  const to = valueOf("rename to ") ?? valueOf("copy to ");
  if (from !== undefined && to !== undefined) return { oldPath: unquotePath(from), newPath: unquotePath(to) };
  const same = readSamePath((header[0] ?? "").slice(START.length));
  const oldSide = valueOf("--- ");
  const newSide = valueOf("+++ ");
  if (oldSide !== undefined && newSide !== undefined)
    return { oldPath: readSide(oldSide), newPath: readSide(newSide) };
  if (same === null) return null;
  const created = header.some((line) => line.startsWith("new file mode"));
  const deleted = header.some((line) => line.startsWith("deleted file mode"));
  return { oldPath: created ? null : same, newPath: deleted ? null : same };
};

/** A path after `---` or `+++`: with its prefix, and a tab behind it when it holds a space. */
const readSide = (side: string): string | null => {
  const path = unquotePath(side.replace(/\t$/, ""));
  return path === "/dev/null" ? null : path.replace(/^[ab]\//, "");
};

/** The path in `a/PATH b/PATH`, where both are the same and may hold spaces; null when they differ. */
const readSamePath = (pair: string): string | null => {
  const half = (pair.length - 1) / 2;
  if (!Number.isInteger(half) || pair[half] !== " ") return null;
  const oldPath = unquotePath(pair.slice(0, half)).replace(/^a\//, "");
  const newPath = unquotePath(pair.slice(half + 1)).replace(/^b\//, "");
  return oldPath === newPath ? oldPath : null;
};
