import { systemClock } from "../../../src/base/clock.ts";
import { describeError } from "../../../src/base/errors.ts";
import { createMemoryJournal } from "../../../src/base/journal.ts";
import type { JsonObject } from "../../../src/base/json.ts";
import { Secret } from "../../../src/base/secret.ts";
import { runFlow } from "../../../src/flow/engine/run-flow.ts";
import type { Flow, FlowProblem } from "../../../src/flow/flow.ts";
import type { FlowEvent, NodeRef } from "../../../src/flow/flow-event.ts";
import type { FlowPorts, NodeKind } from "../../../src/flow/node.ts";
import { findNodeKind } from "../../../src/flow/nodes/registry.ts";
import { NO_USAGE } from "../../../src/flow/flow-event.ts";
import type { CodeRequest, TemplateRequest, ToolReference } from "../../../src/flow/ports.ts";
import { readFlow } from "../../../src/flow/parse/parse-flow.ts";
import { startRecordedTools } from "./recorded-tools.ts";
import type { RecordedCase, RecordedNode, RecordedRun } from "./recorded-run.ts";
import { createScriptedWorld } from "./scripted-world.ts";
import { pythonStr } from "../../../src/flow/value-text.ts";
import { englishOf, inItsWords } from "../../../src/flow/messages/message.ts";
import { createDocumentReader } from "../../../src/sandbox/documents/create-document-reader.ts";

/** The kinds that do not run here yet: their nodes end as the record says, so that the rest can be compared. */
export const REPLAYED_KINDS: ReadonlySet<string> = new Set([
  "trigger-schedule",
  "trigger-webhook",
  "trigger-plugin",
  "datasource",
  "knowledge-index",
]);

/** What our engine made of a recorded case. */
export type OwnRun =
  | { readonly refused: readonly FlowProblem[] }
  | {
      readonly refused: null;
      readonly status: RecordedRun["status"];
      readonly outputs: JsonObject;
      readonly error: string | null;
      readonly text: string;
      readonly reasoning: string;
      readonly nodes: readonly RecordedNode[];
      readonly prompts: readonly string[];
      /** The nodes that ended as the record says, without being run. */
      readonly replayed: ReadonlySet<string>;
    };

const STARTED_AT = 1_700_000_000_000;

/** Ends the nodes of a kind as they ended on Dify's engine, in the order of their rounds. */
const replay = (kind: NodeKind, nodes: readonly RecordedNode[]): NodeKind => ({
  ...kind,
  load: (data) => {
    const loaded = kind.load(data);
    if ("problems" in loaded) return loaded;
    const counts = new Map<string, number>();
    return {
      ...loaded,
      execute: async ({ nodeId }) => {
        const count = counts.get(nodeId) ?? 0;
        counts.set(nodeId, count + 1);
        const node = nodes.filter(({ id }) => id === nodeId)[count];
        if (node?.status === "succeeded") return { ok: true, outputs: node.outputs };
        return { ok: false, errorType: "ToolNodeError", message: inItsWords(node?.error ?? "not recorded") };
      },
    };
  },
});

/**
 * Runs an agent with a model that says the recorded text: on Dify's engine a stand-in took the agent's place, whose JSON was
 * not that of an agent. One that is not run here ends as the record says, and is named in `replayed`.
 */
const playAgent = (kind: NodeKind, nodes: readonly RecordedNode[], replayed: Set<string>): NodeKind => ({
  ...kind,
  load: (data) => {
    const loaded = kind.load(data);
    if ("problems" in loaded) return loaded;
    const asRecorded = replay(kind, nodes).load(data);
    if ("problems" in asRecorded) return asRecorded;
    return {
      ...loaded,
      execute: async (context) => {
        if (loaded.declaration.failures.length > 0) {
          replayed.add(context.nodeId);
          return await asRecorded.execute(context);
        }
        const { text = "", json = [] } = nodes.find(({ id }) => id === context.nodeId)?.outputs ?? {};
        const answer = {
          text: pythonStr(text),
          reasoning: "",
          finishReason: "stop",
          toolCalls: [],
          usage: NO_USAGE,
        };
        const model = { generate: async () => ({ ok: true as const, value: answer }) };
        const described = { description: "", parameters: { type: "object" } };
        const tools = {
          ...context.ports.tools,
          describe: async ({ toolName: name }: ToolReference) => ({
            ok: true as const,
            value: { name, ...described },
          }),
        };
        const outcome = await loaded.execute({ ...context, ports: { ...context.ports, model, tools } });
        if (!outcome.ok) return outcome;
        const { usage: _usage, ...outputs } = outcome.outputs;
        return { ...outcome, outputs: { ...outputs, json } };
      },
    };
  },
});

/** Notes the handle that each choosing node leaves by, which no event says. */
const noteHandles = (kind: NodeKind, handles: Map<string, string[]>): NodeKind => ({
  ...kind,
  load: (data) => {
    const loaded = kind.load(data);
    if ("problems" in loaded) return loaded;
    return {
      ...loaded,
      execute: async (context) => {
        const outcome = await loaded.execute(context);
        const list = handles.get(context.nodeId) ?? [];
        handles.set(context.nodeId, list);
        if (outcome.ok) list.push(outcome.handle ?? "source");
        return outcome;
      },
    };
  },
});

const indexOf = ({ container }: NodeRef): { readonly index?: number } =>
  container === null ? {} : { index: container.index };

const nodeOf = (event: FlowEvent): RecordedNode | undefined => {
  switch (event.event) {
    case "node_finished":
    case "iteration_completed":
    case "loop_completed": {
      const { node, status, outputs, error } = event;
      if (status !== "succeeded" && status !== "failed" && status !== "exception") return undefined;
      const { nodeId: id, nodeType: type } = node;
      return {
        id,
        type,
        status,
        outputs,
        ...indexOf(node),
        ...(error === null ? {} : { error: englishOf(error) }),
      };
    }
    case "node_retry": {
      const { nodeId: id, nodeType: type } = event.node;
      return {
        id,
        type,
        status: "retry",
        outputs: {},
        error: englishOf(event.error),
        ...indexOf(event.node),
      };
    }
    default:
      return undefined;
  }
};

/** The text of a run but for answers inside of containers, of which the records' engine, unlike Dify's server, shows none. */
const shownText = (events: readonly FlowEvent[]): string => {
  const chunks: string[] = [];
  for (const event of events) {
    if (event.event === "text_chunk") chunks.push(event.text);
    const isInner = event.event === "node_finished" && event.node.container !== null;
    if (isInner && event.node.nodeType === "answer") chunks.pop();
  }
  return chunks.join("");
};

const withHandles = (nodes: readonly RecordedNode[], flow: Flow, handles: Map<string, string[]>) =>
  nodes.map((node): RecordedNode => {
    const isFailBranch = flow.nodes.get(node.id)?.errorStrategy === "fail-branch";
    const chosen =
      node.status === "exception" && isFailBranch ? "fail-branch" : handles.get(node.id)?.shift();
    return chosen === undefined || chosen === "source" ? node : { ...node, handle: chosen };
  });

/** Failures of code and templates in the words of the processes that ran them for Dify's engine: the line that says what. */
const inRecordedWords = ({ code, template }: Pick<FlowPorts, "code" | "template">) => ({
  code: {
    run: async (request: CodeRequest) => {
      const result = await code.run(request);
      if (result.ok) return result;
      const lines = result.message.trim().split("\n");
      const line = request.language === "python3" ? lines.at(-1) : lines.find((one) => /^\w*Error/.test(one));
      return { ...result, errorType: "SandboxCodeExecutionError", message: line ?? result.message };
    },
  },
  template: {
    render: async (request: TemplateRequest) => {
      const result = await template.render(request);
      return result.ok ? result : { ...result, message: result.message.replace(/^\w*Error: /, "") };
    },
  },
});

/** Runs a recorded case here, with the world outside answering as it did for Dify's engine. */
export const runRecorded = async (
  { text, run }: RecordedCase,
  around: Pick<FlowPorts, "code" | "template" | "http">,
): Promise<OwnRun> => {
  const handles = new Map<string, string[]>();
  const replayed = new Set<string>();
  const findKind = (type: string): NodeKind | undefined => {
    const kind = findNodeKind(type);
    if (kind === undefined) return undefined;
    if (type === "agent") return playAgent(kind, run.nodes, replayed);
    return REPLAYED_KINDS.has(type) ? replay(kind, run.nodes) : noteHandles(kind, handles);
  };
  const reading = readFlow(text, { findKind });
  if (!reading.ok) return { refused: reading.problems };
  const { flow } = reading;
  const { ports, prompts } = createScriptedWorld(run.model, around.http);
  await using documents = createDocumentReader({ clock: systemClock });
  const others = { ...ports, ...inRecordedWords(around), documents };
  await using tools = await startRecordedTools(text, others);
  const events: FlowEvent[] = [];
  const options = {
    inputs: run.inputs,
    query: run.query ?? "",
    ports: { ...others, tools },
    journal: createMemoryJournal(),
    signal: new AbortController().signal,
    onEvent: (event: FlowEvent) => events.push(event),
    clock: {
      now: () => STARTED_AT,
      sleep: async (ms: number, signal?: AbortSignal) => systemClock.sleep(ms > 100_000 ? ms : 0, signal),
    },
    secrets: new Map(
      flow.environment
        .filter(({ isSecret }) => isSecret)
        .map(({ name }) => [name, new Secret(`secret-${name}`)]),
    ),
    runId: "oracle-run",
    userId: "oracle-user",
  };
  const result = await runFlow({ ...flow, digest: "oracle-app" }, options).catch((error: unknown) => ({
    status: "failed" as const,
    outputs: {},
    error: inItsWords(describeError(error)),
  }));
  return {
    refused: null,
    status: result.status,
    outputs: result.outputs,
    error: result.error === null ? null : englishOf(result.error),
    text: shownText(events),
    reasoning: events.map((event) => (event.event === "reasoning_chunk" ? event.text : "")).join(""),
    nodes: withHandles(
      events.flatMap((event) => nodeOf(event) ?? []),
      flow,
      handles,
    ),
    prompts,
    replayed,
  };
};
