import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fc } from "../../properties.ts";
import { readAnswer } from "../../../src/review/conversation/read-answer.ts";

suite("reading what a flow answered", () => {
  const cases = [
    [
      "a block of JSON",
      '```json\n{"reply": "Yes.", "withdraw": true}\n```',
      { reply: "Yes.", withdraw: true },
    ],
    [
      "JSON behind thoughts",
      'Hm, {a: 1}.\n{"reply": "No.", "withdraw": false}',
      { reply: "No.", withdraw: false },
    ],
    [
      "the last of several",
      '{"reply": "x"} then {"reply": "y", "withdraw": true}',
      { reply: "y", withdraw: true },
    ],
    ["keys in another order", '{"withdraw": true, "reply": " Right. "}', { reply: "Right.", withdraw: true }],
    ["a value", { reply: "Yes.", withdraw: true }, { reply: "Yes.", withdraw: true }],
    ["plain words, which take nothing back", "You may.", { reply: "You may.", withdraw: false }],
    ["a word instead of true", '{"reply": "Yes.", "withdraw": "true"}', { reply: "Yes.", withdraw: false }],
    ["nothing", "  ", null],
    ["an empty reply", '{"reply": "", "withdraw": true}', null],
    ["another value", 7, null],
  ] as const;
  for (const [name, output, expected] of cases) {
    test(name, () => assert.deepEqual(readAnswer(output), expected));
  }

  test("never throws, and takes nothing back without the word for it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
        const answer = readAnswer(text);
        if (!/withdraw/i.test(text)) assert.notEqual(answer?.withdraw, true);
      }),
      { numRuns: 300 },
    );
  });
});
