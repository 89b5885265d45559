/**
 * Flows whose values are whole floats, integers beyond 2^53, NaN and negative zeros, whose answer on Dify's own engine
 * (graphon 0.8.0 under Python 3.12) was recorded: numbers print and count here as they do there.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { z } from "zod";
import { createCodeRunner, type SandboxedCodeRunner } from "../../../src/sandbox/create-code-runner.ts";
import {
  createTemplateRenderer,
  type SandboxedTemplateRenderer,
} from "../../../src/sandbox/create-template-renderer.ts";
import { ModelRule, RecordedRun } from "./recorded-run.ts";
import { runRecorded } from "./run-recorded.ts";

const { cases } = z
  .object({
    cases: z.array(
      z.object({
        name: z.string(),
        /** The workflow file. */
        file: z.string(),
        model: z.array(ModelRule).default([]),
        expected: z.object({ status: z.string(), answer: z.string().optional() }),
      }),
    ),
  })
  .parse(
    JSON.parse(
      readFileSync(new URL("../../fixtures/dify-nodes/exact-numbers.json", import.meta.url), "utf8"),
    ),
  );

/** None of the flows asks anything. */
const http = { send: async () => await Promise.reject(new Error("a request")) };

let code: SandboxedCodeRunner;
let template: SandboxedTemplateRenderer;
before(() => {
  code = createCodeRunner({ http: null, timeLimitMs: 120_000 });
  template = createTemplateRenderer();
});
after(async () => {
  await code[Symbol.asyncDispose]();
  await template[Symbol.asyncDispose]();
});

describe("numbers keep the form that they have on Dify's engine", () => {
  for (const { name, file, model, expected } of cases) {
    it(`in: ${name}`, async () => {
      const run = RecordedRun.parse({ model, query: "q" });
      const own = await runRecorded({ name, file: name, text: file, run }, { code, template, http });
      assert.ok(own.refused === null, JSON.stringify(own.refused));
      assert.equal(own.status, expected.status, own.error ?? "");
      if (expected.answer !== undefined) {
        assert.equal(own.outputs["answer"], expected.answer);
      }
    });
  }
});
