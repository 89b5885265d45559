import { z } from "zod";

/**
 * What host and child say to each other: frames of a 4-byte big-endian length and that many bytes of
 * JSON in UTF-8, over one socket. The child is not trusted: the host checks every frame.
 */
export const FRAME_HEADER_BYTES = 4;

/** The host's first frame: prepare an interpreter; the saved memory, when there is one, is file 4. */
export type HelloFrame = {
  readonly kind: "hello";
  /** Length of the saved memory in bytes; 0 when this child shall make it. */
  readonly snapshotBytes: number;
  /** Python sources that go into the saved memory. */
  readonly bootstrap: string;
  readonly requests: string;
};

/** The host's second frame: run this, once. */
export type RunFrame = {
  readonly kind: "run";
  readonly code: string;
  readonly inputsJson: string;
  readonly maxResultChars: number;
};

/** The child asks the host to make a request for it. */
export const HttpFrame = z.object({
  kind: z.literal("http"),
  method: z.string().regex(/^[A-Z]{1,20}$/),
  url: z.string().max(100_000),
  headers: z.array(z.tuple([z.string(), z.string()])).max(1000),
  body: z.string().nullable(),
  connectTimeoutMs: z.number().nullable(),
  readTimeoutMs: z.number().nullable(),
  verifyTls: z.boolean(),
});
export type HttpFrame = z.infer<typeof HttpFrame>;

/** The host's answer to an {@link HttpFrame}; the body is base64. */
export type HttpAnswerFrame =
  | {
      readonly ok: true;
      readonly status: number;
      readonly url: string;
      readonly headers: readonly (readonly [string, string])[];
      readonly body: string;
    }
  | { readonly ok: false; readonly kind: "timeout" | "connection"; readonly message: string };

/** What a child may say. A `snapshot` frame is followed by that many raw bytes. */
export const ChildFrame = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("snapshot"), bytes: z.number().int().nonnegative() }),
  z.object({ kind: z.literal("ready") }),
  HttpFrame,
  z.object({ kind: z.literal("result"), json: z.string() }),
]);
export type ChildFrame = z.infer<typeof ChildFrame>;

/** The bytes of a frame. */
export const encodeFrame = (frame: HelloFrame | RunFrame | HttpAnswerFrame | ChildFrame): Buffer => {
  const body = Buffer.from(JSON.stringify(frame), "utf8");
  const head = Buffer.alloc(FRAME_HEADER_BYTES);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
};
