import type { JsonObject } from "../base/json.ts";
import type { FlowEvent } from "../flow/flow-event.ts";
import { rewriteTexts } from "../flow/engine/mask.ts";
import { readableFailure } from "./readable-failure.ts";
import { type FlowMessage, mapTexts } from "../flow/messages/message.ts";

const SECRET_NAME = /token|secret|password|passwd|credential|api_?key/i;
const SHORTEST_SECRET = 6;
const MASK = "[secret]";

/** Replaces what must not be shown in texts, values and events. */
export type Masking = {
  readonly text: (text: string) => string;
  /** What an error of a node or of a run says, made readable (see readableFailure). */
  readonly failure: (error: string) => string;
  /** The same for each text of a message. */
  readonly message: (message: FlowMessage) => FlowMessage;
  readonly value: (value: JsonObject) => JsonObject;
  readonly event: (event: FlowEvent) => FlowEvent;
};

/** The values of inputs that are named like secrets (`PrivateToken`, `api_key`), by name. */
export const secretInputs = (inputs: JsonObject): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(inputs).flatMap(([name, value]): [string, string][] =>
      SECRET_NAME.test(name) && typeof value === "string" && value.length >= SHORTEST_SECRET
        ? [[name, value]]
        : [],
    ),
  );

/**
 * Hides the values of inputs that are named like secrets. Both engines repeat the inputs in their
 * events, and an error of a node may quote a header; what goes on from here is shown and kept. Errors also
 * lose secrets of known forms: a provider's key is in no input, and providers quote it.
 */
export const createMasking = (inputs: JsonObject): Masking => {
  // The longest first: one secret may be a part of another.
  const secrets = [...secretInputs(inputs).values()].sort((left, right) => right.length - left.length);
  const text = (raw: string): string => secrets.reduce((seen, secret) => seen.replaceAll(secret, MASK), raw);
  const value = (raw: JsonObject): JsonObject =>
    secrets.length === 0
      ? raw
      : Object.fromEntries(Object.entries(raw).map(([key, item]) => [key, rewriteTexts(item, text)]));
  const failure = (raw: string): string => readableFailure(raw, text);
  const message = (raw: FlowMessage): FlowMessage => mapTexts(raw, failure);
  const mask = { text, failure, message, value };
  return { ...mask, event: (event) => maskEvent(event, mask) };
};

/** What a caught failure leaves among a node's outputs is an error text like any other. */
const withReadableError = (outputs: JsonObject, { failure }: Pick<Masking, "failure">): JsonObject => {
  const { error_message: error } = outputs;
  return typeof error === "string" ? { ...outputs, error_message: failure(error) } : outputs;
};

const maskEvent = (event: FlowEvent, mask: Omit<Masking, "event">): FlowEvent => {
  switch (event.event) {
    case "node_started":
      return { ...event, inputs: mask.value(event.inputs) };
    case "node_finished":
      return {
        ...event,
        inputs: mask.value(event.inputs),
        outputs: withReadableError(mask.value(event.outputs), mask),
        error: event.error === null ? null : mask.message(event.error),
      };
    case "iteration_completed":
    case "loop_completed":
    case "workflow_finished":
      return {
        ...event,
        outputs: mask.value(event.outputs),
        error: event.error === null ? null : mask.message(event.error),
      };
    case "node_retry":
      return { ...event, error: mask.message(event.error) };
    case "text_chunk":
    case "text_replace":
    case "reasoning_chunk":
      return { ...event, text: mask.text(event.text) };
    case "agent_log":
    case "human_input_required":
    case "workflow_paused":
      return { ...event, data: mask.value(event.data) };
    case "error":
      return { ...event, message: mask.failure(event.message) };
    default:
      return event;
  }
};
