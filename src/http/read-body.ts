/** The largest body that GitLab sends as a webhook, in bytes. */
export const MAX_BODY_BYTES = 25 * 1024 * 1024;

/** A body, or why it was not read to its end. */
export type BodyReading =
  | { readonly kind: "body"; readonly bytes: Uint8Array }
  | { readonly kind: "too-large" }
  | { readonly kind: "busy" };

/** Reads request bodies under a limit for each and under one for all that are being read together. */
export type BodyReader = {
  /** Rejects when the sender breaks off. `declared` is the Content-Length, null when there is none. */
  readonly read: (body: ReadableStream<Uint8Array> | null, declared: number | null) => Promise<BodyReading>;
};

/**
 * A reader that keeps at most `budgetBytes` in memory for all requests together. A body that would go
 * over it is `busy`: that bounds our memory, whoever sends.
 */
export const createBodyReader = (options: {
  readonly maxBytes: number;
  readonly budgetBytes: number;
}): BodyReader => {
  let held = 0;
  return {
    read: async (body, declared) => {
      if (declared !== null && declared > options.maxBytes) return { kind: "too-large" };
      const chunks: Uint8Array[] = [];
      let size = 0;
      try {
        for await (const chunk of body ?? []) {
          size += chunk.byteLength;
          held += chunk.byteLength;
          if (size > options.maxBytes) return { kind: "too-large" };
          if (held > options.budgetBytes) return { kind: "busy" };
          chunks.push(chunk);
        }
        return { kind: "body", bytes: concat(chunks, size) };
      } finally {
        held -= size;
      }
    },
  };
};

const concat = (chunks: readonly Uint8Array[], size: number): Uint8Array => {
  const [only] = chunks;
  if (only !== undefined && chunks.length === 1) return only;
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
};
