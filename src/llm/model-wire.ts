import type { Dispatcher } from "undici";
import { z } from "zod";
import { boundStream } from "../base/bounded-body.ts";
import { createDispatcher } from "../base/dispatcher.ts";
import { fetchBehindFence } from "../base/fence.ts";
import { parseJson } from "../base/json.ts";

/** How long Node's own fetch waits for headers and between pieces of a body, in milliseconds. */
const FETCH_PATIENCE_MS = 300_000;

let patientWay: Dispatcher | undefined;

/**
 * A fetch that follows no redirect (a key must not travel to another host) and, where a limit of ours
 * is longer than the one that Node's fetch has, leaves the waiting to us. Whoever has lost the work asks no
 * model any more: it costs.
 */
export const createModelFetch = (longestWaitMs: number | null): typeof globalThis.fetch => {
  const isPatient = longestWaitMs === null || longestWaitMs >= FETCH_PATIENCE_MS;
  if (isPatient) patientWay ??= createDispatcher({ headersTimeout: 0, bodyTimeout: 0 });
  const patient = isPatient ? (patientWay ?? null) : null;
  return (input, init) =>
    fetchBehindFence(patient, (dispatcher) => fetch(input, { ...init, redirect: "manual", dispatcher }));
};

/** One exchange with a model server, seen beneath the SDK. */
export type ModelWire = {
  readonly fetch: typeof globalThis.fetch;
  /** Whether a stream ended in `[DONE]`, with which servers of OpenAI's protocol say that it is whole. */
  readonly isDone: () => boolean;
  /** Whether the answer is an event stream, and no page of a proxy, say. */
  readonly isEventStream: () => boolean;
};

/** Many times what a model says at most, in bytes; what is longer is no answer. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

const bound = (response: Response): Response => {
  if (response.body === null) return response;
  const { status, statusText, headers } = response;
  return new Response(boundStream(response.body, MAX_ANSWER_BYTES), { status, statusText, headers });
};

/** The longest end of a stream that may hold `data: [DONE]` and the line breaks around it, in characters. */
const TAIL = 64;

/**
 * Watches one exchange: `onSignOfLife` hears of the answer's head and of each piece of its body, pings of
 * servers that are still reading the prompt among them (llama-cpp-python, every 15 s). A server that
 * answers a request for a stream with one JSON body is read as a stream of one piece.
 */
export const openModelWire = (
  send: typeof globalThis.fetch,
  isStreaming: boolean,
  onSignOfLife: () => void,
): ModelWire => {
  let tail = "";
  let isEventStream = false;
  const watch = (body: ReadableStream<Uint8Array<ArrayBuffer>>): ReadableStream<Uint8Array<ArrayBuffer>> => {
    const decoder = new TextDecoder();
    return body.pipeThrough(
      new TransformStream({
        transform: (piece, controller) => {
          onSignOfLife();
          tail = (tail + decoder.decode(piece, { stream: true })).slice(-TAIL);
          controller.enqueue(piece);
        },
      }),
    );
  };
  return {
    isEventStream: () => isEventStream,
    isDone: () => /(?:^|\n)data: ?\[DONE\]\s*$/.test(tail),
    fetch: async (input, init) => {
      const response = bound(await send(input, init));
      onSignOfLife();
      if (!isStreaming || !response.ok || response.body === null) return response;
      const { status, headers } = response;
      isEventStream = /^text\/event-stream\b/i.test(headers.get("content-type") ?? "");
      if (!/^application\/(?:[\w.-]+\+)?json\b/i.test(headers.get("content-type") ?? "")) {
        return new Response(watch(response.body), { status, headers });
      }
      const body = await response.text();
      const stream = streamOf(body);
      if (stream === null) return new Response(body, { status, headers });
      const asStream = { status, headers: { "content-type": "text/event-stream" } };
      return new Response(watch(new Blob([stream]).stream()), asStream);
    },
  };
};

const WholeAnswer = z.looseObject({
  choices: z
    .array(z.looseObject({ message: z.looseObject({ tool_calls: z.array(z.looseObject({})).nullish() }) }))
    .min(1),
});

/** A message as the only piece of a stream, where each call has its place. */
const deltaOf = ({
  tool_calls: calls,
  ...message
}: z.infer<typeof WholeAnswer>["choices"][number]["message"]) =>
  calls ? { ...message, tool_calls: calls.map((call, index) => ({ index, ...call })) } : message;

/** The frames that a server of OpenAI's protocol would have sent for a whole answer; null for anything else. */
const streamOf = (body: string): string | null => {
  const json = parseJson(body);
  const answer = WholeAnswer.safeParse(json);
  const frames = answer.success
    ? [
        {
          ...answer.data,
          object: "chat.completion.chunk",
          choices: answer.data.choices.map(({ message, ...choice }) => ({
            ...choice,
            delta: deltaOf(message),
          })),
        },
      ]
    : z.looseObject({ error: z.unknown() }).safeParse(json).success
      ? [json]
      : null;
  return frames === null
    ? null
    : `${frames.map((frame) => `data: ${JSON.stringify(frame)}\n\n`).join("")}data: [DONE]\n\n`;
};
