import { reasonOf } from "../../../src/base/reason.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { planReview } from "../../../src/review/plan/plan-review.ts";
import { renderPublication } from "../../../src/review/plan/render-publication.ts";
import { publishAnswer } from "../../../src/review/conversation/render-reply.ts";
import { renderNote } from "../../../src/review/note-text.ts";
import { publishShortened } from "../../../src/review/publish-text.ts";
import { beginningOf, endingOf } from "../../../src/base/cut-text.ts";
import { factsOf, fileOf, inputOf, onLines } from "../plan/review-setup.ts";

/** Signs outside the first plane: an emoji and a Chinese character that Japanese names are written with. */
const PAIRS = "😀𠮟".repeat(60_000);

/** Texts that are cut are tried with both alignments, so that one of them meets the middle of a pair. */
const ALIGNED = [PAIRS, `あ${PAIRS}`];

const holdsWholeSigns = (text: string, what: string): void => {
  assert.ok(text.isWellFormed(), what);
  assert.ok(!text.includes("\uFFFD"), what);
};

suite("a text that is cut for a note", () => {
  test("keeps its characters whole at either end", () => {
    assert.equal(beginningOf("a😀b", 2), "a");
    assert.equal(beginningOf("a😀b", 3), "a😀");
    assert.equal(endingOf("a😀b", 2), "b");
    assert.equal(endingOf("a😀b", 3), "😀b");
    assert.equal(endingOf("ab", 0), "");
    assert.equal(beginningOf("ab", 9), "ab");
    assert.equal(endingOf("ab", 9), "ab");
  });

  test("shows no broken character, whatever part of a review it is", () => {
    for (const [at, text] of ALIGNED.entries()) {
      const what = `alignment ${at}`;
      for (const max of [10, 11, 99, 100]) holdsWholeSigns(publishShortened(text, max).markdown, what);
      holdsWholeSigns(publishAnswer(text), what);
      const note = {
        flow: "review",
        language: "English",
        headSha: "a".repeat(40),
        markdown: text.repeat(2),
        models: [text],
        remarks: [],
      };
      holdsWholeSigns(renderNote(note), what);
      const file = fileOf(`${beginningOf(text, 500)}.ts`);
      const fields = { title: beginningOf(text, 1_000), body: text, suggestion: `/merge ${text}` };
      const plan = planReview(
        inputOf({ findings: [onLines(file, 0, 0, fields), onLines(file, 1, 1, fields)] }),
      );
      const facts = factsOf({
        walkthrough: text,
        remarks: [reasonOf("rules-file-binary", { file: text })],
        files: [
          {
            path: file.newPath,
            outcome: { kind: "skipped", reason: reasonOf("action-not-reviewed", { action: text }) },
          },
        ],
      });
      const { open, summary } = renderPublication(plan, facts);
      for (const { body } of open) holdsWholeSigns(body, what);
      holdsWholeSigns(summary?.body ?? "", what);
    }
  });
});
