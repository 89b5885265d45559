import { createParser } from "eventsource-parser";
import { parseJson } from "../base/json.ts";
import type { Logger } from "../base/logger.ts";
import type { DifyStream } from "./dify-transport.ts";
import { StreamFrame } from "./schema.ts";

/** The longest frame that is kept in memory; Dify caps a node's text well below. In characters. */
const LONGEST_FRAME = 32 * 1024 * 1024;

/** A frame with its whole JSON, of which `error` frames have more at the top level. */
export type Frame = { readonly frame: StreamFrame; readonly raw: unknown };

/** The stream stayed silent for longer than its pings allow. */
export class StreamIdle extends Error {
  override readonly name = "StreamIdle";
}

const nextChunk = async (
  chunks: AsyncIterator<Uint8Array>,
  idleMs: number,
): Promise<IteratorResult<Uint8Array>> => {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StreamIdle(`no byte for ${idleMs} ms`)), idleMs);
  });
  try {
    return await Promise.race([chunks.next(), silence]);
  } finally {
    clearTimeout(timer);
  }
};

/**
 * Reads Dify's event stream frame by frame. Every byte counts as a sign of life: Dify sends the bare line
 * `event: ping` every 10 s, which framing drops because it carries no data. Frames that are not JSON
 * objects with an `event` are passed over. Throws StreamIdle after `idleMs` of silence, and whatever the
 * connection throws; a stream that just ends, ends the iteration.
 */
export async function* readFrames(
  body: DifyStream,
  idleMs: number,
  logger: Logger,
): AsyncGenerator<Frame, void, undefined> {
  const ready: Frame[] = [];
  const decoder = new TextDecoder();
  const parser = createParser({
    maxBufferSize: LONGEST_FRAME,
    onEvent: ({ data }) => {
      const raw = parseJson(data);
      const frame = StreamFrame.safeParse(raw);
      if (frame.success) ready.push({ frame: frame.data, raw });
      else logger.debug({ characters: data.length }, "dify frame is not understood");
    },
  });
  const chunks = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const chunk = await nextChunk(chunks, idleMs);
      if (chunk.done === true) return;
      parser.feed(decoder.decode(chunk.value, { stream: true }));
      while (ready.length > 0) yield* ready.splice(0, 1);
    }
  } finally {
    body.destroy();
  }
}
