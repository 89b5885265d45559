import { inEnglish, ReviewflowError } from "../../base/errors.ts";
import { Json, type JsonObject } from "../../base/json.ts";
import type { FlowEvent, FlowStatus, FlowUsage, NodeRef } from "../../flow/flow-event.ts";
import { englishOf, type FlowMessage } from "../../flow/messages/message.ts";
import type { Translate } from "../../messages/format-message.ts";
import { safeLine, safeText } from "../review/safe-text.ts";
import { failureText, type Terminal } from "../terminal.ts";

/** What hears of a run. */
export type RunReport = {
  readonly onEvent: (event: FlowEvent) => void;
  /** Tells why nothing could be run, or why the run broke off. */
  readonly failed: (error: unknown) => void;
};

/** Longer texts in a URL are files; a line of a log is no place for them. */
const MAX_DATA_URL = 200;

const withoutFiles = (value: Json): Json => {
  if (typeof value === "string")
    return value.length > MAX_DATA_URL && value.startsWith("data:")
      ? `${value.slice(0, value.indexOf(",") + 1)}…`
      : value;
  if (Array.isArray(value)) return value.map(withoutFiles);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutFiles(item)]));
};

const errorOf = (error: FlowMessage | null): Json => {
  if (error === null) return null;
  const params = Json.parse(error.params);
  return { code: error.code, params, message: englishOf(error) };
};

const nodeOf = ({ nodeId, nodeType, title, container }: NodeRef): JsonObject => ({
  node_id: nodeId,
  node_type: nodeType,
  title,
  container: container === null ? null : { node_id: container.nodeId, index: container.index },
});

const usageOf = (usage: FlowUsage): JsonObject => ({
  total_tokens: usage.totalTokens,
  prompt_tokens: usage.promptTokens,
  completion_tokens: usage.completionTokens,
  total_price: usage.totalPrice,
  currency: usage.currency,
});

/** An event as one line of JSON has it; the names are those of Dify's API. */
const toJson = (event: FlowEvent): JsonObject => {
  switch (event.event) {
    case "workflow_started":
      return { event: event.event, workflow_run_id: event.workflowRunId };
    case "node_started":
      return { event: event.event, ...nodeOf(event.node), inputs: withoutFiles(event.inputs) };
    case "node_retry":
      return {
        event: event.event,
        ...nodeOf(event.node),
        error: errorOf(event.error),
        retry_index: event.retryIndex,
      };
    case "node_finished":
      return {
        event: event.event,
        ...nodeOf(event.node),
        status: event.status,
        inputs: withoutFiles(event.inputs),
        outputs: withoutFiles(event.outputs),
        error: errorOf(event.error),
        elapsed_ms: event.elapsedMs,
        usage: usageOf(event.usage),
      };
    case "iteration_started":
    case "loop_started":
      return { event: event.event, ...nodeOf(event.node), length: event.length };
    case "iteration_next":
    case "loop_next":
      return { event: event.event, ...nodeOf(event.node), index: event.index };
    case "iteration_completed":
    case "loop_completed":
      return {
        event: event.event,
        ...nodeOf(event.node),
        status: event.status,
        outputs: withoutFiles(event.outputs),
        error: errorOf(event.error),
        elapsed_ms: event.elapsedMs,
      };
    case "workflow_finished":
      return {
        event: event.event,
        status: event.status,
        outputs: withoutFiles(event.outputs),
        error: errorOf(event.error),
        elapsed_ms: event.elapsedMs,
        total_steps: event.totalSteps,
        usage: usageOf(event.usage),
      };
    case "text_chunk":
    case "text_replace":
    case "reasoning_chunk":
      return { event: event.event, text: event.text };
    case "agent_log":
    case "human_input_required":
    case "workflow_paused":
      return { event: event.event, data: withoutFiles(event.data) };
    case "error":
      return { event: event.event, code: event.code, message: event.message };
  }
};

/** A run for programs: an event a line, the last of a run `workflow_finished`, or `error` where none was run. */
export const createJsonReport = (write: Terminal["write"]): RunReport => {
  const line = (value: JsonObject): void => write(`${JSON.stringify(value)}\n`);
  return {
    onEvent: (event) => line(toJson(event)),
    failed: (error) => {
      if (!(error instanceof ReviewflowError)) throw error;
      const { code, params } = error.what;
      const named = Json.parse(params);
      line({
        event: "error",
        code: error.code,
        reason: { code, params: named, message: inEnglish(error.what) },
      });
    },
  };
};

/** Where a text report goes. */
export type TextReportOptions = Pick<Terminal, "write" | "complain"> & {
  /** Whether a person watches: then nodes are told of when they begin, and text is shown while it is made. */
  readonly isLive: boolean;
};

const statusText = (t: Translate, status: FlowStatus): string =>
  t(
    status === "succeeded" || status === "partial-succeeded" || status === "stopped"
      ? `live.call.${status}`
      : "live.call.failed",
  );

const secondsOf = (ms: number): string => (ms / 1000).toFixed(1);

const valueText = (value: Json): string =>
  typeof value === "string" ? value : JSON.stringify(value, null, 2);

/** Every answer of a chat has a list of files, which is mostly empty. */
const withoutNoFiles = (outputs: JsonObject): JsonObject =>
  "answer" in outputs && Array.isArray(outputs["files"]) && outputs["files"].length === 0
    ? Object.fromEntries(Object.entries(outputs).filter(([name]) => name !== "files"))
    : outputs;

/** The outputs of a run: the only one as it is, several by name. */
const outputsText = (outputs: JsonObject): string => {
  const entries = Object.entries(outputs);
  const [only] = entries;
  if (only !== undefined && entries.length === 1) return `${safeText(valueText(only[1]))}\n`;
  return entries.map(([name, value]) => `${safeLine(name)}: ${safeText(valueText(value))}\n`).join("");
};

/** A run for people: the way of the run on standard error, its outputs on standard output. */
export const createTextReport = (t: Translate, { write, complain, isLive }: TextReportOptions): RunReport => {
  let shown = "";
  let failing: NodeRef | null = null;
  /** Begins a new line where shown text has not ended its own. */
  const say = (text: string): void => {
    if (isLive && shown !== "" && !shown.endsWith("\n")) {
      write("\n");
      shown += "\n";
    }
    complain(`${safeText(text)}\n`);
  };
  const nameOf = ({ title, nodeType, container }: NodeRef): string =>
    `${container === null ? "" : `[${container.index + 1}] `}${safeLine(title)} (${nodeType})`;
  const finish = (event: Extract<FlowEvent, { event: "workflow_finished" }>): void => {
    const { error, status } = event;
    const outputs = withoutNoFiles(event.outputs);
    // What was shown while it was made is not repeated.
    const isShown = Object.values(outputs).some((value) => value === shown.trimEnd());
    const rest = isShown && Object.keys(outputs).length === 1 ? "" : outputsText(outputs);
    if (isShown && rest === "" && !shown.endsWith("\n")) write("\n");
    if (status !== "failed" && status !== "stopped" && rest !== "") {
      if (shown !== "" && !shown.endsWith("\n")) write("\n");
      write(rest);
    }
    shown = "";
    if (error !== null && failing !== null && status === "failed")
      say(
        t("cli.flow.run.node-failed", {
          node: safeLine(failing.title),
          id: failing.nodeId,
          problem: t.message(error),
        }),
      );
    else if (error !== null) say(t("cli.flow.run.ended", { problem: t.message(error) }));
    const seconds = secondsOf(event.elapsedMs);
    say(
      t("cli.flow.run.done", {
        status: statusText(t, status),
        seconds,
        nodes: event.totalSteps,
        tokens: event.usage.totalTokens,
      }),
    );
    failing = null;
  };
  return {
    onEvent: (event) => {
      if (event.event === "text_chunk" && isLive) {
        const text = safeText(event.text);
        write(text);
        shown += text;
      }
      if (event.event === "node_started" && isLive)
        say(t("cli.flow.run.started", { node: nameOf(event.node) }));
      if (event.event === "node_retry")
        say(t("cli.flow.run.retry", { node: nameOf(event.node), problem: t.message(event.error) }));
      if (event.event === "node_finished") {
        const { node, status, elapsedMs, usage, error } = event;
        if (status === "failed") failing = node;
        const facts = {
          node: nameOf(node),
          status,
          seconds: secondsOf(elapsedMs),
          tokens: usage.totalTokens,
        };
        say(t("cli.flow.run.finished", facts));
        if (error !== null && status === "exception") say(`  ${t.message(error)}`);
      }
      if (event.event === "workflow_finished") finish(event);
    },
    failed: (error) => say(failureText(t, error)),
  };
};
