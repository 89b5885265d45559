import { message } from "../messages/message.ts";
import { promisify } from "node:util";
import { zstdCompress, zstdCompressSync, zstdDecompress } from "node:zlib";
import { StoreError } from "../base/errors.ts";
import { handOver } from "./hand-over.ts";

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Below this a body is stored as it is. */
const COMPRESS_ABOVE_BYTES = 2_048;
/**
 * Up to here compressing takes well under a millisecond. In a burst a thread and its buffers for each
 * body cost ten times as much, and the answers wait for them.
 */
const COMPRESS_AT_ONCE_BYTES = 128 * 1_024;
/** Bodies have up to 25 MB; more cannot have been written by us. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** A body as it lies in the database. */
export type StoredBody = { readonly encoding: "identity" | "zstd"; readonly bytes: Uint8Array };

/**
 * Compresses a body where that makes it smaller; webhook JSON shrinks to about a tenth. What was compressed belongs
 * to the database: once it was written, its bytes may be gone.
 */
export const encodeBody = async (body: Uint8Array): Promise<StoredBody> => {
  if (body.byteLength <= COMPRESS_ABOVE_BYTES) return { encoding: "identity", bytes: body };
  const packed = body.byteLength <= COMPRESS_AT_ONCE_BYTES ? zstdCompressSync(body) : await compress(body);
  if (packed.byteLength >= body.byteLength) return { encoding: "identity", bytes: body };
  handOver(packed);
  return { encoding: "zstd", bytes: packed };
};

/** The body as it arrived, byte for byte. Throws StoreError `body-unreadable` for damaged data. */
export const decodeBody = async (stored: StoredBody): Promise<Uint8Array> => {
  if (stored.encoding === "identity") return new Uint8Array(stored.bytes);
  try {
    return new Uint8Array(await decompress(stored.bytes, { maxOutputLength: MAX_BODY_BYTES }));
  } catch (error) {
    throw new StoreError(message("store.body-damaged"), {
      code: "body-unreadable",
      cause: error,
    });
  }
};
