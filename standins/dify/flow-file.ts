import { readFile } from "node:fs/promises";
import { runInNewContext } from "node:vm";
import { parse } from "yaml";
import { z } from "zod";
import type { Fields, ProgramNode } from "./stand-in-app.ts";

const Selector = z.array(z.string());
const NodeFields = z.looseObject({
  type: z.string(),
  title: z.string(),
  iteration_id: z.string().optional(),
  code: z.string().optional(),
  variables: z.array(z.looseObject({ variable: z.string(), value_selector: Selector.optional() })).optional(),
  outputs: z.unknown().optional(),
  url: z.string().optional(),
  method: z.string().optional(),
  headers: z.string().optional(),
  params: z.string().optional(),
  body: z.looseObject({ data: z.array(z.looseObject({ value: z.string() })) }).optional(),
  retry_config: z
    .object({ retry_enabled: z.boolean(), max_retries: z.number(), retry_interval: z.number() })
    .optional(),
  error_strategy: z.string().optional(),
});
const FlowFile = z.object({
  workflow: z.object({
    environment_variables: z.array(z.object({ name: z.string(), value: z.unknown() })),
    graph: z.object({ nodes: z.array(z.object({ id: z.string(), data: NodeFields })) }),
  }),
});

/** A node of the file, with what the stand-in uses of it. */
export type FlowNode = { readonly id: string; readonly data: z.infer<typeof NodeFields> };

/** Values by node and name. */
export type Pool = Map<string, Fields>;

/** A workflow file, as far as a program that follows it needs it. */
export type Flow = {
  readonly node: (id: string) => FlowNode;
  /** A pool that holds the environment variables. */
  readonly newPool: () => Pool;
};

/** Reads a workflow file. */
export const readFlow = async (file: URL): Promise<Flow> => {
  const { workflow } = FlowFile.parse(parse(await readFile(file, "utf8")));
  return {
    node: (id) => {
      const found = workflow.graph.nodes.find((node) => node.id === id);
      if (found === undefined) throw new Error(`the flow has no node ${id}`);
      return found;
    },
    newPool: () =>
      new Map([
        ["env", Object.fromEntries(workflow.environment_variables.map(({ name, value }) => [name, value]))],
      ]),
  };
};

/** What a program tells of a node. */
export const programNode = ({ id, data }: FlowNode): ProgramNode => ({
  id,
  type: data.type,
  title: data.title,
  ...(data.iteration_id === undefined ? {} : { iterationId: data.iteration_id }),
});

/** The value that a selector stands for; null when there is none. */
export const valueAt = (pool: Pool, selector: readonly string[]): unknown =>
  pool.get(selector[0] ?? "")?.[selector[1] ?? ""] ?? null;

/** Puts values into the `{{#node.name#}}` of a text. */
export const fillIn = (pool: Pool, text: string): string =>
  text.replaceAll(/\{\{#(\w+)\.(\w+)#\}\}/g, (_, id: string, name: string) => {
    const value = valueAt(pool, [id, name]);
    if (value === null) return "";
    return typeof value === "string" ? value : JSON.stringify(value);
  });

/** Runs a code node's `main` with the values that its variables select. */
export const runCode = (
  node: FlowNode,
  pool: Pool,
): { readonly inputs: Fields; readonly outputs: Fields } => {
  const inputs = Object.fromEntries(
    (node.data.variables ?? []).map(({ variable, value_selector }) => [
      variable,
      valueAt(pool, value_selector ?? []),
    ]),
  );
  const script = `${node.data.code ?? ""}\nJSON.stringify(main(JSON.parse(given)));`;
  const result: unknown = runInNewContext(script, { given: JSON.stringify(inputs) }, { timeout: 15_000 });
  const outputs = z.record(z.string(), z.unknown()).parse(JSON.parse(String(result)));
  return { inputs, outputs };
};
