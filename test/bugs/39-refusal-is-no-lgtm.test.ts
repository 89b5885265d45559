import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { playReview } from "../llm/played-review.ts";

suite("case 39: a refusal, prose, nothing and a web page are no review", () => {
  for (const text of [
    "I'm sorry, but I can't help with reviewing this code.",
    "The change adds a loop. I would look at it in more detail when I have time.",
    "",
    "<html><body>Sign in</body></html>",
  ])
    test(JSON.stringify(text.slice(0, 30)), async () => {
      const played = await playReview({ server: { script: () => text } });
      assert.equal(played.code, 2);
      assert.equal(played.report, null);
      // A streamed answer with nothing in it is asked for in one piece besides.
      assert.equal(played.bodies.length, text === "" ? 4 : 2);
    });

  test("LGTM is a review that found nothing", async () => {
    const played = await playReview({ server: { script: () => "LGTM" } });
    assert.equal(played.code, 0, played.err);
    assert.deepEqual([played.outcomes, played.found], [["reviewed"], 0]);
  });
});
