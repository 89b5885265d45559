import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { withoutThoughts } from "../../src/base/thoughts.ts";
import { fc } from "../properties.ts";
import { anyThoughts, THOUGHTS } from "./thoughts-cases.ts";

describe("what a model wrote, without its thoughts", () => {
  for (const [name, answer, left] of THOUGHTS) it(name, () => assert.equal(withoutThoughts(answer), left));
  it("is a part of the text that has no further thoughts at its beginning", () => {
    fc.assert(
      fc.property(anyThoughts, (answer) => {
        const left = withoutThoughts(answer);
        assert.ok(answer.endsWith(left));
        assert.equal(withoutThoughts(left), left);
        assert.doesNotMatch(left, /^\s*<think/i);
      }),
    );
  });
  it("never holds what stood between marks at the beginning", () => {
    fc.assert(
      fc.property(
        fc.string().filter((thought) => !/[<`~]/.test(thought)),
        (thought) => {
          const secret = `PRIVATE${thought}THOUGHT`;
          for (const answer of [`<think>${secret}</think>ok`, `${secret}</think>ok`, `<think>${secret}`])
            assert.ok(!withoutThoughts(answer).includes("PRIVATE"));
        },
      ),
    );
  });
  it("takes time in proportion to a hostile text", () => {
    for (const part of [
      "<think></think>",
      "<think>",
      "</think>`",
      "`</think>`\n",
      "```\n</think>\n",
      "analysis",
      "<details",
      "<|channel|>x",
    ])
      assert.equal(typeof withoutThoughts(part.repeat(400_000 / part.length)), "string");
  });
});
