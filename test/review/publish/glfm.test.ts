import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Nodes, PhrasingContent } from "mdast";
import { visit } from "unist-util-visit";
import { fc } from "../../properties.ts";
import { parseMarkdown } from "../../../src/review/publish/parse-markdown.ts";
import { publishLine, publishText } from "../../../src/review/publish-text.ts";

/** The words of a text with the marks that they stand in. */
const marksOf = (text: string): readonly string[] => {
  const runs: string[] = [];
  const walk = (nodes: readonly PhrasingContent[], marks: string): void => {
    for (const node of nodes) {
      if (node.type === "text") runs.push(`${marks}:${node.value}`);
      else if ("children" in node) walk(node.children, `${marks}${node.type[0]}`);
      else runs.push(node.type);
    }
  };
  visit(parseMarkdown(text), "paragraph", ({ children }) => walk(children, ""));
  return runs;
};

const typesOf = (text: string): readonly string[] => {
  const types: string[] = [];
  visit(parseMarkdown(text), (node: Nodes) => void types.push(node.type));
  return types;
};

suite("emphasis beside the punctuation of Chinese, Japanese and Korean", () => {
  test("is emphasis, and published sign by sign", () => {
    for (const text of [
      "**「注意」**です",
      "これは**「重要」**。次",
      "**テスト。**テスト",
      "**한국어(괄호)**는",
      "请看**《规则》**第三条",
      "*（注）*を読む",
      "~~（旧）~~です",
    ]) {
      assert.ok(
        typesOf(text).some((type) => ["strong", "emphasis", "delete"].includes(type)),
        text,
      );
      assert.equal(publishText(text), text);
      assert.equal(publishLine(text), text);
    }
  });

  test("stays what it is in any mixture of scripts, punctuation and marks", () => {
    const piece = fc.constantFrom(
      ..."注意です。、「」（）《》！？ーはを規則第三条한국어는괄호(),.a 1".split(""),
      "**",
      "**",
      "*",
      "~~",
      "`コード`",
    );
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 16 }), (pieces) => {
        const text = pieces.join("").trim();
        fc.pre(/^[^\s*~`.,()1]/u.test(text));
        const published = publishText(text);
        assert.deepEqual(marksOf(published), marksOf(text), JSON.stringify({ text, published }));
      }),
      { numRuns: 2_000 },
    );
  });
});

suite("what GitLab adds to Markdown shows as GitLab shows it", () => {
  test("alerts, whatever their case and title", () => {
    for (const type of ["note", "tip", "IMPORTANT", "Caution", "warning"]) {
      assert.equal(publishText(`> [!${type}]\n> Mind this.`), `> [!${type}]\n> Mind this.`);
      assert.equal(
        publishText(`> [!${type}] A *title*\n> Mind this.`),
        `> [!${type}] A *title*\n> Mind this.`,
      );
      assert.equal(publishText(`- > [!${type}]\n  > Mind this.`), `- > [!${type}]\n  > Mind this.`);
    }
  });

  test("but nothing else that begins so", () => {
    assert.equal(publishText("[!note]\nno quote"), "\\[!note]\nno quote");
    assert.equal(publishText("> [!other]\n> x"), "> \\[!other]\n> x");
    assert.equal(publishText("> x\n>\n> [!note]"), "> x\n>\n> \\[!note]");
    const linked = publishText("> [!note]\n> x\n\n[!note]: https://e.example");
    assert.doesNotMatch(linked, /\]\(|\]:/);
    assert.doesNotMatch(publishText("> [!note](https://e.example)\n> x"), /\]\(/);
  });

  test("quotes between lines of `>>>`", () => {
    for (const [text, published] of [
      [">>>\nOne\n\n- two\n>>>\nthree", "> One\n>\n> - two\n\nthree"],
      ["one\n>>>\ntwo\n>>>", "one\n\n> two"],
      [">>>\nnever closed\n\nat all", "> never closed\n>\n> at all"],
      [">>>\n> quoted\n>>>\nafter", "> > quoted\n\nafter"],
      [">>>>\nouter\n>>>\ninner\n>>>\nouter\n>>>>\nafter", "> outer\n>\n> > inner\n>\n> outer\n\nafter"],
      [">>>>\nouter\n>>>\ninner\n>>>>\nafter", "> outer\n>\n> > inner\n\nafter"],
      ["  >>>  \n  one\n   >>>\t", "> one"],
      ["- item\n  >>>\n  one\n\n  two\n  >>>\n- next", "- item\n\n  > one\n  >\n  > two\n\n- next"],
      [">>>\n```\n>>>\n```\nmore\n>>>\nafter", "> ```\n> >>>\n> ```\n>\n> more\n\nafter"],
      [">>> [!note] Title\nbody\n>>>", "> [!note] Title\n>\n> body"],
      [">>> [!WARNING]\n- a\n- b\n>>>\n[!note]", "> [!WARNING]\n>\n> - a\n> - b\n\n\\[!note]"],
      [">>>\n/merge\n\n@all\n>>>\n/close", "> /merge\n>\n> @\u200Ball\n\n\\/close"],
      [">>>\n>>>\none", ">\n\none"],
      [">>>\n>>>\n>>>\none\n>>>", ">\n\n> one"],
    ] as const)
      assert.equal(publishText(text), published, text);
  });

  test("but not what only looks like such a line", () => {
    assert.equal(publishText("```\n>>>\n```"), "```\n>>>\n```");
    assert.equal(publishText("~~~\n>>>\nopen"), "```\n>>>\nopen\n```");
    assert.equal(publishText(">>> print(1)"), "> > > print(1)");
    assert.equal(publishText("> one\n>>>"), publishText("> one\n> >>"));
    assert.equal(publishText("reviewflow-quote-0\n\n>>>\none\n>>>"), "reviewflow-quote-0\n\n> one");
  });

  test("tasks that are open, done or do not apply", () => {
    const tasks = "- [ ] open\n- [x] done\n- [~] not here\n\n1. [x] first";
    assert.equal(publishText(tasks), tasks);
    assert.equal(publishText("- [~]x"), "- \\[\\~]x");
    assert.equal(publishText("[ ] words"), "\\[ ] words");
  });
});
