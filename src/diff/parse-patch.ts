import { readHunks } from "./parse-hunks.ts";
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

/** A merge commit's combined diff; it has no single old side and is left out. */
const COMBINED = /^diff --(?:cc|combined) /;

/**
 * Reads the output of `git diff` (GitLab's `raw_diffs`) file by file. A file whose hunks are not as long
 * as their headers say, or that has no hunks where it should, was cut short and is left out, so that no
 * part of a diff is taken for the whole. So is a combined diff.
 */
export const parsePatch = (patch: string): readonly PatchedFile[] => {
  const lines = patch.split("\n");
  // Git ends every line, so a last one without its line feed was cut, and its file with it.
  const isCut = lines.at(-1) !== "";
  if (!isCut) lines.pop();
  const starts = lines.flatMap((line, index) =>
    line.startsWith(START) || COMBINED.test(line) ? [index] : [],
  );
  const whole = isCut ? starts.slice(0, -1) : starts;
  return whole.flatMap((start, nth) => parseFile(lines.slice(start, starts[nth + 1])) ?? []);
};

const parseFile = (lines: readonly string[]): PatchedFile | null => {
  if (lines[0]?.startsWith(START) !== true) return null;
  const firstHunk = lines.findIndex((line) => line.startsWith("@@"));
  const header = firstHunk === -1 ? lines : lines.slice(0, firstHunk);
  const hunks = firstHunk === -1 ? [] : lines.slice(firstHunk);
  const binary = header.some((line) => line.startsWith("Binary files ") || line === "GIT binary patch");
  if (readHunks(hunks).kind === "malformed" || (hunks.length === 0 && !binary && lacksHunks(header)))
    return null;
  const paths = readPaths(header);
  if (paths === null) return null;
  return { ...paths, ...readModes(header), binary, hunks: hunks.map((line) => `${line}\n`).join("") };
};

/** A blob that has no lines: none at all, or the empty one by its SHA-1 or SHA-256, perhaps shortened. */
const NO_LINES = /^(?:0+|e69de29[0-9a-f]*|473a0f4[0-9a-f]*)$/;

/** Whether a file without hunks changed nonetheless, or its header breaks off before it tells. */
const lacksHunks = (header: readonly string[]): boolean => {
  const blobs = header
    .map((line) => /^index ([0-9a-f]+)\.\.([0-9a-f]+)/.exec(line))
    .find((match) => match !== null);
  if (blobs) return !NO_LINES.test(blobs[1] ?? "") || !NO_LINES.test(blobs[2] ?? "");
  const renamed = header.some((line) => /^(?:rename|copy) to /.test(line));
  if (renamed) return !header.includes("similarity index 100%");
  return !header.some((line) => line.startsWith("new mode "));
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
