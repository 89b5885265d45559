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
class StreamIdle extends Error {
  override readonly name = "StreamIdle";
}

/** What a reader does that bears no silence. */
export const endWhenSilent = async (): Promise<never> => {
  throw new StreamIdle("the event stream fell silent");
};

/**
 * The task id that a frame carries, null where it has none that can be used: the frames of a state snapshot and
 * of an ended run carry the run's id in its place, by which a stop answers success and does nothing.
 */
export const liveTaskId = (frame: StreamFrame): string | null =>
  frame.task_id && frame.task_id !== frame.workflow_run_id ? frame.task_id : null;

const SILENT = Symbol("silent");

const nextOrSilence = async <T>(next: Promise<T>, silenceMs: number): Promise<T | typeof SILENT> => {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<typeof SILENT>((resolve) => {
    timer = setTimeout(() => resolve(SILENT), silenceMs);
  });
  try {
    return await Promise.race([next, silence]);
  } finally {
    clearTimeout(timer);
  }
};

/**
 * Reads Dify's event stream frame by frame. Every byte counts as a sign of life: Dify's worker sends the bare
 * line `event: ping` every 10 s, which framing drops because it carries no data. Frames that are not JSON
 * objects with an `event` are passed over. After each `silenceMs` without a byte `onSilence` is awaited:
 * when it returns, the stream is listened to further. Throws what `onSilence` or the connection throws; a
 * stream that just ends, ends the iteration.
 */
export async function* readFrames(
  body: DifyStream,
  silenceMs: number,
  logger: Logger,
  onSilence: () => Promise<void>,
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
    let next: Promise<IteratorResult<Uint8Array>> | undefined;
    for (;;) {
      next ??= chunks.next();
      const chunk = await nextOrSilence(next, silenceMs);
      if (chunk === SILENT) {
        await onSilence();
        continue;
      }
      next = undefined;
      if (chunk.done === true) return;
      parser.feed(decoder.decode(chunk.value, { stream: true }));
      while (ready.length > 0) yield* ready.splice(0, 1);
    }
  } finally {
    body.destroy();
  }
}
