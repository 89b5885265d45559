import type { JsonObject } from "../../../base/json.ts";
import { evaluateConditions, readsOfConditions } from "../../conditions/evaluate.ts";
import { defineNodeKind, nodeFailure, PLAIN_DECLARATION } from "../../node.ts";
import { NodeError } from "../../node-error.ts";
import type { Pool } from "../../pool.ts";
import { IfElseData } from "./schema.ts";

const choose = (data: IfElseData, pool: Pool): { caseId: string | null; inputs: readonly JsonObject[] } => {
  let inputs: readonly JsonObject[] = [];
  for (const one of data.cases) {
    const result = evaluateConditions(pool, one.conditions, one.logical_operator);
    inputs = result.inputs;
    if (result.holds) return { caseId: one.case_id, inputs };
  }
  return { caseId: null, inputs };
};

/** Leaves by the first case that holds, or by `false`. A variable that is not there fails the node. */
export const ifElseKind = defineNodeKind({
  type: "if-else",
  role: "branch",
  schema: IfElseData,
  declare: (data) => ({
    ...PLAIN_DECLARATION,
    handles: [...data.cases.map((one) => one.case_id), "false"],
    outputs: { result: "boolean", selected_case_id: "string" },
    reads: data.cases.flatMap((one) => readsOfConditions(`cases.${one.case_id}`, one.conditions)),
  }),
  execute: async (data, { pool }) => {
    try {
      const { caseId, inputs } = choose(data, pool);
      const selected = caseId ?? "false";
      return {
        ok: true,
        inputs: { conditions: inputs },
        outputs: { result: caseId !== null, selected_case_id: selected },
        handle: selected === "" ? "false" : selected,
      };
    } catch (error) {
      if (error instanceof NodeError) return nodeFailure("", error.what, { inputs: { conditions: [] } });
      throw error;
    }
  },
});
