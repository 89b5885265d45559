import { translator } from "../../src/messages/format-message.ts";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const COMMAND = fileURLToPath(new URL("../../src/cli/reviewflow.ts", import.meta.url));

const tell = async (...options: readonly string[]): Promise<string> => {
  const env = { ...process.env, MODEL_NAME: "", LC_ALL: "C", REVIEWFLOW_LANGUAGE: undefined };
  const { stdout } = await promisify(execFile)(process.execPath, [COMMAND, "demo", ...options], { env });
  return stdout;
};

const t = translator("en");

suite("the demo", () => {
  test("shows a finding with its suggestion, the summary with its receipt, and the thread resolved by a push", async () => {
    const story = await tell();
    assert.ok(story.includes(`src/cart.js:3 (${t("thread.state.open")})`));
    assert.match(story, /```suggestion:-0\+0\n.*for \(let i = 0; i < items\.length; i\+\+\) \{/);
    assert.ok(story.includes(t("coverage.heading", { reviewed: 1, partly: 0, skipped: 0 })));
    assert.ok(story.includes(`src/cart.js:3 (${t("thread.state.resolved")})`));
    assert.ok(story.includes(t("demo.story.again")));
  });

  test("shows the tutorial's flow on Dify too", async () => {
    assert.ok((await tell("--dify")).includes(t("demo.story.on-dify")));
  });
});
