import { createHash } from "node:crypto";
import type { FileDiff, Hunk } from "../../diff/file-diff.ts";
import { signOf } from "./number-lines.ts";

/** The path that a file is known by: the new one, the old one when it was deleted. */
export const pathOf = (file: Pick<FileDiff, "change" | "oldPath" | "newPath">): string =>
  file.change === "deleted" ? file.oldPath : file.newPath;

/**
 * Names hunks by what they change: the path, the signs and texts of their lines and whether those end
 * with a line feed; not by line numbers. One function serves one diff: a hunk that stands in it a second
 * time is told apart by how often it was seen before, in the order of the file.
 */
export const createDigests = (): ((file: FileDiff, hunk: Hunk) => string) => {
  const seen = new Map<string, number>();
  return (file, hunk) => {
    const lines = hunk.lines.map((line) => `${signOf(line)}${line.endsWithNewline ? "" : "\\"}|${line.text}`);
    const content = [pathOf(file), ...lines];
    const digest = digestOf(content);
    const ordinal = seen.get(digest) ?? 0;
    seen.set(digest, ordinal + 1);
    return ordinal === 0 ? digest : digestOf([...content, ordinal]);
  };
};

/** A digest over a list of values, 40 hexadecimal digits; lists that differ anywhere have different ones. */
export const digestOf = (values: readonly (string | number)[]): string =>
  createHash("sha256").update(JSON.stringify(values)).digest("hex").slice(0, 40);
