import { NodeFailure, type Program, type StandInApp } from "../../standins/dify/stand-in-app.ts";
import type { ContractFlow } from "./flow-runner.contract.ts";

/** A gate that `slow` waits at. */
export type Gate = { readonly opened: Promise<void>; readonly open: () => void; begun: number };

/** A closed gate. */
export const createGate = (): Gate => {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve, begun: 0 };
};

const succeeds: Program = async ({ inputs, node }) => {
  const greeting = await node({ id: "model", type: "llm", title: "Greet" }, () => ({
    outputs: { text: `Hello ${String(inputs["name"])}` },
    usage: { prompt_tokens: 20, completion_tokens: 10 },
  }));
  return { status: "succeeded", outputs: { answer: greeting.outputs["text"] } };
};

const fails: Program = async ({ node }) => {
  await node({ id: "code", type: "code", title: "Break" }, () => {
    throw new Error("boom");
  });
  return { status: "succeeded", outputs: {} };
};

const partial: Program = async ({ node }) => {
  await node({ id: "http", type: "http-request", title: "Ask", hasFailBranch: true }, () => {
    throw new NodeFailure("HTTPResponseCodeError", "no answer");
  });
  return { status: "succeeded", outputs: { answer: "what was left" } };
};

const slowAt =
  (gate: Gate): Program =>
  async ({ node, signal }) => {
    await node({ id: "first", type: "code", title: "First" }, () => {
      gate.begun += 1;
      return { outputs: {} };
    });
    await node({ id: "second", type: "code", title: "Second" }, async () => {
      const aborted = new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      });
      await Promise.race([gate.opened, aborted]);
      return { outputs: {} };
    });
    return { status: "succeeded", outputs: { answer: "at last" } };
  };

/** The flows of the contract as apps of the stand-in. */
export const contractApps = (gate: Gate): Readonly<Record<ContractFlow, StandInApp>> => ({
  succeeds: {
    name: "succeeds",
    key: "app-succeeds",
    form: [
      { variable: "name", type: "text-input", required: true, max_length: 20 },
      { variable: "mood", type: "select", options: ["kind", "stern"] },
    ],
    program: succeeds,
  },
  fails: { name: "fails", key: "app-fails", form: [], program: fails },
  partial: { name: "partial", key: "app-partial", form: [], program: partial },
  slow: { name: "slow", key: "app-slow", form: [], program: slowAt(gate) },
});
