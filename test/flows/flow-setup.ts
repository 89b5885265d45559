import { readFileSync } from "node:fs";
import { z } from "zod";
import { systemClock } from "../../src/base/clock.ts";
import { createMemoryJournal } from "../../src/base/journal.ts";
import type { JsonObject } from "../../src/base/json.ts";
import { type FlowRunResult, runFlow } from "../../src/flow/engine/run-flow.ts";
import type { NodeFailure } from "../../src/flow/ports.ts";
import { parseFlow } from "../../src/flow/parse/parse-flow.ts";
import { createCodeRunner } from "../../src/sandbox/create-code-runner.ts";
import { createTemplateRenderer } from "../../src/sandbox/create-template-renderer.ts";
import { type ModelStandIn, startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { createTestClient, standInModel } from "../llm/model-setup.ts";

/** The flows of a findings review. */
export const FINDINGS_FLOWS = ["review", "mentor", "verify", "summary"] as const;
export type FindingsFlow = (typeof FINDINGS_FLOWS)[number];

/** Where a flow's file lies. */
export const flowUrl = (name: FindingsFlow): URL => new URL(`../../flows/${name}.yml`, import.meta.url);

/** The text of a flow's file. */
export const flowText = (name: FindingsFlow): string => readFileSync(flowUrl(name), "utf8");

/** A word that nobody can guess, in the tests' place. */
export const NONCE = "q7f3c1e9d2b8a604";

const refusal: NodeFailure = {
  ok: false,
  errorType: "Refused",
  message: "a flow that judges has nothing to ask here",
  retryable: false,
};

/** The messages of the last request that the model received, by role. */
export const lastMessages = (
  standIn: ModelStandIn,
): { readonly system: string; readonly user: string; readonly count: number } => {
  const messages = standIn.calls().at(-1)?.chat?.messages ?? [];
  const textBy = (role: string): string =>
    z.string().parse(messages.find((message) => message.role === role)?.content);
  return { system: textBy("system"), user: textBy("user"), count: messages.length };
};

/** The engine with its real sandboxes and model client, over the model stand-in. `script` replaces its answers. */
export const startEngine = async (script?: () => string) => {
  const standIn = await startModelStandIn(script === undefined ? {} : { script });
  const { client } = createTestClient([standInModel(standIn)]);
  const code = createCodeRunner({ http: null, javascriptConcurrency: 1 });
  const template = createTemplateRenderer({ concurrency: 1 });
  const run = async (name: FindingsFlow, inputs: JsonObject): Promise<FlowRunResult> =>
    await runFlow(parseFlow(flowText(name)), {
      inputs,
      ports: {
        model: client,
        code,
        template,
        http: { send: async () => refusal },
        knowledge: { search: async () => refusal },
        tools: { invoke: async () => refusal, describe: async () => refusal },
        documents: { read: async () => refusal },
      },
      journal: createMemoryJournal(),
      signal: new AbortController().signal,
      onEvent: () => undefined,
      clock: systemClock,
    });
  return {
    standIn,
    run,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([
        code[Symbol.asyncDispose](),
        template[Symbol.asyncDispose](),
        standIn[Symbol.asyncDispose](),
      ]);
    },
  };
};

/** A part of a change with mistakes that a plain rule can find. */
export const PLANTED_DIFF = `=== src/cart.js (modified) ===
@@ export const total = (items) => { @@
   10     | export const total = (items) => {
   11     |   let sum = 0;
   12  -  |   for (const item of items) {
   13  -  |     sum += item.price;
   12  +  |   for (let i = 0; i <= items.length; i++) {
   13  +  |     sum += items[i].price;
   14     |   }
   15     |   return sum;

=== src/login.js (added) ===
@@ @@
    1  +  | const password = "correct horse";
    2  +  | export const isOpen = (door) => door.state === "open";
`;

/** A part of a change that is all right. */
export const CLEAN_DIFF = `=== src/cart.js (modified) ===
@@ export const total = (items) => { @@
   10     | export const total = (items) => {
   11  -  |   let sum = 0;
   11  +  |   let sum = 0n;
   12     |   for (const item of items) sum += item.price;
`;
