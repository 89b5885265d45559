import assert from "node:assert/strict";
import type { Exact, ExactObject } from "../../src/flow/exact.ts";
import type { CodeRequest, CodeRunner, NodeResult } from "../../src/flow/ports.ts";
import { pythonJson } from "../../src/flow/value-text.ts";
import { inCode } from "../flow/in-code.ts";

/** Runs code and gives what it returned or, after an exclamation mark, what went wrong. */
export type Attempts = {
  readonly attempt: (code: string, inputs?: ExactObject) => Promise<Exact>;
  /** As `attempt`, for code that must not succeed. */
  readonly failing: (code: string, inputs?: ExactObject) => Promise<string>;
};

/** Attempts in one language on one runner; every failure has to be Dify's `CodeExecutionError`. */
export const createAttempts = (runner: CodeRunner, language: CodeRequest["language"]): Attempts => {
  const run = async (code: string, inputs: ExactObject): Promise<NodeResult<Exact>> => {
    const result = await runner.run({ language, code, inputs, signal: new AbortController().signal });
    if (!result.ok) assert.deepEqual([result.errorType, result.retryable], ["CodeExecutionError", false]);
    return result;
  };
  return {
    attempt: async (code, inputs = {}) => {
      const result = await run(code, inputs);
      return result.ok
        ? result.value
        : `!${result.host === undefined ? result.message : inCode(result.host)}`;
    },
    failing: async (code, inputs = {}) => {
      const result = await run(code, inputs);
      assert.ok(!result.ok, `It returned ${result.ok ? pythonJson(result.value) : ""}`);
      return `!${result.host === undefined ? result.message : inCode(result.host)}`;
    },
  };
};
