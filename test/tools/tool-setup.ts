import assert from "node:assert/strict";
import { createMemoryJournal } from "../../src/base/journal.ts";
import type { JsonObject } from "../../src/base/json.ts";
import type { NodeResult, ToolAnswer, ToolReference, ToolRequest } from "../../src/flow/ports.ts";
import { createToolRunner, type ToolRunnerOptions } from "../../src/tools/tool-runner.ts";

const unexpected = async (): Promise<never> => assert.fail("the tool called a port that it should not need");

/** A runner with ports of which each fails the test that calls it, save those given. */
export const runnerWith = (given: Partial<ToolRunnerOptions> = {}) =>
  createToolRunner({
    clock: { now: () => Date.UTC(2026, 0, 5, 23, 4, 9, 78), sleep: unexpected },
    http: { send: unexpected },
    code: { run: unexpected },
    secrets: new Map(),
    ...given,
  });

/** A call of a tool, such as `time/weekday`. */
export const requestOf = (
  tool: string,
  parameters: JsonObject = {},
  more: Partial<ToolRequest> = {},
): ToolRequest => {
  const slash = tool.lastIndexOf("/");
  return {
    providerType: "builtin",
    providerId: tool.slice(0, slash),
    toolName: tool.slice(slash + 1),
    parameters,
    settings: {},
    signal: new AbortController().signal,
    callDepth: 0,
    journal: createMemoryJournal(),
    ...more,
  };
};

/** The answer of a call that is expected to succeed. */
export const answerOf = (result: NodeResult<ToolAnswer>): ToolAnswer =>
  result.ok ? result.value : assert.fail(`${result.errorType}: ${result.message}`);

/** A failure by its type and the code of its sentence, or what it says in other words. */
export const failureOf = (result: NodeResult<unknown>) => {
  if (result.ok) assert.fail(JSON.stringify(result.value));
  return { type: result.errorType, why: result.host ?? result.message };
};

/** A tool by its name in files. */
export const referenceOf = (tool: string): ToolReference => requestOf(tool);
