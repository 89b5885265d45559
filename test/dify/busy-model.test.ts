import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DifyError } from "../../src/base/errors.ts";
import { createMemoryJournal } from "../../src/base/journal.ts";
import { isDifyOutage } from "../../src/dify/breaker-runner.ts";
import { finished, nodeFinished, started, startScriptedDify } from "./scripted-dify.ts";

const error = (status: number, message: string): string => {
  const description = `[models] Error: API request failed with status code ${status}: ${JSON.stringify({ error: { message } })}`;
  return `req_id: a9 PluginInvokeError: ${JSON.stringify({ args: { description }, error_type: "InvokeError", message: description })}`;
};
const BUSY = error(429, "Rate limit reached. Please try again in 20s.");
const failing = (text: string, node: object = {}) => ({
  frames: [
    started,
    nodeFinished({ status: "failed", error: text, ...node }),
    finished({ status: "failed", error: text, total_steps: 1 }),
  ],
});
const good = {
  frames: [started, nodeFinished({}), finished({ outputs: { answer: "done" }, total_steps: 1 })],
};

describe("a model that is busy, inside Dify", () => {
  it("makes a failed run transient, with the pause that was asked for", async () => {
    await using dify = await startScriptedDify([failing(BUSY)]);
    const { status, transient } = await dify.run();
    assert.deepEqual(
      [status, transient],
      ["failed", { outside: null, pauseMs: 20_000, mayHavePosted: false }],
    );
  });
  it("is asked by a new run in a new name when the same request comes again", async () => {
    await using dify = await startScriptedDify([failing(BUSY), failing(BUSY), good], {
      status: "succeeded",
    });
    const journal = createMemoryJournal();
    const statuses = [];
    for (let count = 0; count < 4; count += 1) statuses.push((await dify.run({}, journal)).status);
    // The fourth look finds the run that the journal knows.
    assert.deepEqual(statuses, ["failed", "failed", "succeeded", "succeeded"]);
    assert.deepEqual(dify.users, ["reviewflow-run-1", "reviewflow-run-1-2", "reviewflow-run-1-3"]);
  });
  it("is no reason for a new run where a key or a quota is at fault, or another node than a model's", async () => {
    for (const answer of [
      failing(error(401, "Incorrect API key provided")),
      failing(error(429, "You exceeded your current quota, please check your plan and billing details.")),
      failing("Model gpt-9 not exist."),
      failing("Request failed with status code 503", { node_type: "http-request" }),
    ]) {
      await using dify = await startScriptedDify([answer]);
      assert.equal((await dify.run()).transient, undefined);
    }
  });
  it("may have been preceded by a note where a request that writes ran, or where steps were not seen", async () => {
    const http = (method: string) =>
      nodeFinished({
        node_type: "http-request",
        process_data: { request: `${method} /api/v4 HTTP/1.1\r\n\r\n` },
      });
    const llm = nodeFinished({ status: "failed", error: BUSY });
    const end = (total_steps: number) => finished({ status: "failed", error: BUSY, total_steps });
    for (const [frames, mayHavePosted] of [
      [[started, http("GET"), llm, end(2)], false],
      [[started, http("POST"), llm, end(2)], true],
      [[started, nodeFinished({ node_type: "http-request" }), llm, end(2)], true],
      [[started, nodeFinished({ node_type: "tool" }), llm, end(2)], true],
      [[started, llm, end(2)], true],
    ] as const) {
      await using dify = await startScriptedDify([{ frames }]);
      assert.equal((await dify.run()).transient?.mayHavePosted, mayHavePosted);
    }
  });
  it("is retryable as an error event and as a refusal, and no outage of Dify", async () => {
    const body = { code: "completion_request_error", message: "[openai] Rate Limit Error, 429", status: 400 };
    await using dify = await startScriptedDify([
      { frames: [{ event: "error", ...body }] },
      { status: 400, body },
    ]);
    for (const mode of ["streaming", "blocking"] as const)
      await assert.rejects(dify.run({ mode }), (thrown) => {
        assert.ok(thrown instanceof DifyError && thrown.retryable && !isDifyOutage(thrown));
        assert.equal(thrown.code, "dify-model-overloaded");
        return true;
      });
  });
  it("is final as an error event where waiting does not help", async () => {
    const body = { code: "completion_request_error", message: "Incorrect API key provided", status: 400 };
    await using dify = await startScriptedDify([{ frames: [{ event: "error", ...body }] }]);
    await assert.rejects(dify.run(), { code: "dify-completion-request-error", retryable: false });
  });
});
