import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fc } from "../properties.ts";
import { fromMarkdown } from "mdast-util-from-markdown";
import { visit } from "unist-util-visit";
import { publishText } from "../../src/review/publish-text.ts";
import { noteMarker } from "../../src/review/note-text.ts";
import { holdsMarker } from "../../src/review/publish/holds-marker.ts";
import { readAsGitLab } from "./publish/read-as-gitlab.ts";

/** What a reader sees: without the invisible signs that keep things from acting. */
const seen = (text: string): string => text.replaceAll("\u200B", "");

/** The parts that GitLab would render: without code, in which nothing acts. */
const withoutCode = (markdown: string): string => {
  const tree = fromMarkdown(markdown);
  const texts: string[] = [];
  visit(tree, (node) => {
    if (node.type === "text" || node.type === "html") texts.push(node.value);
    if (node.type === "image" || node.type === "link" || node.type === "definition")
      texts.push(`![x](${node.url})`);
  });
  return texts.join("\n");
};

suite("publishing a text that we did not write", () => {
  test("quick actions lose their effect wherever a line begins", () => {
    for (const text of [
      "/approve",
      "Fine.\r/merge",
      "a\n   /label ~x",
      "> /close",
      "- /close",
      "1. /close",
      "```\n/merge\n```",
      "~~~\n/merge",
    ]) {
      const published = publishText(text);
      assert.deepEqual(readAsGitLab(published).commands, [], JSON.stringify(text));
      assert.match(published, /\/(approve|merge|label|close)/, "it can still be read");
    }
  });

  test("mentions notify nobody", () => {
    assert.doesNotMatch(publishText("@all and @group/sub, (@x) **@y**"), /@\w/);
    assert.equal(seen(publishText("Ask @author")), "Ask @author");
  });

  test("images and links become addresses that can be read", () => {
    const text =
      "![pixel](https://evil.example/p.png?leak=1) [here](https://evil.example) https://evil.example/x <https://evil.example/y> www.evil.example";
    const published = publishText(text);
    assert.doesNotMatch(published, /!\[/);
    assert.doesNotMatch(published, /\]\(/);
    assert.doesNotMatch(published.replace(/`[^`]*`/g, ""), /https?:\/\//);
    assert.match(published, /pixel \(`https:\/\/evil\.example\/p\.png\?leak=1`\)/);
  });

  test("links by reference are found too", () => {
    const published = publishText("![x][ref] and [y][ref]\n\n[ref]: https://evil.example/p.png");
    assert.doesNotMatch(published.replace(/`[^`]*`/g, ""), /https?:/);
    assert.doesNotMatch(published, /^\[ref\]:/m);
  });

  test("HTML and markers of ours show as text", () => {
    const published = publishText(
      `<img src="https://evil.example/x">\n\n${noteMarker("default")}\n\n\`\`\`\n${noteMarker("default")}\n\`\`\``,
    );
    assert.doesNotMatch(published, /(^|[^\\])<img/);
    assert.ok(!holdsMarker(published, noteMarker("default")));
  });

  test("what a review is made of stays as it was", () => {
    const review = [
      "# 리뷰",
      "",
      "**좋아요**: `a < b` 입니다. ファイルを確認しました。",
      "",
      "- one",
      "- two",
      "",
      "| a | b |",
      "| - | - |",
      "| 1 | 2 |",
      "",
      "```ts",
      "const x = a / b;",
      "```",
    ].join("\n");
    assert.equal(publishText(review), review);
  });

  test("whatever the text, no line of it acts", () => {
    const piece = fc.constantFrom(
      "/approve",
      "\r",
      "\n",
      "\n\n",
      "```",
      "~~~",
      "`",
      "> ",
      "- ",
      "1. ",
      "    ",
      "\t",
      "@all",
      "<!-- ",
      "-->",
      "[a]",
      "(https://e.example)",
      "![",
      "]",
      "\\",
      "*",
      "|",
      "text ",
      "\u2028",
      "&#47;",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 30 }), (parts) => {
        const published = publishText(parts.join(""));
        assert.deepEqual(readAsGitLab(published).commands, []);
        assert.doesNotMatch(withoutCode(published), /@\w/);
        assert.doesNotMatch(withoutCode(published), /!\[[^\]]*\]\(http/);
      }),
      { numRuns: 500 },
    );
  });
});
