import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fc } from "../../properties.ts";
import { renderNote } from "../../../src/review/note-text.ts";
import { putDescription } from "../../../src/review/conversation/describe-block.ts";
import { publishAnswer } from "../../../src/review/conversation/render-reply.ts";
import { isTooDeep, plainSigns } from "../../../src/review/publish/plain-signs.ts";
import {
  publishCode,
  publishLine,
  publishName,
  publishSuggestion,
  publishTable,
  publishText,
} from "../../../src/review/publish-text.ts";
import { isOnlyShown, readAsGitLab } from "./read-as-gitlab.ts";

/** Pieces of Markdown that mean something to GitLab, and pieces that turn one thing into another. */
const PIECES = [
  "/approve",
  "/label ~x",
  "/",
  "// comment",
  "/* c */",
  "/^a$/u",
  "/usr/bin",
  "/_x",
  " /close",
  "\t/close",
  "\n",
  "\n\n",
  "\r",
  "\r\n",
  "\u2028",
  "\u0085",
  "\f",
  " ",
  "  ",
  "    ",
  "\t",
  "```",
  "````",
  "~~~",
  "```js",
  "```suggestion:-0+0",
  "```mermaid",
  "`",
  "``",
  "\\",
  "\\`",
  "---",
  "+++",
  ";;;",
  "***",
  "===",
  "...",
  "coding: x",
  "> ",
  ">>>",
  "- ",
  "1. ",
  "# ",
  "* ",
  "+ ",
  "|",
  "| - |",
  "[x] ",
  "[^1]",
  "[^1]: ",
  ": ",
  "<!--",
  "-->",
  "<b>",
  "</b>",
  "<details>",
  "</details>",
  "<pre>",
  "<a href=x>",
  "<",
  ">",
  "&#10;",
  "&#13;",
  "&#47;",
  "&#64;all",
  "&NewLine;",
  "@all",
  "@group/sub",
  "\\@all",
  "#1",
  "!2",
  "&3",
  "GL-4",
  "a#5",
  "[[x]]",
  "[TOC]",
  "[issue:1]",
  "![",
  "[a]",
  "[a][b]",
  "[b]: https://e.example",
  "(https://e.example)",
  '(x "t")',
  "]",
  "https://e.example/x",
  "www.e.example",
  "x@y.example",
  "<https://e.example>",
  "*",
  "**",
  "_",
  "~~",
  "$",
  "$$",
  "$`",
  "{",
  "word ",
  "검토 ",
  "é",
  "\u202E",
  "\u0000",
  "\uD800",
] as const;

/** The long check draws its own examples, and more of them. */
const RUNS = process.env["REVIEWFLOW_TEST_SEED"] === undefined ? 200 : 1_000;

const piece = fc.constantFrom(...PIECES);
const markdown = fc
  .array(fc.oneof({ weight: 9, arbitrary: piece }, fc.string()), { maxLength: 24 })
  .map((parts) => parts.join(""));
/** Blocks of code among any text: what is code in the source has to be in what is published. */
const withCode = fc
  .tuple(markdown, fc.constantFrom("```", "````", "~~~~", "```ts", "```suggestion:-1+0"), markdown, markdown)
  .map(
    ([before, fence, code, after]) =>
      `${before}\n\n${fence}\n${code}\n${fence.replace(/[^`~].*/u, "")}\n\n${after}`,
  );
const anyText = fc.oneof(markdown, withCode);

const actsNot = (published: string, text: string): void => {
  const reading = readAsGitLab(published);
  const about = JSON.stringify({ text, published });
  assert.deepEqual(reading.commands, [], about);
  assert.deepEqual(reading.references, [], about);
  assert.deepEqual(reading.addresses, [], about);
  assert.deepEqual(reading.html, [], about);
  assert.ok(reading.infos.every(isOnlyShown), about);
};

/** Whether all of `wanted` stand in `given` in their order. */
const holdsInOrder = (given: readonly string[], wanted: readonly string[]): boolean => {
  let at = 0;
  for (const one of given) if (one === wanted[at]) at += 1;
  return at === wanted.length;
};

suite("any Markdown that others wrote", () => {
  test("does nothing when it is published, in whatever form", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        for (const published of [
          publishText(text),
          publishLine(text),
          publishName(text),
          publishCode(text),
          publishAnswer(text),
        ])
          actsNot(published, text);
        actsNot(publishTable([text], [[text], [{ name: text }], [{ text, noteId: 1 }]]), text);
        const note = renderNote({
          flow: "review",
          language: "English",
          headSha: "a".repeat(40),
          markdown: text,
          models: [text],
          remarks: [text],
        });
        assert.deepEqual(readAsGitLab(note).commands, [], JSON.stringify({ text, note }));
        // One that we write: the marker, and the small print.
        assert.equal(readAsGitLab(note).html.filter((value) => value.startsWith("<!--")).length, 1);
      }),
      { numRuns: RUNS },
    );
  });

  test("keeps its code, sign by sign", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const plain = plainSigns(text);
        if (isTooDeep(plain)) return;
        const published = readAsGitLab(publishText(text));
        const source = readAsGitLab(plain);
        const about = JSON.stringify({ text, published: publishText(text) });
        assert.deepEqual(published.blocks, source.blocks.map(plainSigns), about);
        assert.ok(holdsInOrder(published.spans, source.spans.map(plainSigns)), about);
      }),
      { numRuns: RUNS },
    );
  });

  test("keeps a suggestion's code and its Apply button", () => {
    fc.assert(
      fc.property(markdown, (text) => {
        const code = plainSigns(text).replaceAll(/\n+$/gu, "");
        if (code.trim() === "") return;
        const block = publishSuggestion(code, { linesBefore: 2 });
        assert.ok(block !== null);
        const { commands, infos, blocks } = readAsGitLab(`**Bug** A title\n\n${block}`);
        assert.deepEqual([commands, infos, blocks], [[], ["suggestion:-2+0"], [code]], JSON.stringify(block));
      }),
      { numRuns: RUNS },
    );
  });

  test("makes no line of a description act, and leaves what people wrote", () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, (theirs, first, second) => {
        const once = putDescription(theirs, publishAnswer(first), []);
        const twice = putDescription(
          once?.description ?? theirs,
          publishAnswer(second),
          once === null ? [] : [once.written],
        );
        for (const next of [once, twice])
          if (next !== null)
            assert.deepEqual(readAsGitLab(next.description).commands, [], JSON.stringify({ theirs, next }));
        if (!/^\r*\/\r*[a-z_]/imu.test(theirs))
          assert.ok(once === null || once.description.startsWith(theirs.trimEnd()));
      }),
      { numRuns: RUNS },
    );
  });
});
