import {
  fillIn,
  programNode,
  readFlow,
  runCode,
  valueAt,
  type Flow,
  type FlowNode,
  type Pool,
} from "./flow-file.ts";
import { scriptedReview } from "./scripted-review.ts";
import type {
  Fields,
  FormField,
  NodeEnd,
  Program,
  ProgramContext,
  ProgramEnd,
  StandInApp,
} from "./stand-in-app.ts";

/** The workflow file that the program follows. */
const CLASSIC = new URL("../../flows/classic.yml", import.meta.url);

/** What Dify treats as failed whatever the node's settings say. */
const ALWAYS_FAILING = new Set([429, 500, 502, 503, 504]);
const CUT_AT_CHARACTERS = 1_048_576;

class NodeFailed extends Error {
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

type Step = { readonly context: ProgramContext; readonly flow: Flow; readonly pool: Pool };

const sendOnce = async (step: Step, { data }: FlowNode): Promise<Fields> => {
  const url = new URL(fillIn(step.pool, data.url ?? ""));
  for (const line of (data.params ?? "").split("\n").filter((text) => text.includes(":"))) {
    url.searchParams.set(
      line.slice(0, line.indexOf(":")),
      fillIn(step.pool, line.slice(line.indexOf(":") + 1)),
    );
  }
  const headers = (data.headers ?? "").split("\n").flatMap((line): [string, string][] => {
    const at = line.indexOf(":");
    return at < 0 ? [] : [[line.slice(0, at), fillIn(step.pool, line.slice(at + 1))]];
  });
  const text = data.body?.data[0]?.value;
  const answer = await fetch(url, {
    method: (data.method ?? "get").toUpperCase(),
    headers,
    signal: step.context.signal,
    ...(text === undefined ? {} : { body: fillIn(step.pool, text) }),
  });
  const strict = data.error_strategy !== undefined || data.retry_config?.retry_enabled === true;
  if (ALWAYS_FAILING.has(answer.status) || (strict && !answer.ok)) {
    throw new NodeFailed("HTTPResponseCodeError", `Request failed with status code ${answer.status}`);
  }
  return {
    status_code: answer.status,
    body: (await answer.text()).slice(0, CUT_AT_CHARACTERS),
    headers: Object.fromEntries(answer.headers),
    files: [],
  };
};

const send = async (step: Step, node: FlowNode): Promise<Fields> => {
  const retry = node.data.retry_config;
  const most = retry?.retry_enabled === true ? retry.max_retries : 0;
  for (let tried = 0; ; tried += 1) {
    try {
      return await sendOnce(step, node);
    } catch (error) {
      step.context.signal.throwIfAborted();
      const message = error instanceof Error ? error.message : String(error);
      if (tried >= most) throw error instanceof NodeFailed ? error : new NodeFailed("RequestError", message);
      const { id, type: node_type, title } = programNode(node);
      const index = { retry_index: tried + 1, status: "retry", error: message };
      step.context.emit("node_retry", { id, node_id: id, node_type, title, index: 0, ...index });
      await step.context.sleep(retry?.retry_interval ?? 0);
    }
  }
};

const work = async (step: Step, node: FlowNode): Promise<NodeEnd> => {
  switch (node.data.type) {
    case "code":
      return runCode(node, step.pool);
    case "http-request":
      return { outputs: await send(step, node) };
    case "llm": {
      const body = fillIn(step.pool, "{{#getdiff.body#}}");
      const text = scriptedReview(fillIn(step.pool, "{{#makelisturl.language#}}"), body);
      const usage = {
        prompt_tokens: Math.ceil(body.length / 4),
        completion_tokens: Math.ceil(text.length / 4),
      };
      return { outputs: { text, reasoning_content: "", finish_reason: "stop" }, usage };
    }
    default:
      return { outputs: {} };
  }
};

/** Runs the node `id`; a failure goes down its fail branch where it has one: then `failed` is true. */
const runNode = async (step: Step, id: string): Promise<{ readonly failed: boolean }> => {
  const node = step.flow.node(id);
  const end = await step.context.node(programNode(node), async () => {
    try {
      return await work(step, node);
    } catch (error) {
      step.context.signal.throwIfAborted();
      if (node.data.error_strategy !== "fail-branch" || !(error instanceof Error)) throw error;
      const type = error instanceof NodeFailed ? error.type : "CodeExecutionError";
      const outputs = { error_message: error.message, error_type: type };
      return { outputs, exception: { message: error.message, type } };
    }
  });
  step.pool.set(id, end.outputs);
  return { failed: end.exception !== undefined };
};

const endWith = async (
  step: Step,
  id: string,
  status: ProgramEnd["status"],
  outputs: Fields,
): Promise<ProgramEnd> => {
  await step.context.node(programNode(step.flow.node(id)), () => ({ inputs: outputs, outputs }));
  return { status, outputs };
};

const endWithFailure = (step: Step, failed: string, end: string): Promise<ProgramEnd> =>
  endWith(step, end, "partial-succeeded", step.pool.get(failed) ?? {});

const IN_REPEAT = ["adddiffs", "getdiff", "llm", "makenotesurl", "writenotes"];

const repeat = async (step: Step): Promise<void> => {
  const { id, type: node_type, title } = programNode(step.flow.node("repeat"));
  const about = { id, node_id: id, node_type, title };
  const results = valueAt(step.pool, ["mrresults", "results"]);
  const items: readonly unknown[] = Array.isArray(results) ? results : [];
  step.context.emit("iteration_started", {
    ...about,
    inputs: {},
    metadata: { iterator_length: items.length },
  });
  const codes: unknown[] = [];
  for (const [index, item] of items.entries()) {
    step.context.emit("iteration_next", { ...about, index });
    const inner: Step = { ...step, pool: new Map([...step.pool, ["repeat", { item, index }]]) };
    for (const name of IN_REPEAT) await runNode(inner, name);
    codes.push(valueAt(inner.pool, ["writenotes", "status_code"]));
  }
  step.pool.set("repeat", { output: codes });
  const end = { status: "succeeded", outputs: { output: codes }, steps: items.length, elapsed_time: 0 };
  step.context.emit("iteration_completed", { ...about, ...end });
};

const classic =
  (flow: Flow): Program =>
  async (context) => {
    const step: Step = { context, flow, pool: flow.newPool() };
    await context.node(programNode(flow.node("start")), () => ({
      inputs: context.inputs,
      outputs: context.inputs,
    }));
    step.pool.set("start", context.inputs);
    await runNode(step, "makelisturl");
    if ((await runNode(step, "getmrlist")).failed) return endWithFailure(step, "getmrlist", "enderror");
    if ((await runNode(step, "mrresults")).failed) return endWithFailure(step, "mrresults", "endresults");
    await repeat(step);
    await runNode(step, "checkcodes");
    return endWith(step, "end", "succeeded", {
      status_codes: valueAt(step.pool, ["repeat", "output"]),
      error_message: valueAt(step.pool, ["checkcodes", "error_message"]),
      error_type: valueAt(step.pool, ["checkcodes", "error_type"]),
    });
  };

/**
 * An app that does what `flows/classic.yml` does: its code nodes' own code, real requests to the GitLab of
 * `siteurl` with `PrivateToken`, and in the model's place a review that says that it is scripted.
 */
export const createClassicApp = async (key: string): Promise<StandInApp> => {
  const flow = await readFlow(CLASSIC);
  return {
    name: "Merge request review (classic)",
    key,
    form: (flow.node("start").data.variables ?? []).map((field): FormField => ({
      variable: field.variable,
      type: "text-input",
      required: field["required"] === true,
      ...(typeof field["max_length"] === "number" ? { max_length: field["max_length"] } : {}),
      ...(typeof field["default"] === "string" && field["default"] !== ""
        ? { default: field["default"] }
        : {}),
    })),
    program: classic(flow),
  };
};
