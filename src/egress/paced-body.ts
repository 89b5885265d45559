/** What a peer takes in at once without being waited for. */
const CHUNK_BYTES = 64 * 1024;

/** The peer did not take in the next piece of the request in time. */
export class WriteTimeout extends Error {
  readonly code = "WRITE_TIMEOUT";
}

/**
 * Hands a request's body out piece by piece and calls `onStall` when the next piece is not asked for within
 * `timeoutMs`: undici has no write timeout of its own, but asks only when the socket has drained.
 */
export async function* paceBody(
  body: Uint8Array,
  timeoutMs: number,
  onStall: (error: WriteTimeout) => void,
): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < body.length; start += CHUNK_BYTES) {
    const timer = setTimeout(() => {
      onStall(new WriteTimeout(`The server took in no data for ${timeoutMs} ms`));
    }, timeoutMs);
    try {
      yield body.subarray(start, start + CHUNK_BYTES);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Whether a body is long enough for its peer to stall on it. */
export const needsPacing = (body: Uint8Array | null): body is Uint8Array =>
  body !== null && body.length > CHUNK_BYTES;
