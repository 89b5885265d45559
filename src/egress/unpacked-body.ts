import { BodyTooLarge, readBounded } from "../base/bounded-body.ts";
import { pipeline } from "node:stream";
import type { Readable, Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from "node:zlib";
import { type Message, message } from "../messages/message.ts";

/** An answer whose content coding cannot be undone. */
export class UndecodableResponse extends Error {
  readonly code = "UNDECODABLE_RESPONSE";
  readonly what: Message;

  constructor(what: Message, cause?: unknown) {
    super(what.code, { cause });
    this.what = what;
  }
}

/** The content codings that are asked for and undone. */
export const ACCEPTED_CODINGS = "gzip, deflate, br, zstd";

/** More layers than any honest server uses: each could blow up what the one before let through. */
const MAX_CODINGS = 2;

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

/** The decoders that undo a Content-Encoding header, the last coding first. */
const decodersFor = (contentEncoding: string): readonly Transform[] => {
  const codings = contentEncoding
    .toLowerCase()
    .split(",")
    .map((coding) => coding.trim())
    .filter((coding) => coding !== "" && coding !== "identity");
  if (codings.length > MAX_CODINGS) {
    throw new UndecodableResponse(
      message("egress.codings-over", { count: codings.length, most: MAX_CODINGS }),
    );
  }
  return codings.toReversed().map((coding) => {
    const create = DECODERS[coding];
    if (create === undefined) throw new UndecodableResponse(message("egress.coding-unknown", { coding }));
    return create();
  });
};

/**
 * Reads a body to its end, unpacked, and never holds more than `maxBytes` of it: the wire's bytes and the
 * unpacked ones are counted as they come, so that a small bomb cannot grow. Throws `BodyTooLarge`
 * or `UndecodableResponse`; errors of the connection pass through.
 */
export const readUnpacked = async (
  body: Readable,
  contentEncoding: string,
  maxBytes: number,
): Promise<Uint8Array> => {
  const decoders = decodersFor(contentEncoding);
  const wire = { bytes: 0, error: undefined as Error | undefined };
  body.on("data", (chunk: Uint8Array) => {
    wire.bytes += chunk.length;
    if (wire.bytes > maxBytes) body.destroy(new BodyTooLarge(maxBytes));
  });
  body.once("error", (error: Error) => {
    wire.error = error;
  });
  const last = decoders.at(-1);
  if (last !== undefined) pipeline([body, ...decoders], () => undefined);
  try {
    return await readBounded(last ?? body, maxBytes);
  } catch (error) {
    if (error instanceof BodyTooLarge) throw error;
    if (wire.error !== undefined) throw wire.error;
    if (last === undefined) throw error;
    throw new UndecodableResponse(message("egress.coding-damaged", { coding: contentEncoding }), error);
  } finally {
    body.destroy();
    for (const decoder of decoders) decoder.destroy();
  }
};
