import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { putDescription } from "../../../src/review/conversation/describe-block.ts";

const START = "<!-- reviewflow:description -->";
const END = "<!-- reviewflow:description end -->";

suite("a proposal in a description", () => {
  test("stands behind what people wrote, and is replaced in its place", () => {
    const first = putDescription("By hand.", "One.");
    assert.equal(first, `By hand.\n\n${START}\nOne.\n${END}`);
    assert.equal(
      putDescription(`${first}\n\nBelow.`, "Two."),
      `By hand.\n\n${START}\nTwo.\n${END}\n\nBelow.`,
    );
    assert.equal(putDescription(" ", "One."), `${START}\nOne.\n${END}`);
  });

  test("takes nothing of theirs along where one of its hidden lines was lost", () => {
    for (const damaged of [
      `${START}\nOld.\n\nBy hand.`,
      `Old.\n${END}\n\nBy hand.`,
      `${END}\n${START}\nBy hand.`,
    ]) {
      const once = putDescription(damaged, "One.");
      assert.equal(putDescription(once, "Two."), `${damaged}\n\n${START}\nTwo.\n${END}`);
      assert.equal(
        putDescription(`${once}\n${START}`, "Two."),
        `${damaged}\n\n${START}\nTwo.\n${END}\n${START}`,
      );
    }
  });
});
