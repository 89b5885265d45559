const given = new WeakSet<ArrayBufferLike>();

/** Says that nobody reads these bytes again, so that they need not be copied for another thread. */
export const handOver = (bytes: Uint8Array): void => void given.add(bytes.buffer);

/** The memory of bytes that were handed over; none where somebody else may have a part of it. */
export const handedOver = (bytes: Uint8Array): readonly ArrayBuffer[] =>
  given.has(bytes.buffer) &&
  bytes.buffer instanceof ArrayBuffer &&
  bytes.byteLength === bytes.buffer.byteLength
    ? [bytes.buffer]
    : [];
