import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { assertWhole, playReview } from "../llm/played-review.ts";

suite("bug 08: a server that cuts prompts and says so in its usage alone", () => {
  test("what was read in part is packed again, and no part of a review is made of a cut prompt", async () => {
    const played = await playReview({ server: { kind: "ollama" }, files: 6, lines: 120 });
    assertWhole(played, 6);
    assert.ok(played.bodies.length > 6, String(played.bodies.length));
  });

  test("where the instructions alone are cut, nothing counts as reviewed", async () => {
    const played = await playReview({ server: { kind: "ollama", contextWindow: 2_048 } });
    assert.equal(played.code, 2);
    assert.match(played.err, /OLLAMA_CONTEXT_LENGTH/);
  });
});
