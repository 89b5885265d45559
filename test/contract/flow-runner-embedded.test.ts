import { createEmbeddedRunner } from "../../src/embedded/embedded-runner.ts";
import { NO_USAGE } from "../../src/flow/flow-event.ts";
import type { FlowPorts } from "../../src/flow/node.ts";
import { parseFlow } from "../../src/flow/parse/parse-flow.ts";
import type { CodeRequest, NodeFailure } from "../../src/flow/ports.ts";
import { createGate, type Gate } from "./dify-contract-apps.ts";
import { CONTRACT_FLOWS } from "./embedded-contract-flows.ts";
import { flowRunnerContract, type FlowRunnerHarness } from "./flow-runner.contract.ts";

const refused: NodeFailure = {
  ok: false,
  errorType: "Refused",
  message: "not in this test",
  retryable: false,
};

const whenAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });

type Watch = { state: "running" | "stopped" | "ended" | "gone" };

/** What stands for code: the engine is under test here, not the sandbox. */
const runCode = async ({ code, signal }: CodeRequest, gate: Gate, seen: Watch) => {
  if (code === "begin") {
    gate.begun += 1;
    seen.state = "running";
    return { ok: true as const, value: { x: "begun" } };
  }
  if (code === "wait") {
    try {
      await Promise.race([gate.opened, whenAborted(signal)]);
    } catch (error) {
      seen.state = "stopped";
      throw error;
    }
    seen.state = "ended";
    return { ok: true as const, value: { answer: "at last" } };
  }
  const thrown = /Error\('(.*)'\)/.exec(code)?.[1];
  if (thrown !== undefined) {
    return { ok: false as const, errorType: "CodeExecutionError", message: thrown, retryable: false };
  }
  return { ok: true as const, value: { answer: "what was left" } };
};

const open = async (): Promise<FlowRunnerHarness> => {
  const gate = createGate();
  const seen: Watch = { state: "gone" };
  const ports: FlowPorts = {
    code: { run: (request) => runCode(request, gate, seen) },
    template: { render: async () => refused },
    http: { send: async () => refused },
    knowledge: { search: async () => refused },
    tools: { invoke: async () => refused, describe: async () => refused },
    documents: { read: async () => refused },
    model: {
      generate: async ({ messages }) => ({
        ok: true,
        value: {
          text: `Hello ${messages.at(-1)?.content ?? ""}`,
          reasoning: "",
          finishReason: "stop",
          toolCalls: [],
          usage: { ...NO_USAGE, totalTokens: 30, promptTokens: 20, completionTokens: 10 },
        },
      }),
    },
  };
  return {
    runner: (flow) =>
      createEmbeddedRunner({ flow: parseFlow(CONTRACT_FLOWS[flow]), ports, tools: () => ports.tools }),
    timesBegun: () => gate.begun,
    release: gate.open,
    stateOfSlow: async () => seen.state,
    [Symbol.asyncDispose]: async () => gate.open(),
  };
};

flowRunnerContract("embedded engine", open);
