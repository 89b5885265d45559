import type { FlowEvent } from "../flow/flow-event.ts";
import type { NewRunEvent } from "../store/run-event.ts";
import { type JsonBounds, SHOWN_BOUNDS, boundJson, cutText } from "./bound-json.ts";
import { maskMessage, type Message } from "../messages/message.ts";
import { plainWords } from "../flow/messages/message.ts";

const LONGEST_TITLE = 200;

/** The event of a flow as it is kept for people; null for events that only concern the whole or its text. */
export const toRunEvent = (
  event: FlowEvent,
  call: { readonly callId: string; readonly atMs: number },
  bounds: JsonBounds = SHOWN_BOUNDS,
): NewRunEvent | null => {
  if (!("node" in event)) return null;
  const { node: source } = event;
  const common = { ...call, node: { ...source, title: cutText(source.title, LONGEST_TITLE) } };
  switch (event.event) {
    case "node_started":
      return { ...common, kind: "node-started", inputs: boundJson(event.inputs, bounds) };
    case "node_finished":
      return {
        ...common,
        kind: "node-finished",
        status: event.status,
        inputs: boundJson(event.inputs, bounds),
        outputs: boundJson(event.outputs, bounds),
        error: event.error === null ? null : cutStated(plainWords(event.error)),
        elapsedMs: event.elapsedMs,
        usage: event.usage,
        resumed: event.resumed === true,
      };
    case "node_retry":
      return {
        ...common,
        kind: "node-retry",
        error: cutStated(plainWords(event.error)),
        retryIndex: event.retryIndex,
      };
    case "iteration_started":
    case "loop_started":
      return { ...common, kind: "container-started", length: event.length };
    case "iteration_next":
    case "loop_next":
      return { ...common, kind: "container-round", index: event.index };
    case "iteration_completed":
    case "loop_completed":
      return {
        ...common,
        kind: "container-finished",
        status: event.status,
        outputs: boundJson(event.outputs, bounds),
        error: event.error === null ? null : cutStated(plainWords(event.error)),
        elapsedMs: event.elapsedMs,
      };
  }
};

/** What was stated, as much of each text in it as is kept for people. */
export const cutStated = (stated: string | Message): string | Message => {
  const cut = (text: string): string => cutText(text, SHOWN_BOUNDS.text);
  return typeof stated === "string" ? cut(stated) : maskMessage(stated, cut);
};
