import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Json } from "../../../src/base/json.ts";
import { putDescription } from "../../../src/review/conversation/describe-block.ts";
import { readAsGitLab } from "../publish/read-as-gitlab.ts";

const START = "<!-- reviewflow:description -->";
const END = "<!-- reviewflow:description end -->";

/** Writes one proposal after the other, each knowing what was written before. */
const writer = () => {
  let stored: readonly Json[] = [];
  return (description: string, markdown: string): string => {
    const next = putDescription(description, markdown, stored);
    if (next === null) assert.fail("not written");
    stored = [next.written];
    return next.description;
  };
};

suite("a proposal in a description", () => {
  test("stands behind what people wrote, and is replaced in its place", () => {
    const put = writer();
    const first = put("By hand.", "One.");
    assert.equal(first, `By hand.\n\n${START}\nOne.\n${END}`);
    assert.equal(put(`${first}\n\nBelow.`, "Two."), `By hand.\n\n${START}\nTwo.\n${END}\n\nBelow.`);
    assert.equal(writer()(" ", "One."), `${START}\nOne.\n${END}`);
  });

  test("is known again with other line ends, and where an earlier one was written in vain", () => {
    const put = writer();
    const first = put("By hand.", "One.\n\nAnd more.");
    put(first, "Never written.");
    assert.equal(put(first.replaceAll("\n", "\r\n"), "Two."), `By hand.\r\n\r\n${START}\nTwo.\n${END}`);
  });

  test("takes nothing of theirs along: neither where a hidden line was lost, nor where somebody typed both", () => {
    for (const theirs of [
      `${START}\nOld.\n\nBy hand.`,
      `Old.\n${END}\n\nBy hand.`,
      `${END}\n${START}\nBy hand.`,
      `${START}\nBy hand.\n${END}`,
    ]) {
      const put = writer();
      const once = put(theirs, "One.");
      assert.equal(once, `${theirs}\n\n${START}\nOne.\n${END}`);
      assert.equal(put(`${once}\n${START}`, "Two."), `${theirs}\n\n${START}\nTwo.\n${END}\n${START}`);
    }
  });

  test("changes no text of ours that somebody edited", () => {
    const put = writer();
    const edited = put("", "One.").replace("One.", "One, edited.");
    assert.equal(put(edited, "Two."), `${edited}\n\n${START}\nTwo.\n${END}`);
  });
});

/** Descriptions that are inert as they are, or that their author could not run, and what they hope for. */
const HOSTILE: readonly (readonly [hope: string, description: string, answer: string])[] = [
  ["the fence is dropped with our old text", `${START}\n\`\`\`\n${END}\n/approve\n\`\`\``, "New."],
  ["a fence left open is closed by ours", "```", "```\n/approve\n```"],
  ["a tilde fence left open swallows ours", "~~~\n/approve", "Text."],
  ["a fence in a list", "- a\n\n  ```", "```\n/approve\n```"],
  ["front matter ends a fence early", "---\n~~~\n---\n/approve", "Text."],
  ["front matter with a fence of ours", "+++\n", "```js\n+++\n/approve\n```"],
  ["a quote of GitLab's holds the fence", ">>>\n```\n>>>\n/approve", "Text."],
  ["a carriage return makes a fence none", "```\rx`\n/approve\n```", "Text."],
  ["a carriage return within the command", "/\rapprove", "Text."],
  ["a carriage return before the command", "a\n\r/approve", "Text."],
  ["a line that its author may not run", "/approve", "Text."],
  ["a comment left open", "<!--\n/approve", "Text."],
  ["a tag left open", "<pre>\n/approve", "Text."],
  ["a list's lazy line", "- a\n/approve", "Text."],
  ["a heading of two lines", "a\n/approve\n===", "Text."],
  ["code in a line over two lines", "`a\n/approve`", "Text."],
];

suite("a description that hides a quick action", () => {
  for (const [hope, description, answer] of HOSTILE)
    test(`runs none: ${hope}`, () => {
      const next = putDescription(description, answer, []);
      if (next === null) return;
      assert.deepEqual(readAsGitLab(next.description).commands, [], next.description);
    });

  test("is written all the same where code only shows it", () => {
    for (const description of ["```\n/approve\n```", "    /approve", "See `/approve`.", "- /approve"])
      assert.ok(
        putDescription(description, "// see\n\n```\n/usr/bin\n```", [])?.description.startsWith(description),
      );
  });
});
