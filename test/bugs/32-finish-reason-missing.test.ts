import assert from "node:assert/strict";
import { test } from "node:test";
import { assertWhole, playReview } from "../llm/played-review.ts";

test("bug 32: a stream that ends in [DONE] without a finish reason is whole", async () => {
  const played = await playReview({ server: {}, faults: [{ kind: "no-finish", isDone: true }] });
  assertWhole(played);
  assert.equal(played.bodies.length, 1);
});
