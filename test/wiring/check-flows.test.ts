import { plain } from "../messages/plain.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConfigError } from "../../src/base/errors.ts";
import { type Logger, silentLogger } from "../../src/base/logger.ts";
import { Secret } from "../../src/base/secret.ts";
import { createDifyRunner } from "../../src/dify/dify-runner.ts";
import type { FlowRunner } from "../../src/review/flow-runner.ts";
import { checkFlows } from "../../src/wiring/check-flows.ts";
import type { ReviewFlow } from "../../src/worker/review-flow.ts";
import { startScriptedDify } from "../dify/scripted-dify.ts";
import { fakeFindingsFlow, fakeFlow } from "../worker/findings/world.ts";

const runnerOf = (url: string): FlowRunner => createDifyRunner({ baseUrl: url, apiKey: new Secret("app-x") });

const noteOn = (runner: FlowRunner): ReviewFlow => ({
  name: "notes",
  contract: "note",
  language: "English",
  inputs: {},
  output: null,
  runner,
});

const problemsOf = async (flow: ReviewFlow, logger: Logger = silentLogger): Promise<readonly string[]> => {
  try {
    await checkFlows([flow], logger);
    return [];
  } catch (error) {
    return error instanceof ConfigError ? error.problems.map(plain) : assert.fail(String(error));
  }
};

describe("flows on Dify at the start of the server", () => {
  for (const mode of ["chat", "advanced-chat", "agent-chat", "completion"]) {
    it(`do not keep the server from listening when the key's app is none that runs a workflow: ${mode}`, async () => {
      await using dify = await startScriptedDify([], {}, { mode });
      const runner = runnerOf(dify.url);
      const answering = { ...noteOn(fakeFlow([], () => ({})).runner), reply: { runner, digest: "" } };
      const { flow } = fakeFindingsFlow({ verify: { runner, digest: "" } });
      for (const one of [noteOn(runner), answering, flow]) {
        const warnings: string[] = [];
        const warn = (fields: object): void => void warnings.push(JSON.stringify(fields));
        assert.deepEqual(await problemsOf(one, { ...silentLogger, warn }), []);
        assert.equal(warnings.length, 1);
        assert.match(warnings[0] ?? "", /DIFY_API_KEY/);
      }
    });
  }
  it("fit when it is a workflow, or does not tell what it is", async () => {
    for (const mode of ["workflow", null]) {
      await using dify = await startScriptedDify([], {}, { mode });
      assert.deepEqual(await problemsOf(noteOn(runnerOf(dify.url))), []);
    }
  });
  it("for findings have to take the code that they judge", async () => {
    for (const [form, problems] of [
      [[], 1],
      [[{ paragraph: { variable: "diff", required: true } }], 0],
    ] as const) {
      await using dify = await startScriptedDify([], {}, { form });
      const found = await problemsOf(fakeFindingsFlow({ runner: runnerOf(dify.url) }).flow);
      assert.equal(found.length, problems);
    }
  });
});
