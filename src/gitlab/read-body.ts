import type { ReadableStream } from "node:stream/web";

/** A body that is longer than we take. */
export class BodyTooLarge extends Error {
  override readonly name = "BodyTooLarge";
  readonly maxBytes: number;

  constructor(maxBytes: number) {
    super(`too-large: ${maxBytes}`);
    this.maxBytes = maxBytes;
  }
}

/**
 * Reads a whole response, at most `maxBytes` after decompression. Throws BodyTooLarge beyond that, and
 * what fetch throws when the connection breaks.
 */
export const readBody = async (response: Response, maxBytes: number): Promise<Uint8Array> => {
  const stream: ReadableStream<Uint8Array> | null = response.body;
  if (stream === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = stream.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    length += part.value.byteLength;
    if (length > maxBytes) {
      await reader.cancel();
      throw new BodyTooLarge(maxBytes);
    }
    chunks.push(part.value);
  }
  return Buffer.concat(chunks);
};
