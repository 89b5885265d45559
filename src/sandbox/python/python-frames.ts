import { z } from "zod";
import { parseJson } from "../../base/json.ts";

/**
 * What host and child exchange over one socket: frames of a letter for the kind, a 4-byte big-endian length
 * and that many bytes. Code, inputs and results are raw UTF-8, so that megabytes are copied and never
 * escaped. The child is not trusted: the host checks every frame.
 */
const HEADER_BYTES = 5;

/** What the first frame of a child holds; the saved memory, when there is one, is file 4. */
export type Hello = {
  /** Length of the saved memory in bytes; 0 when this child shall make it. */
  readonly snapshotBytes: number;
  /** Python sources and zones (base64) that go into the saved memory; null when it is there already. */
  readonly sources: { readonly bootstrap: string; readonly requests: string; readonly zones: string } | null;
};

/** What is said of code before its text and its inputs, which follow as frames of their own. */
export type RunHead = { readonly maxResultChars: number };

/** A request that the child asks the host to make for its code. */
export const HttpFrame = z.object({
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

/** A frame from a child, checked: its saved memory, a request, the result as JSON text, or the failure. */
export type ChildMessage =
  | { readonly kind: "memory"; readonly memory: Buffer }
  | { readonly kind: "ready" }
  | { readonly kind: "http"; readonly request: HttpFrame }
  | { readonly kind: "value"; readonly json: string }
  | { readonly kind: "failure"; readonly message: string };

/** Kinds of frames by their letter, with the longest content of those that a child may send, in bytes. */
const CHILD_LIMITS: Readonly<Record<string, number>> = {
  m: 128 * 1024 * 1024,
  y: 0,
  q: 64 * 1024 * 1024,
  v: 64 * 1024 * 1024,
  f: 256 * 1024,
};

/** Letters of the host's frames: hello, head, code and inputs of a run, the answer to a request. */
export type HostFrameLetter = "h" | "r" | "c" | "i" | "a";

/** The bytes of a frame. */
export const encodeFrame = (letter: HostFrameLetter | "m" | "y" | "q" | "v" | "f", text: string): Buffer => {
  const length = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + length);
  frame.write(letter, 0, "latin1");
  frame.writeUInt32BE(length, 1);
  frame.write(text, HEADER_BYTES);
  return frame;
};

const readRequest = (content: Buffer): ChildMessage | null => {
  const request = HttpFrame.safeParse(parseJson(content.toString()));
  return request.success ? { kind: "http", request: request.data } : null;
};

const toMessage = (letter: string, content: Buffer): ChildMessage | null => {
  switch (letter) {
    case "m":
      return { kind: "memory", memory: content };
    case "y":
      return { kind: "ready" };
    case "q":
      return readRequest(content);
    case "v":
      return { kind: "value", json: content.toString() };
    default:
      return { kind: "failure", message: content.toString() };
  }
};

/**
 * Cuts a child's bytes into messages. Returns null once when the child sends something that is not in
 * the protocol or too long; it must be ended then.
 */
export const createFrameReader = (): ((chunk: Buffer) => readonly ChildMessage[] | null) => {
  let chunks: Buffer[] = [];
  let held = 0;
  let letter: string | null = null;
  let wanted = HEADER_BYTES;

  const take = (): Buffer => {
    const [first = Buffer.alloc(0)] = chunks;
    const whole = chunks.length === 1 ? first : Buffer.concat(chunks, held);
    const rest = whole.subarray(wanted);
    held = rest.length;
    chunks = held > 0 ? [rest] : [];
    return whole.subarray(0, wanted);
  };
  const readHeader = (header: Buffer): boolean => {
    letter = header.toString("latin1", 0, 1);
    wanted = header.readUInt32BE(1);
    return wanted <= (Object.hasOwn(CHILD_LIMITS, letter) ? (CHILD_LIMITS[letter] ?? -1) : -1);
  };

  return (chunk) => {
    chunks.push(chunk);
    held += chunk.length;
    const messages: ChildMessage[] = [];
    while (held >= wanted) {
      if (letter === null) {
        if (!readHeader(take())) return null;
        continue;
      }
      const message = toMessage(letter, take());
      if (message === null) return null;
      messages.push(message);
      letter = null;
      wanted = HEADER_BYTES;
    }
    return messages;
  };
};
