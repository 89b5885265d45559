import { readFile } from "node:fs/promises";
import { runInNewContext } from "node:vm";
import { parse } from "yaml";
import { z } from "zod";
import { scriptedReview } from "./scripted-review.ts";
import {
  NodeFailure,
  type Fields,
  type FormField,
  type NodeEnd,
  type Program,
  type ProgramContext,
  type ProgramNode,
  type StandInApp,
} from "./stand-in-app.ts";

const Selector = z.array(z.string());
const Variable = z.looseObject({ variable: z.string(), value_selector: Selector.optional() });
const Field = z.looseObject({
  variable: z.string(),
  type: z.enum([
    "text-input",
    "paragraph",
    "select",
    "number",
    "checkbox",
    "file",
    "file-list",
    "json_object",
  ]),
  label: z.string().optional(),
  required: z.boolean().optional(),
  max_length: z.number().optional(),
  options: z.array(z.string()).optional(),
});
/** A field as it stands in the file, in the file's order of keys. */
const FormFields = z.array(z.custom<FormField>((raw) => Field.safeParse(raw).success));

const data = <const Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  z.looseObject({
    type: z.literal(type),
    title: z.string(),
    error_strategy: z.literal("fail-branch").optional(),
    retry_config: z
      .object({ retry_enabled: z.boolean(), max_retries: z.number(), retry_interval: z.number() })
      .optional(),
    ...shape,
  });

/** The kinds of nodes that a program can run; a file with another one is refused. */
const NodeData = z.discriminatedUnion("type", [
  data("start", { variables: FormFields.default([]) }),
  data("code", {
    code: z.string(),
    variables: z.array(Variable),
    outputs: z.record(z.string(), z.unknown()),
  }),
  data("http-request", {
    url: z.string(),
    method: z.string(),
    headers: z.string(),
    params: z.string(),
    body: z.looseObject({ data: z.array(z.looseObject({ value: z.string() })) }),
  }),
  data("llm", {
    model: z.looseObject({ provider: z.string(), name: z.string() }),
    prompt_template: z.array(z.looseObject({ role: z.string(), text: z.string() })),
    context: z.looseObject({ enabled: z.boolean(), variable_selector: Selector.default([]) }),
  }),
  data("iteration", { start_node_id: z.string(), iterator_selector: Selector, output_selector: Selector }),
  data("iteration-start", {}),
  data("end", { outputs: z.array(z.object({ variable: z.string(), value_selector: Selector })) }),
]);

const FlowFile = z.object({
  app: z.looseObject({
    name: z.string(),
    description: z.string(),
    icon: z.string(),
    icon_background: z.string(),
  }),
  workflow: z.object({
    environment_variables: z.array(z.object({ name: z.string(), value: z.unknown() })),
    graph: z.object({
      nodes: z.array(z.object({ id: z.string(), parentId: z.string().optional(), data: NodeData })),
      edges: z.array(z.object({ source: z.string(), sourceHandle: z.string(), target: z.string() })),
    }),
  }),
});

type FlowNode = z.infer<typeof FlowFile>["workflow"]["graph"]["nodes"][number];
type NodeOf<Type extends FlowNode["data"]["type"]> = Extract<FlowNode["data"], { readonly type: Type }>;
type Edge = z.infer<typeof FlowFile>["workflow"]["graph"]["edges"][number];

/** Values by node and name. */
export type Pool = Map<string, Fields>;

/** A workflow file, as far as a program that follows it needs it. */
export type Flow = {
  readonly app: z.infer<typeof FlowFile>["app"];
  readonly nodes: readonly FlowNode[];
  readonly edges: readonly Edge[];
  readonly form: readonly FormField[];
  /** A pool that holds the environment variables. */
  readonly newPool: () => Pool;
};

/** Reads a workflow file. */
export const readFlow = async (file: URL): Promise<Flow> => {
  const { app, workflow } = FlowFile.parse(parse(await readFile(file, "utf8")));
  const { nodes, edges } = workflow.graph;
  return {
    app,
    nodes,
    edges,
    form: nodes.flatMap(({ data: one }) => (one.type === "start" ? one.variables : [])),
    newPool: () =>
      new Map([
        ["env", Object.fromEntries(workflow.environment_variables.map(({ name, value }) => [name, value]))],
      ]),
  };
};

/** The node `id` of a flow, which has to be of the kind `type`. */
export const nodeOf = <Type extends FlowNode["data"]["type"]>(
  flow: Flow,
  id: string,
  type: Type,
): NodeOf<Type> => {
  const found = flow.nodes.find((node) => node.id === id)?.data;
  const isOfType = (node: FlowNode["data"] | undefined): node is NodeOf<Type> => node?.type === type;
  if (!isOfType(found)) throw new Error(`the flow has no ${type} node ${id}`);
  return found;
};

/** The value that a selector stands for; null when there is none. */
const valueAt = (pool: Pool, [node = "", name = ""]: readonly string[]): unknown =>
  pool.get(node)?.[name] ?? null;

const filledIn = (value: unknown): string => {
  if (value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
};

/** Puts values into the `{{#node.name#}}` of a text, and `context` into `{{#context#}}`. */
const fillIn = (pool: Pool, text: string, context = ""): string =>
  text.replaceAll(/\{\{#(?:context|(\w+)\.(\w+))#\}\}/g, (_, id?: string, name?: string) => {
    if (id === undefined || name === undefined) return context;
    return filledIn(valueAt(pool, [id, name]));
  });

/** What Node prints of an error that ends the sandbox's process, behind the tail of an earlier piece of it. */
const sandboxError = (error: unknown, code: string): string => {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const line = code.split("\n").find((one) => one.includes("throw ")) ?? "";
  const script =
    "/tmp/sandbox-85d87c65/var/sandbox/sandbox-nodejs/nodejs-project/node_temp/node_temp/test.js";
  const stack = `    at main (eval at <anonymous> (${script}:17:1), <anonymous>:29:28)\n    at node:internal/main/run_main_module:28:49\n\nNode.js v20.20.2\n`;
  const tail = `)\n    at node:internal/main/run_main_module:28:49\n\nNode.js v20.20.2\n`;
  return `process exited with code 1\n${tail}${line.trim().slice(-24)}\n${" ".repeat(21)}^\n\n${message}\n${stack}`;
};

/** Runs a code node's `main` with the values that its variables select; gives the outputs that it declares. */
export const runCode = (
  node: NodeOf<"code">,
  pool: Pool,
): { readonly inputs: Fields; readonly outputs: Fields } => {
  const inputs = Object.fromEntries(
    node.variables.map(({ variable, value_selector = [] }) => [variable, valueAt(pool, value_selector)]),
  );
  const script = `${node.code}\nJSON.stringify(main(JSON.parse(given)));`;
  let given: Fields;
  try {
    const result: unknown = runInNewContext(script, { given: JSON.stringify(inputs) }, { timeout: 15_000 });
    given = z.record(z.string(), z.unknown()).parse(JSON.parse(String(result)));
  } catch (error) {
    throw new NodeFailure("CodeExecutionError", sandboxError(error, node.code), { inputs });
  }
  const outputs = Object.keys(node.outputs).map((name): [string, unknown] => {
    if (given[name] === undefined)
      throw new NodeFailure("OutputValidationError", `Output ${name} is missing.`, { inputs });
    return [name, given[name]];
  });
  return { inputs, outputs: Object.fromEntries(outputs) };
};

/** A message of a prompt as it is sent. */
type Prompt = { readonly role: string; readonly text: string; readonly files: readonly [] };

/** The messages that an LLM node sends. */
export const promptsOf = (node: NodeOf<"llm">, pool: Pool): readonly Prompt[] => {
  const context = node.context.enabled ? filledIn(valueAt(pool, node.context.variable_selector)) : "";
  return node.prompt_template.map(({ role, text }) => ({
    role,
    text: fillIn(pool, text, context),
    files: [],
  }));
};

/** What a model is asked. */
type ModelCall = {
  readonly prompts: readonly Prompt[];
  /** The value of a variable, null when there is none. */
  readonly valueOf: (node: string, name: string) => unknown;
  readonly context: ProgramContext;
};

/** A model: the pieces of its answer. Thrown failures are its server's (`modelFailure`). */
export type Model = (call: ModelCall) => Promise<readonly string[]> | readonly string[];

/** What Dify treats as failed whatever the node's settings say. */
const ALWAYS_FAILING = new Set([429, 500, 502, 503, 504]);
const CUT_AT_CHARACTERS = 1_048_576;

const linesOf = (text: string, pool: Pool): readonly (readonly [string, string])[] =>
  text.split("\n").flatMap((line): [string, string][] => {
    const at = line.indexOf(":");
    return at < 0 ? [] : [[line.slice(0, at), fillIn(pool, line.slice(at + 1))]];
  });

const send = async (node: NodeOf<"http-request">, pool: Pool, signal: AbortSignal): Promise<NodeEnd> => {
  const url = new URL(fillIn(pool, node.url));
  for (const [name, value] of linesOf(node.params, pool)) url.searchParams.set(name, value);
  const headers = linesOf(node.headers, pool);
  const given = node.body.data[0]?.value;
  const text = given === undefined ? undefined : fillIn(pool, given);
  const method = node.method.toUpperCase();
  const sent = [
    `${method} ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(text === undefined ? [] : [`Content-Length: ${Buffer.byteLength(text)}`]),
  ];
  const shown = { inputs: {}, processData: { request: `${sent.join("\r\n")}\r\n\r\n${text ?? ""}` } };
  let answer: Response;
  try {
    const pairs = headers.map(([name, value]): [string, string] => [name, value]);
    const body = text === undefined ? {} : { body: text };
    answer = await fetch(url, { method, headers: pairs, signal, ...body });
  } catch (error) {
    throw new NodeFailure("RequestError", error instanceof Error ? error.message : String(error), shown);
  }
  const outputs = {
    status_code: answer.status,
    body: (await answer.text()).slice(0, CUT_AT_CHARACTERS),
    headers: Object.fromEntries(answer.headers),
    files: [],
  };
  const strict = node.error_strategy !== undefined || node.retry_config?.retry_enabled === true;
  if (ALWAYS_FAILING.has(answer.status) || (strict && !answer.ok)) {
    const message = `Request failed with status code ${answer.status}`;
    throw new NodeFailure("HTTPResponseCodeError", message, { ...shown, outputs });
  }
  return { ...shown, outputs };
};

/** A part of what an end node streams: a variable, or the line end between two. */
type Part = { readonly selector: readonly string[]; readonly isLineEnd: boolean };

/** What an end node still has to stream. */
type Session = {
  readonly end: string;
  /** The nodes that may still turn the run away from this end. */
  readonly undecided: Set<string>;
  readonly parts: Part[];
};

type Step = {
  readonly context: ProgramContext;
  readonly flow: Flow;
  readonly model: Model;
  readonly pool: Pool;
  readonly sessions: readonly Session[];
  readonly iteration: NonNullable<ProgramNode["iteration"]> | null;
  /** What the end nodes have put together. */
  readonly outputs: Map<string, unknown>;
};

const ancestorsOf = (flow: Flow, id: string, found = new Set<string>()): ReadonlySet<string> => {
  for (const { source, target } of flow.edges) {
    if (target !== id || found.has(source)) continue;
    found.add(source);
    ancestorsOf(flow, source, found);
  }
  return found;
};

const sessionsOf = (flow: Flow): readonly Session[] =>
  flow.nodes.flatMap(({ id, data: node }) => {
    if (node.type !== "end") return [];
    const above = ancestorsOf(flow, id);
    const undecided = flow.nodes.filter(
      (one) => above.has(one.id) && one.data.error_strategy === "fail-branch",
    );
    const parts = node.outputs.flatMap(({ value_selector: selector }, index): Part[] => [
      ...(index === 0 ? [] : [{ selector: [id, "answer"], isLineEnd: true }]),
      { selector, isLineEnd: false },
    ]);
    return [{ end: id, undecided: new Set(undecided.map((one) => one.id)), parts }];
  });

/** The text of a streamed value. */
const textOf = (value: unknown): string => {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  return Array.isArray(value) ? value.map((item) => `- ${textOf(item)}`).join("\n") : JSON.stringify(value);
};

const chunk = ({ context }: Step, text: string, selector: readonly string[]): void =>
  context.emit("text_chunk", { text, from_variable_selector: selector });

/** Streams what the ends that are certain may say by now. */
const stream = (step: Step): void => {
  for (const { undecided, parts } of step.sessions) {
    while (undecided.size === 0) {
      const [part] = parts;
      if (part === undefined || (!part.isLineEnd && !step.pool.has(part.selector[0] ?? ""))) break;
      parts.shift();
      chunk(step, part.isLineEnd ? "\n" : textOf(valueAt(step.pool, part.selector)), part.selector);
    }
  }
};

const ask = async (step: Step, id: string, node: NodeOf<"llm">): Promise<NodeEnd> => {
  const prompts = promptsOf(node, step.pool);
  const pieces = await step.model({
    prompts,
    valueOf: (from, name) => valueAt(step.pool, [from, name]),
    context: step.context,
  });
  const text = pieces.join("");
  const isStreamed = ({ undecided, parts: [part] }: Session): boolean =>
    undecided.size === 0 && part?.selector[0] === id && part.selector[1] === "text";
  const session = step.iteration === null ? step.sessions.find(isStreamed) : undefined;
  if (session !== undefined) {
    for (const piece of [...pieces, ""]) chunk(step, piece, [id, "text"]);
    session.parts.shift();
  }
  const asked = prompts.map((prompt) => prompt.text).join("");
  const given = node.context.enabled ? valueAt(step.pool, node.context.variable_selector) : undefined;
  return {
    inputs: given === undefined ? {} : { "#context#": given },
    processData: { prompts },
    outputs: { text },
    usage: { prompt_tokens: Math.ceil(asked.length / 4), completion_tokens: Math.ceil(text.length / 4) },
  };
};

const endWith = ({ pool, outputs }: Step, node: NodeOf<"end">): NodeEnd => {
  const given = node.outputs.map(({ variable, value_selector }): [string, unknown] => [
    variable,
    valueAt(pool, value_selector),
  ]);
  for (const [name, value] of given) outputs.set(name, value);
  return { inputs: Object.fromEntries(given), outputs: Object.fromEntries(given) };
};

const work = (step: Step, id: string, node: FlowNode["data"]): Promise<NodeEnd> | NodeEnd => {
  switch (node.type) {
    case "start":
      return { inputs: step.context.inputs, outputs: step.context.inputs };
    case "code":
      return runCode(node, step.pool);
    case "http-request":
      return send(node, step.pool, step.context.signal);
    case "llm":
      return ask(step, id, node);
    case "end":
      return endWith(step, node);
    default:
      return { outputs: {} };
  }
};

const programNode = (step: Step, id: string, node: FlowNode["data"]): ProgramNode => ({
  id,
  type: node.type,
  title: node.title,
  ...(step.iteration === null ? {} : { iteration: step.iteration }),
  ...(node.retry_config?.retry_enabled === true
    ? { retry: { times: node.retry_config.max_retries, intervalMs: node.retry_config.retry_interval } }
    : {}),
  ...(node.error_strategy === undefined ? {} : { hasFailBranch: true }),
  ...(node.type === "llm" ? { model: { provider: node.model.provider, name: node.model.name } } : {}),
});

const repeat = async (step: Step, id: string, node: NodeOf<"iteration">): Promise<unknown> => {
  const found = valueAt(step.pool, node.iterator_selector);
  const items: readonly unknown[] = Array.isArray(found) ? found : [];
  return step.context.iterate(programNode(step, id, node), items, async (item, index) => {
    const pool = new Map([...step.pool, [id, { item, index }]]);
    await walk({ ...step, pool, iteration: { id, index } }, node.start_node_id);
    return valueAt(pool, node.output_selector);
  });
};

/** Runs the nodes from `first` on: each when all edges to it are known and one of them is taken. */
const walk = async (step: Step, first: string): Promise<void> => {
  const edges = new Map<Edge, "taken" | "skipped">();
  const ready: string[] = [first];
  const settle = (id: string, handle: string | null): void => {
    const out = step.flow.edges.filter((edge) => edge.source === id);
    for (const edge of out) edges.set(edge, edge.sourceHandle === handle ? "taken" : "skipped");
    for (const { target } of out) {
      const known = step.flow.edges.filter((edge) => edge.target === target).map((edge) => edges.get(edge));
      if (known.includes(undefined) || ready.includes(target)) continue;
      if (known.includes("taken")) ready.push(target);
      else settle(target, null);
    }
  };
  const finish = (id: string, outputs: Fields, failed: boolean): void => {
    step.pool.set(id, outputs);
    settle(id, failed ? "fail-branch" : "source");
    if (step.iteration !== null) return;
    for (const { undecided } of step.sessions) undecided.delete(id);
    const isSkipped = (end: string): boolean =>
      step.flow.edges.filter((edge) => edge.target === end).every((edge) => edges.get(edge) === "skipped");
    for (const { end, parts } of step.sessions) if (isSkipped(end)) parts.length = 0;
    stream(step);
  };
  for (let at = 0; at < ready.length; at += 1) {
    const id = ready[at] ?? "";
    const node = step.flow.nodes.find((one) => one.id === id)?.data;
    if (node === undefined) throw new Error(`the flow has no node ${id}`);
    if (node.type === "iteration-start") finish(id, {}, false);
    else if (node.type === "iteration") finish(id, { output: await repeat(step, id, node) }, false);
    else {
      await step.context.node(
        programNode(step, id, node),
        () => work(step, id, node),
        (outputs, failed) => finish(id, outputs, failed),
      );
    }
  }
};

/** The program that a workflow file is; the model takes the place of those of its LLM nodes. */
const flowProgram =
  (flow: Flow, model: Model): Program =>
  async (context) => {
    const { user, appId, workflowId, workflowRunId } = context;
    const pool = flow.newPool();
    const system = { user_id: user, app_id: appId, workflow_id: workflowId, workflow_run_id: workflowRunId };
    pool.set("sys", { ...system, files: [] });
    const step = { context, flow, model, pool, sessions: sessionsOf(flow), iteration: null };
    const outputs = new Map<string, unknown>();
    const start = flow.nodes.find((node) => node.data.type === "start");
    await walk({ ...step, outputs }, start?.id ?? "");
    return { status: "succeeded", outputs: Object.fromEntries(outputs) };
  };

/** An app that a workflow file was imported to: its code nodes' own code, real requests, and `model` for a model. */
export const createFlowApp = async (
  file: URL,
  { key, model }: { readonly key: string; readonly model: Model },
): Promise<StandInApp> => {
  const flow = await readFlow(file);
  return {
    name: flow.app.name,
    description: flow.app.description,
    icon: { icon: flow.app.icon, background: flow.app.icon_background },
    key,
    form: flow.form,
    program: flowProgram(flow, model),
  };
};

/**
 * An app that does what `flows/classic.yml` does, with real requests to the GitLab of `siteurl` with
 * `PrivateToken`, and in the model's place a review that says that it is scripted.
 */
export const createClassicApp = (key: string): Promise<StandInApp> =>
  createFlowApp(new URL("../../flows/classic.yml", import.meta.url), {
    key,
    model: ({ valueOf }) => [
      scriptedReview(String(valueOf("makelisturl", "language")), String(valueOf("getdiff", "body"))),
    ],
  });
