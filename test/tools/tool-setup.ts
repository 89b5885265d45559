import assert from "node:assert/strict";
import { createMemoryJournal } from "../../src/base/journal.ts";
import type { JsonObject } from "../../src/base/json.ts";
import type { FlowPorts } from "../../src/flow/node.ts";
import type { NodeResult, ToolAnswer, ToolReference, ToolRequest } from "../../src/flow/ports.ts";
import { createTools, type ToolServers, type ToolSettings } from "../../src/tools/tool-runner.ts";

const unexpected = async (): Promise<never> => assert.fail("the tool called a port that it should not need");

/** Ports of which each fails the test that calls it. */
export const NO_PORTS: Omit<FlowPorts, "tools"> = {
  code: { run: unexpected },
  template: { render: unexpected },
  model: { generate: unexpected },
  http: { send: unexpected },
  knowledge: { search: unexpected },
  documents: { read: unexpected },
};

/** A runner of tools with nothing set up save what is given. */
export const runnerWith = (given: Partial<ToolServers & ToolSettings> = {}, ports = NO_PORTS) => {
  const { targets = {}, flows = new Map(), secrets = new Map(), limits = {}, ...servers } = given;
  const tools = createTools({
    mcpServers: [],
    openApiServices: [],
    clock: { now: () => Date.UTC(2026, 0, 5, 23, 4, 9, 78), sleep: unexpected },
    http: ports.http,
    code: ports.code,
    ...servers,
  });
  return tools({ targets, flows, secrets, limits })(ports);
};

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
