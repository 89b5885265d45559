/** A body that is longer than whoever reads it takes. */
export class BodyTooLarge extends Error {
  override readonly name = "BodyTooLarge";
  /** In bytes. */
  readonly maxBytes: number;

  constructor(maxBytes: number) {
    super(`too-large: ${maxBytes}`);
    this.maxBytes = maxBytes;
  }
}

/** What comes in pieces: a stream of Node or of the Web. Leaving it before its end ends it. */
export type Body = AsyncIterable<Uint8Array>;

/**
 * Reads a body to its end, and never holds more than `maxBytes` of it, unpacked; the one way in which anything of
 * unknown size is taken in. `see` looks at each piece before it is kept, and may throw. Throws BodyTooLarge, what `see`
 * throws, and what the connection throws.
 */
export const readBounded = async (
  body: Body | null,
  maxBytes: number,
  see: (piece: Uint8Array) => void = () => undefined,
): Promise<Uint8Array> => {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body ?? []) {
    bytes += piece.byteLength;
    if (bytes > maxBytes) throw new BodyTooLarge(maxBytes);
    see(piece);
    pieces.push(piece);
  }
  const [only] = pieces;
  return only !== undefined && pieces.length === 1 ? only : Buffer.concat(pieces);
};

/** The same as text. */
export const readBoundedText = async (body: Body | null, maxBytes: number): Promise<string> =>
  new TextDecoder().decode(await readBounded(body, maxBytes));

/** The beginning of a body as text, of at most `maxBytes`; the rest is not read. Throws what the connection throws. */
export const readBeginning = async (body: Body | null, maxBytes: number): Promise<string> => {
  const decoder = new TextDecoder();
  let text = "";
  let left = maxBytes;
  for await (const piece of body ?? []) {
    text += decoder.decode(piece.subarray(0, left), { stream: true });
    left -= piece.byteLength;
    if (left <= 0) break;
  }
  return text;
};

/** A stream that fails with BodyTooLarge where it goes beyond `maxBytes`, for readers that are not ours. */
export const boundStream = (
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  maxBytes: number,
): ReadableStream<Uint8Array<ArrayBuffer>> => {
  let bytes = 0;
  return body.pipeThrough(
    new TransformStream({
      transform: (piece, controller) => {
        bytes += piece.byteLength;
        if (bytes > maxBytes) throw new BodyTooLarge(maxBytes);
        controller.enqueue(piece);
      },
    }),
  );
};
