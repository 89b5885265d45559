import { readFileSync } from "node:fs";
import { z } from "zod";
import { JsonObject } from "../../../src/base/json.ts";
import { type Exact, exactEntries, isExactArray, parseExact, plainOf } from "../../../src/flow/exact.ts";
import { pythonJson } from "../../../src/flow/value-text.ts";
import { ModelRule, type RecordedCase, RecordedRun } from "./recorded-run.ts";

const SmallCase = z.object({
  name: z.string(),
  inputs: JsonObject.default({}),
  query: z.string().optional(),
  model: z.array(ModelRule).default([]),
  expected: RecordedRun,
});

const at = (value: Exact | undefined, key: string): Exact | undefined =>
  value === undefined ? undefined : exactEntries(value).find(([name]) => name === key)?.[1];
const listAt = (value: Exact | undefined, key: string): readonly Exact[] => {
  const list = at(value, key);
  return list !== undefined && isExactArray(list) ? list : [];
};
const entriesAt = (value: Exact | undefined, key: string): { readonly [key: string]: Exact } =>
  Object.fromEntries(exactEntries(at(value, key) ?? null));

/** What the records' engine sees nothing of outside: the children of loops. Dify's server does see them. */
const unseenOf = (nodes: readonly Exact[]): ReadonlySet<Exact | undefined> => {
  const loops = new Set(
    nodes.filter((node) => at(at(node, "data"), "type") === "loop").map((node) => at(node, "id")),
  );
  return new Set(nodes.filter((node) => loops.has(at(node, "parentId"))).map((node) => at(node, "id")));
};

/** A node's data; an end outside of a loop names nothing in the place of what is inside. */
const dataOf = (node: Exact, unseen: ReadonlySet<Exact | undefined>): { readonly [key: string]: Exact } => {
  const data = entriesAt(node, "data");
  if (at(data, "type") !== "end" || !isExactArray(data["outputs"] ?? null)) return data;
  const outputs = listAt(data, "outputs").map((output) => {
    const [source = "", ...rest] = listAt(output, "value_selector");
    return {
      ...Object.fromEntries(exactEntries(output)),
      value_selector: [unseen.has(source) ? "unseen" : source, ...rest],
    };
  });
  return { ...data, outputs };
};

/** The file as Dify exports it; JSON is YAML, and numbers keep their digits. */
const fileOf = (flow: Exact | undefined): string => {
  const nodes = listAt(flow, "nodes");
  const unseen = unseenOf(nodes);
  return pythonJson({
    version: "0.6.0",
    kind: "app",
    app: { name: "case", mode: at(flow, "mode") ?? "", icon: "x", icon_background: "#fff", description: "" },
    dependencies: [],
    workflow: {
      conversation_variables: listAt(flow, "conversation").map((one, index) => ({
        id: `v${index}`,
        description: "",
        ...Object.fromEntries(exactEntries(one)),
      })),
      environment_variables: listAt(flow, "environment"),
      features: {},
      graph: {
        nodes: nodes.map((node) => ({
          ...Object.fromEntries(exactEntries(node)),
          type: "custom",
          data: { title: at(node, "id") ?? "", desc: "", ...dataOf(node, unseen) },
        })),
        edges: listAt(flow, "edges").map((edge) => {
          const [source = "", sourceHandle = "", target = ""] = isExactArray(edge) ? edge : [];
          return {
            id: `${pythonJson(source)}-${pythonJson(sourceHandle)}-${pythonJson(target)}`,
            source,
            sourceHandle,
            target,
            targetHandle: "target",
            data: {},
          };
        }),
      },
    },
  });
};

/** The small flows of one kind, each with its run on Dify's own engine. */
export const readSmallFlows = (url: URL): readonly RecordedCase[] =>
  listAt(parseExact(readFileSync(url, "utf8")), "cases").map((one) => {
    const { name, inputs, query, model, expected } = SmallCase.parse(plainOf(one));
    const run = { ...expected, inputs, model, ...(query === undefined ? {} : { query }) };
    return { name, file: name, text: fileOf(at(one, "flow")), run };
  });
