import { z } from "zod";
import type { Json } from "../../../base/json.ts";
import type { Exact } from "../../exact.ts";
import { defineNodeKind, type NodeOutcome, PLAIN_DECLARATION } from "../../node.ts";
import { type Pool, readPool, type Selector } from "../../pool.ts";
import { exactOf, exactOutputs, outputsOf, type Variable } from "../../value-type.ts";
import { SelectorPath } from "../selector-path.ts";

const Group = z.object({ group_name: z.string(), variables: z.array(SelectorPath) });

/** Data of a variable aggregator. */
const VariableAggregatorData = z.object({
  variables: z
    .array(SelectorPath)
    .nullish()
    .transform((value) => value ?? []),
  advanced_settings: z
    .object({
      group_enabled: z.boolean().nullish(),
      groups: z
        .array(Group)
        .nullish()
        .transform((value) => value ?? []),
    })
    .nullish(),
});
type VariableAggregatorData = z.infer<typeof VariableAggregatorData>;

const groupsOf = (data: VariableAggregatorData) =>
  data.advanced_settings?.group_enabled === true ? data.advanced_settings.groups : null;

/** The first selector at which anything is present wins, even when it is null. */
const firstPresent = (
  pool: Pool,
  selectors: readonly Selector[],
): { readonly selector: Selector; readonly variable: Variable } | undefined => {
  for (const selector of selectors) {
    const variable = readPool(pool, selector);
    if (variable !== undefined) return { selector, variable };
  }
  return undefined;
};

const inputName = (selector: Selector): string => selector.slice(1).join(".");

const aggregate = (data: VariableAggregatorData, pool: Pool): NodeOutcome => {
  const groups = groupsOf(data);
  if (groups === null) {
    const found = firstPresent(pool, data.variables);
    if (found === undefined) return { ok: true, inputs: {}, outputs: {} };
    return {
      ok: true,
      inputs: { [inputName(found.selector)]: found.variable.value },
      ...outputsOf({ output: found.variable }),
    };
  }
  const inputs: Record<string, Json> = {};
  const outputs: Record<string, Exact> = {};
  for (const group of groups) {
    const found = firstPresent(pool, group.variables);
    if (found === undefined) continue;
    inputs[inputName(found.selector)] = found.variable.value;
    outputs[group.group_name] = { output: exactOf(found.variable) };
  }
  return { ok: true, inputs, ...exactOutputs(outputs) };
};

const aggregatorKind = (type: string) =>
  defineNodeKind({
    type,
    schema: VariableAggregatorData,
    declare: (data) => {
      const groups = groupsOf(data);
      const selectors = groups === null ? data.variables : groups.flatMap((group) => group.variables);
      return {
        ...PLAIN_DECLARATION,
        outputs:
          groups === null
            ? { output: "any" as const }
            : Object.fromEntries(groups.map((group) => [group.group_name, "object" as const])),
        reads: selectors.map((selector) => ({ selector, field: "variables", needed: false })),
      };
    },
    execute: async (data, { pool }) => aggregate(data, pool),
  });

/** Brings the branches of a flow together: the first value present, whole or by groups. */
export const variableAggregatorKind = aggregatorKind("variable-aggregator");

/** The name that old exports have for the aggregator. */
export const oldVariableAggregatorKind = aggregatorKind("variable-assigner");
