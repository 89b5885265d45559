import { parseHunks } from "./parse-hunks.ts";

/**
 * The lines that a pointer of Git LFS is made of; it has no others.
 *
 * @see https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md#the-pointer
 */
const POINTER_LINE =
  /^(?:version https:\/\/\S+|ext-\d-[\w.-]+ \w+:[0-9a-f]{64}|oid sha256:[0-9a-f]{64}|size \d+)\r?$/;

/**
 * Whether hunks without file headers are those of a file that is a pointer of Git LFS now, or was one until it was
 * deleted: the file is in another store, and what the diff shows are its digest and size. Text that replaces a
 * pointer is text.
 */
export const isLfsPointer = (hunks: string): boolean => {
  if (!hunks.includes("oid sha256:")) return false;
  const reading = parseHunks(hunks);
  const [hunk, ...others] = reading.kind === "hunks" ? reading.hunks : [];
  if (hunk === undefined || others.length > 0) return false;
  const left = hunk.lines.filter(({ kind }) => kind !== "removed");
  const lines = (left.length > 0 ? left : hunk.lines).map(({ text }) => text);
  return lines.every((line) => POINTER_LINE.test(line)) && lines.some((line) => line.startsWith("oid "));
};
