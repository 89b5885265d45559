import assert from "node:assert/strict";
import { createMemoryJournal, type Journal } from "../../../../src/base/journal.ts";
import type { Json, JsonObject } from "../../../../src/base/json.ts";
import { NO_USAGE } from "../../../../src/flow/flow-event.ts";
import type { FlowPorts, LoadedNode, NodeContext, NodeKind, NodeOutcome } from "../../../../src/flow/node.ts";
import type { Pool } from "../../../../src/flow/pool.ts";
import { EMPTY_POOL, writePool } from "../../../../src/flow/pool.ts";
import type {
  HttpRequest,
  HttpResponse,
  ModelAnswer,
  ModelRequest,
  NodeResult,
} from "../../../../src/flow/ports.ts";
import type { ValueType } from "../../../../src/flow/value-type.ts";
import { variableAs, variableOf } from "../../../../src/flow/value-type.ts";
import { inCode } from "../../in-code.ts";

const unexpected = async (): Promise<never> => {
  throw new Error("the node called a port that it should not need");
};

/** Ports of which each fails the test that calls it, save those given. */
export const portsWith = (given: Partial<FlowPorts>): FlowPorts => ({
  code: { run: unexpected },
  template: { render: unexpected },
  model: { generate: unexpected },
  http: { send: unexpected },
  knowledge: { search: unexpected },
  tools: { invoke: unexpected, describe: unexpected },
  documents: { read: unexpected },
  ...given,
});

/** A pool of `node.name` → value; a pair of type and value states the type. */
export const poolOf = (values: Readonly<Record<string, Json | readonly ["as", ValueType, Json]>>): Pool =>
  writePool(
    EMPTY_POOL,
    Object.entries(values).map(([path, value]) => {
      const [node = "", name = ""] = path.split(".");
      const typed = Array.isArray(value) && value[0] === "as" ? value : null;
      return {
        selector: [node, name],
        variable: typed === null ? variableOf(toJson(value)) : variableAs(toType(typed[1]), toJson(typed[2])),
      };
    }),
  );

const toJson = (value: unknown): Json => {
  const copy: unknown = JSON.parse(JSON.stringify(value ?? null));
  assert.ok(isJson(copy));
  return copy;
};
const isJson = (_value: unknown): _value is Json => true;
const isType = (_value: unknown): _value is ValueType => typeof _value === "string";
const toType = (value: unknown): ValueType => {
  assert.ok(isType(value));
  return value;
};

/** Loads data that is expected to be readable. */
export const loadNode = (kind: NodeKind, data: unknown): LoadedNode => {
  const loaded = kind.load(data);
  if ("problems" in loaded) assert.fail(JSON.stringify(loaded.problems));
  return loaded;
};

/** What a run gave, with the chunks that it emitted. */
export type Ran = {
  readonly outcome: NodeOutcome;
  readonly text: string;
  readonly reasoning: string;
  /** The entries of an agent's log, as they were told. */
  readonly logs: readonly JsonObject[];
};

const LONG_MS = 100_000;

/** Runs a node once on a pool. */
export const runNode = async (
  kind: NodeKind,
  data: unknown,
  {
    pool = EMPTY_POOL,
    ports = {},
    nowMs = 0,
    turns = [],
    journal = createMemoryJournal(),
  }: {
    pool?: Pool;
    ports?: Partial<FlowPorts>;
    nowMs?: number;
    turns?: NodeContext["turns"];
    journal?: Journal;
  } = {},
): Promise<Ran> => {
  const chunks = { text: "", reasoning: "" };
  const logs: JsonObject[] = [];
  const context: NodeContext = {
    nodeId: "node",
    title: "Node",
    pool,
    ports: portsWith(ports),
    signal: new AbortController().signal,
    // Limits of time are never over here; shorter pauses are, at once.
    clock: {
      now: () => nowMs,
      sleep: async (ms) => (ms > LONG_MS ? await new Promise(() => undefined) : undefined),
    },
    journal,
    callDepth: 0,
    turns,
    emitText: (name, chunk) => {
      assert.equal(name, "text");
      chunks.text += chunk;
    },
    log: (entry) => void logs.push(entry),
    mask: (text) => text.replaceAll("s3cret", "[secret]"),
    emitReasoning: (chunk) => {
      chunks.reasoning += chunk;
    },
    frames: { started: () => undefined, run: unexpected, respond: () => undefined, childIds: [] },
  };
  const outcome = await loadNode(kind, data).execute(context);
  return { outcome, ...chunks, logs };
};

/** The outputs of a run that is expected to succeed. */
export const outputsOf = ({ outcome }: Ran): JsonObject => {
  if (!outcome.ok) assert.fail(`${outcome.errorType}: ${inCode(outcome.message)}`);
  return outcome.outputs;
};

/** The failure of a run that is expected to fail, as `errorType: code name=value …`. */
export const failureOf = ({ outcome }: Ran): string => {
  if (outcome.ok) assert.fail(`succeeded with ${JSON.stringify(outcome.outputs)}`);
  return `${outcome.errorType}: ${inCode(outcome.message)}`;
};

/** A model that streams and gives `text`, and remembers what it was asked. */
export const modelSaying = (
  text: string,
  more: Partial<ModelAnswer> & { readonly chunks?: readonly string[] } = {},
) => {
  const requests: ModelRequest[] = [];
  const { chunks = [text], ...answer } = more;
  const generate = async (request: ModelRequest): Promise<NodeResult<ModelAnswer>> => {
    requests.push(request);
    for (const chunk of chunks) request.onText?.(chunk);
    const usage = {
      ...NO_USAGE,
      promptTokens: 7,
      completionTokens: 3,
      totalTokens: 10,
      totalPrice: 0.000021,
    };
    return {
      ok: true,
      value: { text, reasoning: "", finishReason: "stop", toolCalls: [], usage, ...answer },
    };
  };
  return { requests, model: { generate } };
};

/** An HTTP client that gives one answer and remembers what it was sent. */
export const httpAnswering = (answer: Partial<HttpResponse> & { readonly text?: string } = {}) => {
  const requests: HttpRequest[] = [];
  const { text = "", ...rest } = answer;
  const send = async (request: HttpRequest): Promise<NodeResult<HttpResponse>> => {
    requests.push(request);
    return {
      ok: true,
      value: { status: 200, url: request.url, headers: [], body: Buffer.from(text), ...rest },
    };
  };
  return { requests, http: { send } };
};
