import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, test } from "node:test";
import { ROOT } from "./blocks/read-blocks.ts";
import { BLOCKS, EXCEPTIONS, testBlocks } from "./blocks/test-blocks.ts";

describe("the code blocks of the documents, counted", () => {
  test("are found, and at most one in six is excepted, each for a reason that still holds", () => {
    assert.ok(BLOCKS.length > 40, `only ${BLOCKS.length} were found`);
    assert.ok(EXCEPTIONS.length <= BLOCKS.length / 6);
    for (const [document, start, reason] of EXCEPTIONS) {
      const excepted = BLOCKS.filter((block) => block.document === document && block.text.startsWith(start));
      assert.equal(excepted.length, 1, `${document}: ${start}`);
      assert.ok(reason.length > 5);
      for (const [path] of reason.matchAll(/test\/\S+\.ts/g)) assert.ok(existsSync(ROOT + path), path);
    }
  });
});

testBlocks((document) => document.startsWith("docs/"));
