import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  finished,
  frame,
  nodeFinished,
  recordedFrames,
  started,
  startScriptedDify,
  withoutCorpus,
} from "./scripted-dify.ts";
import { englishOf, inItsWords } from "../../src/flow/messages/message.ts";
import { message } from "../../src/messages/message.ts";

const KEY = `sk-proj-${"Ab1".repeat(14)}`;
const description = `[models] Error: API request failed with status code 401: {"error":{"message":"Incorrect API key provided: ${KEY}.","code":"invalid_api_key"}}`;
const error = `req_id: a9 PluginInvokeError: ${JSON.stringify({ args: { description }, error_type: "InvokeAuthorizationError", message: description })}`;
const READABLE =
  "API request failed with status code 401: Incorrect API key provided: [masked: openai-key]. (invalid_api_key)";

describe("a node that fails on Dify", () => {
  it("is reported by its innermost message, without the provider's key, in events and in the outcome", async () => {
    await using dify = await startScriptedDify([
      {
        frames: [
          started,
          frame("node_retry", {
            node_id: "n",
            node_type: "llm",
            title: "N",
            status: "retry",
            error,
            retry_index: 1,
          }),
          nodeFinished({ status: "failed", error }),
          finished({ status: "failed", error }),
        ],
      },
    ]);
    const outcome = await dify.run();
    assert.equal(outcome.error, READABLE);
    const errors = dify.events.flatMap((event) =>
      "error" in event && event.error !== null ? [event.error] : [],
    );
    assert.deepEqual(errors.map(englishOf), [READABLE, READABLE, READABLE]);
  });
  it("is named in an error frame and in a refusal by the same words", async () => {
    await using dify = await startScriptedDify([
      { status: 400, body: { code: "completion_request_error", message: error, status: 400 } },
      { frames: [{ event: "error", code: "completion_request_error", message: error, status: 400 }] },
    ]);
    for (const mode of ["blocking", "streaming"] as const)
      await assert.rejects(dify.run({ mode }), (thrown) => {
        assert.ok(
          thrown instanceof Error && thrown.message.includes(READABLE) && !thrown.message.includes(KEY),
        );
        return true;
      });
  });
  it("and is caught by its branch has the message that Dify keeps among the outputs", async () => {
    const outputs = {
      error_message: "Request failed with status code 401",
      error_type: "HTTPResponseCodeError",
    };
    await using dify = await startScriptedDify([
      {
        frames: [
          started,
          nodeFinished({ status: "exception", error: "Unknown error", outputs: { error_message: error } }),
          nodeFinished({ node_type: "http-request", status: "exception", error: "Unknown error", outputs }),
          finished({ status: "partial-succeeded", outputs }),
        ],
      },
    ]);
    await dify.run();
    const ended = dify.events.filter((event) => event.event === "node_finished");
    assert.deepEqual(
      ended.map(({ error: said, outputs: { error_message: kept } }) => [said && englishOf(said), kept]),
      [
        [READABLE, READABLE],
        [outputs.error_message, outputs.error_message],
      ],
    );
  });

  const recorded = [
    ["stream-review-model-fails-for-good", "API request failed with status code 500: Scripted fault 500."],
    ["stream-review-code-node-throws", "The model answered with no text"],
  ] as const;
  for (const [name, expected] of recorded) {
    it(`reads well as a real server sends it: ${name}`, { skip: withoutCorpus }, async () => {
      await using dify = await startScriptedDify([{ frames: recordedFrames(name) }]);
      assert.equal((await dify.run()).error, expected);
    });
  }
  it(
    "and succeeds at its next attempt is no failed step, as a real server sends it",
    { skip: withoutCorpus },
    async () => {
      for (const [name, failed] of [
        ["stream-review-one-retry-then-ok", undefined],
        [
          "stream-classic-gitlab-refuses",
          [
            message("step.failed", {
              step: "GetMRList",
              error: inItsWords("Request failed with status code 401"),
            }),
          ],
        ],
      ] as const) {
        await using dify = await startScriptedDify([{ frames: recordedFrames(name) }]);
        const outcome = await dify.run();
        assert.equal(outcome.status, "partial-succeeded");
        assert.deepEqual(outcome.failedNodes, failed);
      }
    },
  );
});
