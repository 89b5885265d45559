import { createHash } from "node:crypto";
import type { DiffLine } from "./file-diff.ts";

/**
 * GitLab's name of a line (`line_code`): the SHA-1 of the file's path and the running counters of both
 * sides. `path` is the new path, the old one for a deleted file. The first line of a new file is `…_0_1`.
 */
export const lineCode = (path: string, { oldLine, newLine }: Pick<DiffLine, "oldLine" | "newLine">): string =>
  `${createHash("sha1").update(path).digest("hex")}_${oldLine}_${newLine}`;
