import type { JsonObject } from "../../../base/json.ts";
import {
  defineNodeKind,
  NODE_ERROR,
  nodeFailure,
  type NodeOutcome,
  PLAIN_DECLARATION,
  type VariableUse,
} from "../../node.ts";
import { NodeError } from "../../node-error.ts";
import type { Pool } from "../../pool.ts";
import { SelectorPath } from "../selector-path.ts";
import { assignItems, assignOne } from "./assign.ts";
import { AssignerData } from "./schema.ts";

const readsOf = (data: AssignerData): readonly VariableUse[] => {
  if (data.kind === "first") {
    const field = "input_variable_selector";
    return [
      { selector: data.assigned_variable_selector, field: "assigned_variable_selector", needed: true },
      ...(data.write_mode === "clear"
        ? []
        : [{ selector: data.input_variable_selector, field, needed: true }]),
    ];
  }
  return data.items.flatMap((item, index) => {
    const source = item.input_type === "variable" ? SelectorPath.safeParse(item.value) : undefined;
    return [
      { selector: item.variable_selector, field: `items.${index}.variable_selector`, needed: true },
      ...(source?.success === true
        ? [{ selector: source.data, field: `items.${index}.value`, needed: true }]
        : []),
    ];
  });
};

const assign = (data: AssignerData, pool: Pool): NodeOutcome => {
  const inputs: JsonObject =
    data.kind === "second" ? { items: data.items.map(({ exact: _exact, ...item }) => item) } : {};
  try {
    if (data.kind === "second")
      return { ok: true, inputs, outputs: {}, writes: assignItems(data.items, pool) };
    const { write, value } = assignOne(data, pool);
    return { ok: true, inputs: { value }, outputs: {}, writes: [write] };
  } catch (error) {
    if (error instanceof NodeError) {
      return nodeFailure(data.kind === "second" ? "" : NODE_ERROR, error.what, { inputs });
    }
    throw error;
  }
};

/** Writes conversation and loop variables. */
export const assignerKind = defineNodeKind({
  type: "assigner",
  schema: AssignerData,
  declare: (data) => ({
    ...PLAIN_DECLARATION,
    reads: readsOf(data),
    assigns:
      data.kind === "second"
        ? data.items.map((item) => item.variable_selector)
        : [data.assigned_variable_selector],
  }),
  execute: async (data, { pool }) => assign(data, pool),
});
