/** What an attacker would try besides, each a small text. Nothing of it acts in any form that is published. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { publishAround, publishLine, publishPosted, publishText } from "../../../src/review/publish-text.ts";
import { readAsGitLab } from "./read-as-gitlab.ts";

const TEXTS: Readonly<Record<string, string>> = {
  // Older versions know fences of three backticks only, and read line by line.
  "a longer fence around fences": "````\na\n```\nb\n````\n\n```\n/approve\n```\n",
  "a command between fences within a longer one": "````\n```\nx\n```\n/approve\n````\n",
  "a fence of tildes": "~~~\n/approve\n~~~\n",
  "a fence of tildes around one of backticks": "~~~\n```\n/approve\n~~~\n",
  "an empty block before one": "```\n```\n\n```\n/approve\n```\n",
  "the end of an element in code": "<details>\n\n```html\n<b>\n</b>\n/approve\n```\n\n</details>",
  "a code block by indentation, out of a quote": ">     a\n/approve",
  "an element": "<details>\n/approve\n</details>\n",
  "a comment": "<!--\n/approve\n-->\n",
  "a quote of several lines": ">>>\n/approve\n>>>\n",
  "a lazy line of a list": "- a\n/approve",
  "a lazy line of a numbered list": "1. a\n/approve",
  "a lazy line of a quote": "> a\n/approve",
  "a lazy line of a footnote": "x[^1]\n\n[^1]: a\n/approve",
  "a row of a table without a bar": "| a |\n| - |\n/approve\n",
  "a heading with a line under it": "/approve\n===\n",
  "a line behind a definition": "[a]: x\n/approve\n",
  "the title of a definition": "[a]: x\n'title\n/approve'\n",
  "behind front matter": "---\nx: 1\n---\n/approve",
  "front matter that swallows a fence": "---\n```\n---\n/approve\n```\n",
  "a block of mathematics": "$$\n/approve\n$$\n",
  "code that is mathematics": "```math\n/approve\n```",
  "line ends of other kinds": "a\u2028/approve\u2029/approve\u0085/approve\v/approve\f/approve",
  "a carriage return": "a\r/approve",
  "a mark of the order of bytes": "\uFEFF/approve",
  capitals: "/APPROVE",
  "a hard break by a backslash": "a\\\n/approve",
  "a hard break by spaces": "a  \n/approve",
  "code over lines": "`a\n/approve\nb`",
  "the text of a link": "[x\n/approve\ny](http://e.example)",
  "the text of an image": "![x\n/approve](http://e.example)",
  "emphasis over lines": "**x\n/approve\ny**",
  "the title of a link": "[x](http://e.example 'a\n/approve')",
  "an address in angles over lines": "<http://e.example\n/approve>",
  "a number for a line end": "a&#10;/approve",
  "a name for a line end": "a&NewLine;/approve",
  "a task": "- [ ] a\n/approve",
  "an alert": "> [!note]\n/approve",
  zeroes: "a\u0000\n\u0000/approve",
  "a list of definitions": "term\n: /approve\n/approve",
  "signs without width in a mention": "@\u200Ball @a\u200Dll @all",
  "references with paths": "group/project#1 group/project!2 group/project&3 group/project@abcdef1",
  "references in brackets":
    "[vulnerability:1] [feature_flag:1] [work_item:1] [epic:1] ^alert#12 #1+ #1+s !1+",
  "a page of the wiki and contents": "[[page|x]] [[_TOC_]]\n\n[TOC]",
  "a suggestion behind a sign without width": "```\u200Bsuggestion:-0+0\nx\n```",
  "a diagram by attributes": "~~~{.mermaid}\nx\n~~~",
  "a diagram in capitals": "``` MERMAID\nx\n```",
  "an address in mathematics": "$`https://e.example`$ \\(a\\) \\[a\\]",
  "addresses of other kinds": "[x](javascript:alert(1)) mailto:a@b.example xmpp:a@b.example wWw.e.example",
  "an image with a size": "![x](http://e.example){width=10}",
};

suite("a text that an attacker thought of", () => {
  for (const [name, text] of Object.entries(TEXTS))
    test(name, () => {
      for (const publish of [publishText, publishLine, publishPosted]) {
        const { commands, references, addresses, html } = readAsGitLab(publish(text));
        assert.deepEqual([commands, references, addresses, html], [[], [], [], []], publish(text));
      }
      // What people wrote stays, but for what would act; or nothing is written.
      const around = publishAround(text);
      assert.deepEqual(around === null ? [] : readAsGitLab(around).commands, []);
    });
});
