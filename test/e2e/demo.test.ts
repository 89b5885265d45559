import { translator } from "../../src/messages/format-message.ts";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { ModelFault } from "../../standins/model/faults.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";

const COMMAND = fileURLToPath(new URL("../../src/cli/reviewflow.ts", import.meta.url));

const tell = (...options: readonly string[]): Promise<string> => tellWith({ MODEL_NAME: "" }, ...options);

const tellWith = async (
  model: Readonly<Record<string, string>>,
  ...options: readonly string[]
): Promise<string> => {
  const env = { ...process.env, ...model, LC_ALL: "C", REVIEWFLOW_LANGUAGE: undefined };
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

  const ANSWERS: readonly (readonly [string, string, readonly ModelFault[]])[] = [
    ["finds nothing", '```json\n{"overview": "Sums up.", "findings": []}\n```', []],
    ["refuses", "I am sorry, but I cannot help with that.", []],
    ["says nothing", "", []],
    ["talks", "Sure! Here is my review. The code is nice, but I would write it in another way.", []],
    [
      "takes no request",
      "",
      Array.from({ length: 200 }, () => ({ kind: "status", status: 400, message: "No." }) as const),
    ],
  ];
  for (const [name, answer, faults] of ANSWERS)
    test(`tells its story to the end with a real model that ${name}`, async () => {
      await using model = await startModelStandIn({ script: () => answer });
      model.fail(...faults);
      const story = await tellWith({ MODEL_NAME: "stand-in", MODEL_BASE_URL: model.url });
      assert.ok(story.includes(t("demo.story.model", { name: "stand-in" })));
      assert.ok(story.includes(t("demo.story.again")));
    });

  test("shows the tutorial's flow on Dify too", async () => {
    assert.ok((await tell("--dify")).includes(t("demo.story.on-dify")));
  });
});
