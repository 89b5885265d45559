import { decodeText } from "../base/decode-text.ts";

/** Where the part of a file begins in what git writes. */
const FILE_HEAD = /^(?=diff --git )/m;

/** The text of git's patches, of which each file's part may be in a charset of its own. */
export const decodePatch = (bytes: Uint8Array): string =>
  // Latin-1 holds any byte, so that the parts can be found before their charsets are known.
  Buffer.from(bytes)
    .toString("latin1")
    .split(FILE_HEAD)
    .map((part) => decodeText(Buffer.from(part, "latin1")))
    .join("");
