import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { assertWhole, playReview } from "../llm/played-review.ts";

suite("bug 09: a prompt that is refused for its length", () => {
  test("is cut smaller, and no request is sent twice", async () => {
    const server = { kind: "openai", contextWindow: 8_192 } as const;
    const played = await playReview({ server, files: 4, lines: 250 });
    assertWhole(played, 4);
    assert.equal(new Set(played.bodies).size, played.bodies.length);
  });

  test("that cannot be made smaller fails, and the message names the setting", async () => {
    const played = await playReview({ server: { kind: "openai", contextWindow: 1_024 } });
    assert.equal(played.code, 2);
    assert.match(played.err, /limits\.unit_tokens/);
    assert.equal(new Set(played.bodies).size, played.bodies.length);
  });
});
