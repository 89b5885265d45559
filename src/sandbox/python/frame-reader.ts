import { parseJson } from "../../base/json.ts";
import { ChildFrame, FRAME_HEADER_BYTES } from "./python-frames.ts";

/** What came out of a child's socket: a checked frame, or the raw bytes after a `snapshot` frame. */
export type ChildMessage = ChildFrame | { readonly kind: "memory"; readonly memory: Buffer };

const MAX_FRAME_BYTES = 64 * 1024 * 1024;
const MAX_SNAPSHOT_BYTES = 128 * 1024 * 1024;

/**
 * Cuts a child's bytes into messages. Returns null once when the child says something that is not in
 * the protocol or too long; it must be ended then.
 */
export const createFrameReader = (): ((chunk: Buffer) => readonly ChildMessage[] | null) => {
  let chunks: Buffer[] = [];
  let held = 0;
  let wanted = FRAME_HEADER_BYTES;
  let state: "head" | "body" | "memory" = "head";

  const take = (): Buffer => {
    const whole = Buffer.concat(chunks);
    const part = whole.subarray(0, wanted);
    const rest = whole.subarray(wanted);
    chunks = rest.length > 0 ? [rest] : [];
    held = rest.length;
    return part;
  };

  const step = (): ChildMessage | null | "more" => {
    const part = take();
    if (state === "head") {
      wanted = part.readUInt32BE();
      state = "body";
      return wanted > MAX_FRAME_BYTES ? null : "more";
    }
    wanted = FRAME_HEADER_BYTES;
    const before = state;
    state = "head";
    if (before === "memory") return { kind: "memory", memory: part };
    const frame = ChildFrame.safeParse(parseJson(part.toString("utf8")));
    if (!frame.success) return null;
    if (frame.data.kind === "snapshot") {
      if (frame.data.bytes > MAX_SNAPSHOT_BYTES) return null;
      wanted = frame.data.bytes;
      state = "memory";
    }
    return frame.data;
  };

  return (chunk) => {
    chunks.push(chunk);
    held += chunk.length;
    const messages: ChildMessage[] = [];
    for (;;) {
      if (held < wanted) return messages;
      const message = step();
      if (message === null) return null;
      if (message !== "more") messages.push(message);
    }
  };
};
