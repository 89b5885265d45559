import { formatMessage } from "../../src/messages/format-message.ts";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const COMMAND = fileURLToPath(new URL("../../src/cli/reviewflow.ts", import.meta.url));

const tell = async (...options: readonly string[]): Promise<string> => {
  const env = { ...process.env, MODEL_NAME: "" };
  const { stdout } = await promisify(execFile)(process.execPath, [COMMAND, "demo", ...options], { env });
  return stdout;
};

suite("the demo", () => {
  test("shows a finding with its suggestion, the summary with its receipt, and the thread resolved by a push", async () => {
    const story = await tell();
    assert.match(story, /src\/cart\.js:3 \(open\)/);
    assert.match(story, /```suggestion:-0\+0\n.*for \(let i = 0; i < items\.length; i\+\+\) \{/);
    assert.ok(
      story.includes(formatMessage("en", "coverage.heading", { reviewed: 1, partly: 0, skipped: 0 })),
    );
    assert.match(story, /src\/cart\.js:3 \(resolved\)/);
    assert.match(story, /nothing was done twice/);
  });

  test("shows the tutorial's flow on Dify too", async () => {
    assert.match(await tell("--dify"), /succeeded on Dify \(stand-in\)/);
  });
});
