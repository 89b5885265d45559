import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fc } from "../../properties.ts";
import {
  applyEdit,
  MAX_FILE_LENGTH,
  putLessons,
  toldText,
} from "../../../src/review/lessons/lessons-file.ts";
import { keyOfLine } from "../../../src/review/lessons/render-lessons.ts";
import type { Lesson } from "../../../src/review/lessons/sum-up.ts";

const NONE = new Set<string>();

const lesson = (key: string, title: string): Lesson => ({
  key,
  welcome: false,
  category: "style",
  title,
  area: "src/**",
  counts: new Map([["disliked", 2]]),
  findings: 1,
});

const LESSONS = [lesson("0000000a", "Prefer const"), lesson("0000000b", "Shorter names")];

const edit = (before: string, after: string) => {
  const edited = applyEdit(before, after);
  return edited.kind === "edited" ? edited : assert.fail("too long");
};

suite("a project's file of lessons", () => {
  test("begins with a guide that no review is told, and tells nothing without lessons", () => {
    const empty = putLessons(null, "group/project", [], NONE);
    assert.match(empty, /^# Lessons for group\/project\n/);
    assert.equal(toldText(empty), "");
    const full = putLessons(empty, "group/project", LESSONS, NONE);
    const told = toldText(full);
    assert.match(told, /"Prefer const"[\s\S]*"Shorter names"/);
    assert.doesNotMatch(told, /<!--|two marks/);
    assert.equal(putLessons(full, "group/project", [], NONE), empty);
  });

  test("keeps what maintainers wrote outside of the marks, whatever it is, and stays bounded", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 400 }), fc.boolean(), (own, above) => {
        const first = putLessons(null, "g/p", LESSONS, NONE);
        const edited = applyEdit(first, above ? `${own}\n${first}` : `${first}\n${own}\n`);
        assert.ok(edited.kind === "edited");
        const later = putLessons(edited.text, "g/p", [lesson("0000000c", "New")], NONE);
        assert.ok(later.length <= MAX_FILE_LENGTH);
        // Nothing of theirs is lost: the file changes between the marks only, if it still has them.
        assert.equal(putLessons(later, "g/p", [], NONE), putLessons(edited.text, "g/p", [], NONE));
        assert.equal(putLessons(later, "g/p", [lesson("0000000c", "New")], NONE), later);
      }),
      { numRuns: 80 },
    );
  });

  test("what is deleted stays deleted, what is changed becomes the maintainers' own", () => {
    const before = putLessons(null, "g/p", LESSONS, NONE);
    const deleted = edit(before, before.replace(/^- .*Prefer const.*\n/mu, ""));
    assert.deepEqual(deleted.struck, ["0000000a"]);
    const again = putLessons(deleted.text, "g/p", LESSONS, new Set(deleted.struck));
    assert.doesNotMatch(again, /Prefer const/);
    assert.match(again, /Shorter names/);
    const changed = edit(before, before.replace('"Prefer const"', '"Prefer const" only in tests'));
    assert.deepEqual(changed.struck, ["0000000a"]);
    const later = putLessons(changed.text, "g/p", LESSONS, new Set(changed.struck));
    assert.match(later, /<!-- \/reviewflow:lessons -->\n\n- style, such as "Prefer const" only in tests/);
    assert.equal(later.split("\n").filter((line) => keyOfLine(line) !== null).length, 1);
  });

  test("without its marks is left alone; line ends of forms change nothing", () => {
    const before = putLessons(null, "g/p", LESSONS, NONE);
    const own = edit(before, "Be kind.\r\nBe brief.");
    assert.deepEqual(own, { kind: "edited", text: "Be kind.\nBe brief.\n", struck: [] });
    assert.equal(putLessons(own.text, "g/p", LESSONS, NONE), own.text);
    assert.equal(toldText(own.text), "Be kind.\nBe brief.");
    assert.deepEqual(edit(before, before.replaceAll("\n", "\r\n")), {
      kind: "edited",
      text: before,
      struck: [],
    });
  });

  test("takes no more than it may hold, and tells no secret", () => {
    const before = putLessons(null, "g/p", LESSONS, NONE);
    assert.equal(applyEdit(before, "x".repeat(MAX_FILE_LENGTH)).kind, "too-long");
    const secret = `glpat-${"a1B2".repeat(5)}`;
    const told = toldText(edit(before, `Token: ${secret}`).text);
    assert.ok(!told.includes(secret), told);
    const titled = putLessons(
      null,
      "g/p",
      [lesson("0000000d", `Remove ${secret} <!-- and --> "this"`)],
      NONE,
    );
    assert.ok(!titled.includes(secret));
    assert.match(titled, /‹!-- and --› 'this'/);
  });
});
