import { defineNodeKind, type NodeRemark, PLAIN_DECLARATION } from "../../node.ts";
import { NodeError } from "../../node-error.ts";
import { outputsOf, type ValueType, type Variable } from "../../value-type.ts";
import { isTruthy, plainValues } from "../../value-text.ts";
import { compileSchema } from "../../json-schema.ts";
import { type InputType, StartData } from "./schema.ts";
import { flowMessage } from "../../messages/message.ts";

const OUTPUT_TYPES: Readonly<Record<InputType, ValueType | "any">> = {
  "text-input": "string",
  paragraph: "string",
  select: "string",
  number: "any",
  checkbox: "boolean",
  file: "file",
  "file-list": "array[file]",
  json_object: "object",
  external_data_tool: "any",
};

const failures = (data: StartData): readonly NodeRemark[] =>
  (data.variables ?? [])
    .filter(({ type }) => type === "external_data_tool")
    .map(({ variable }) => ({
      field: `variables.${variable}`,
      message: flowMessage("flow.start.external-tool"),
    }));

const warnings = (data: StartData): readonly NodeRemark[] =>
  (data.variables ?? []).flatMap(({ variable, type, json_schema: schema }) => {
    if (type !== "json_object" || schema === null) return [];
    return compileSchema(schema).unresolved.map((reference) => ({
      field: `variables.${variable}`,
      message: flowMessage("flow.start.unresolved-reference", { reference }),
    }));
  });

/** Dify checks a field's JSON schema in the node, not when the inputs come in. */
const checkJsonInputs = (data: StartData, inputs: ReadonlyMap<string, Variable>): void => {
  for (const field of data.variables ?? []) {
    const value = inputs.get(field.variable)?.value ?? null;
    if (field.type !== "json_object" || field.json_schema === null || !isTruthy(value)) continue;
    const mismatch = compileSchema(field.json_schema).check(value);
    if (mismatch !== null) {
      throw new NodeError(
        flowMessage("flow.start.schema-mismatch", {
          input: field.variable,
          place: `${field.variable}${mismatch.pointer}`,
          problem: mismatch.message,
        }),
      );
    }
  }
};

/** Where a run starts: its outputs are the inputs and the `sys.` values. */
export const startKind = defineNodeKind({
  type: "start",
  role: "root",
  schema: StartData,
  declare: (data) => ({
    ...PLAIN_DECLARATION,
    outputs: Object.fromEntries(
      (data.variables ?? []).map(({ variable, type }) => [variable, OUTPUT_TYPES[type]]),
    ),
    failures: failures(data),
    warnings: warnings(data),
  }),
  execute: async (data, { nodeId, pool }) => {
    const inputs: ReadonlyMap<string, Variable> = pool.get(nodeId) ?? new Map();
    const system: ReadonlyMap<string, Variable> = pool.get("sys") ?? new Map();
    checkJsonInputs(data, inputs);
    const prefixed = [...system].map(([name, variable]) => [`sys.${name}`, variable] as const);
    return {
      ok: true,
      inputs: plainValues(Object.fromEntries(inputs)),
      ...outputsOf(Object.fromEntries([...prefixed, ...inputs])),
    };
  },
});
