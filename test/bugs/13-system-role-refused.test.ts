import assert from "node:assert/strict";
import { test } from "node:test";
import { assertWhole, playReview } from "../llm/played-review.ts";

test("bug 13: the instructions go into the user's message where a model's template has no system role", async () => {
  const finding = {
    path: "src/sum0.js",
    line: 3,
    severity: "major",
    title: "Past the end",
    body: "It fails.",
  };
  const script = () => JSON.stringify({ overview: "Adds a loop.", findings: [finding] });
  const played = await playReview({ server: { refuses: ["system"], script } });
  assertWhole(played);
  assert.doesNotMatch(played.bodies.at(-1) ?? "", /"role":"system"/);
  assert.match(played.bodies.at(-1) ?? "", /You are an experienced engineer/);
});
