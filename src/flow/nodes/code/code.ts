import { setImmediate as nextTask } from "node:timers/promises";
import type { JsonObject } from "../../../base/json.ts";
import type { NodeContext, NodeDeclaration, NodeOutcome } from "../../node.ts";
import { defineNodeKind, nodeFailure, portFailure, PLAIN_DECLARATION } from "../../node.ts";
import type { Exact } from "../../exact.ts";
import { readPool } from "../../pool.ts";
import type { Variable } from "../../value-type.ts";
import { exactOf, exactOutputs, isJsonArray } from "../../value-type.ts";
import { checkOutputs } from "./check-outputs.ts";
import { unknownImports } from "./unknown-imports.ts";
import { CodeData } from "./schema.ts";
import { flowMessage } from "../../messages/message.ts";
import { NodeError } from "../../node-error.ts";

/** What `main` is given for a variable: a missing one and an empty list of files are null. */
const argumentOf = (variable: Variable | undefined): Variable | null => {
  if (variable === undefined) return null;
  const isEmptyFiles =
    variable.type === "array[file]" && isJsonArray(variable.value) && variable.value.length === 0;
  return isEmptyFiles ? null : variable;
};

const declare = (data: CodeData): NodeDeclaration => ({
  ...PLAIN_DECLARATION,
  reads: data.variables.map(({ variable, value_selector }) => ({
    selector: value_selector,
    field: `variables.${variable}`,
    needed: false,
  })),
  outputs: Object.fromEntries(
    Object.entries(data.outputs).map(([name, { type }]) => [name, type === "number" ? "any" : type]),
  ),
  languages: [data.code_language],
  warnings: [
    ...(data.dependencies ?? []).map(({ name }) => ({
      field: "dependencies",
      message: flowMessage("flow.code.package-missing", { name }),
    })),
    ...unknownImports(data.code_language, data.code).map((name) => ({
      field: "code",
      message: flowMessage("flow.code.import-missing", { name }),
    })),
  ],
});

const settle = (result: Exact, data: CodeData, inputs: JsonObject): NodeOutcome => {
  try {
    return { ok: true, inputs, ...exactOutputs(checkOutputs(result, data.outputs)) };
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    return nodeFailure(error.errorType ?? "OutputValidationError", error.what, { inputs });
  }
};

/** A check that takes longer than this, in milliseconds, lets the event loop run before the next step. */
const LONG_CHECK_MS = 5;

const execute = async (data: CodeData, { pool, ports, signal }: NodeContext): Promise<NodeOutcome> => {
  const found = data.variables.map(
    ({ variable, value_selector }) => [variable, argumentOf(readPool(pool, value_selector))] as const,
  );
  const inputs = Object.fromEntries(found.map(([name, variable]) => [name, variable?.value ?? null]));
  const result = await ports.code.run({
    language: data.code_language,
    code: data.code,
    inputs: Object.fromEntries(
      found.map(([name, variable]) => [name, variable === null ? null : exactOf(variable)]),
    ),
    signal,
  });
  if (!result.ok) return portFailure(result, { inputs });
  const startedAt = performance.now();
  const outcome = settle(result.value, data, inputs);
  // A result of megabytes: what comes next, masking and the journal, gets a time slice of its own.
  if (performance.now() - startedAt > LONG_CHECK_MS) await nextTask();
  return outcome;
};

/** Runs code in the sandbox (Dify's node documentation, "Code"). */
export const codeKind = defineNodeKind({ type: "code", retries: true, schema: CodeData, declare, execute });
