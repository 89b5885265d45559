import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fc } from "../../properties.ts";
import { publishLine, publishTable, publishText } from "../../../src/review/publish-text.ts";
import { readAsGitLab } from "./read-as-gitlab.ts";

/** Ends of lines and hidden signs as HTML writes them; Markdown knows these in text, links and titles. */
const LINE_ENDS = ["&#13;", "&#xD;", "&#x0d;", "&#10;", "&NewLine;", "&#x2028;", "&#8233;", "&#11;", "&#12;"];

suite("signs that a text writes as HTML entities", () => {
  test("begin no line with a quick action", () => {
    for (const end of LINE_ENDS)
      for (const text of [
        `a${end}/merge`,
        `**a**${end}/merge`,
        `# a${end}/merge`,
        `- a${end}/merge`,
        `> a${end}/merge`,
        `| a${end}/merge |\n|---|`,
        `[a${end}/merge](https://e.example)`,
        `[a](https://e.example/${end}/merge)`,
        `![a${end}/merge](u)`,
        `[x]: <u${end}/merge>`,
        `[x${end}/merge]: u`,
      ])
        assert.deepEqual(readAsGitLab(publishText(text)).commands, [], JSON.stringify(text));
  });

  test("leave a title on its line, and a cell in its row", () => {
    for (const end of LINE_ENDS) {
      assert.doesNotMatch(publishLine(`a${end}/merge`), /[\n\r\u2028\u2029\v\f]/, end);
      assert.equal(publishTable(["h"], [[`a${end}/merge`]]).split(/[\n\r\u2028\u2029\v\f]/).length, 3, end);
    }
  });

  test("do not turn the direction of writing", () => {
    for (const sign of ["&#x202E;", "&#8238;", "&#x2066;"]) {
      assert.doesNotMatch(publishText(`a${sign}b`), /[\u202A-\u202E\u2066-\u2069]/u, sign);
      assert.doesNotMatch(publishLine(`a${sign}b`), /[\u202A-\u202E\u2066-\u2069]/u, sign);
      assert.match(publishText(`a${sign}b`), /⟨U\+20/u, sign);
    }
  });

  test("whatever they stand in", () => {
    const piece = fc.constantFrom(
      ...LINE_ENDS,
      "/merge",
      "/",
      "a",
      " ",
      "\n",
      "`",
      "*",
      "> ",
      "- ",
      "[a]",
      "(b)",
      "|",
      "<",
      ">",
      "~~",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 16 }), (parts) => {
        assert.deepEqual(readAsGitLab(publishText(parts.join(""))).commands, []);
        assert.doesNotMatch(publishLine(parts.join("")), /[\n\r\u2028\u2029\v\f]/);
      }),
      { numRuns: 300 },
    );
  });
});
