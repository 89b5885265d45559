import { createHash } from "node:crypto";

/**
 * Pairs as Python's `urlencode` writes them into addresses and forms, which is what Dify sends: `~` stays as it is
 * and `*` does not, other than in the URL standard.
 */
export const encodeForm = (pairs: Iterable<readonly [string, string]>): string =>
  new URLSearchParams(Array.from(pairs, ([name, value]) => [name, value]))
    .toString()
    .replaceAll("%7E", "~")
    .replaceAll("*", "%2A");

/** One part of a multipart form; `file` is null for a text. */
export type Part = {
  readonly name: string;
  readonly file: { readonly name: string; readonly type: string } | null;
  readonly bytes: Uint8Array;
};

// oxlint-disable-next-line no-control-regex -- what would end a name or its line
const UNQUOTED = /["\\\u0000-\u001a\u001c-\u001f]/g;

const quoted = (text: string): string =>
  `"${text.replaceAll(UNQUOTED, (character) =>
    character === "\\"
      ? "\\\\"
      : `%${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(2, "0")}`,
  )}"`;

const headOf = ({ name, file }: Part): string => {
  const disposition = `Content-Disposition: form-data; name=${quoted(name)}`;
  if (file === null) return `${disposition}\r\n\r\n`;
  const filename = file.name === "" ? "" : `; filename=${quoted(file.name)}`;
  return `${disposition}${filename}\r\nContent-Type: ${file.type.replace(/[\r\n]+/g, " ")}\r\n\r\n`;
};

/**
 * A multipart form as httpx, Dify's client, writes it: texts keep their line breaks as they are. The boundary is a digest
 * of the parts, so that none of them can hold it.
 */
export const encodeMultipart = (
  parts: readonly Part[],
): { readonly boundary: string; readonly bytes: Uint8Array } => {
  const pieces = parts.map((part) => [Buffer.from(headOf(part)), part.bytes, Buffer.from("\r\n")]);
  const hash = createHash("sha256");
  for (const piece of pieces.flat()) hash.update(piece);
  const boundary = hash.digest("hex").slice(0, 32);
  const bytes = Buffer.concat([
    ...pieces.flatMap((piece) => [Buffer.from(`--${boundary}\r\n`), ...piece]),
    Buffer.from(`--${boundary}--\r\n`),
  ]);
  return { boundary, bytes };
};
