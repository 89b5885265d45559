import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

const read = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");
const ENGLISH = read("README.md");
const OTHERS = { "README.ja.md": read("README.ja.md"), "README.ko.md": read("README.ko.md") };

const blocksOf = (markdown: string): readonly (readonly string[])[] =>
  [...markdown.matchAll(/^ *```\n([\s\S]*?)^ *```$/gm)].map(([, text = ""]) =>
    text
      .split("\n")
      .map((line) => line.trim())
      // The drawing and what is set for the language alone are in the reader's language.
      .filter((line) => /^[\x20-\x7e]+$/.test(line) && !/^#|REVIEWFLOW_LANGUAGE/.test(line)),
  );

const section = (markdown: string, heading: RegExp): string =>
  markdown.split(/^## /m).find((part) => heading.test(part.split("\n")[0] ?? "")) ??
  assert.fail(String(heading));

const figuresOf = (markdown: string): readonly string[] =>
  [...markdown.matchAll(/^\| (\d[\d,]* \| \d[\d,]* \| \d[\d,]*) \|$/gm)].map(([, row = ""]) => row);

const linksOf = (markdown: string): readonly string[] =>
  [
    ...new Set([...markdown.matchAll(/\]\(((?:docs|examples)\/[^)]+?)\)/g)].map(([, link = ""]) => link)),
  ].sort();

describe("README", () => {
  test("says what it is in three lines, shows it, and how to start", () => {
    const [, , what = "", look = ""] = ENGLISH.split("\n\n");
    assert.equal(what.split("\n").length, 3);
    assert.match(look, /^!\[[^\]]+\]\(docs\/images\/demo\.png\)$/);
    assert.match(ENGLISH, /^## See it\n[\s\S]*^## Your first review/m);
  });

  test("leads to the first review in five commands or fewer, with what it takes to get the copy", () => {
    const [first = []] = blocksOf(section(ENGLISH, /first review/));
    assert.deepEqual(first, ["npm install --omit=dev", "npx reviewflow init", "npx reviewflow serve"]);
    const copy = ["git clone", "cd"];
    assert.ok(first.length + copy.length <= 5);
    assert.ok(!ENGLISH.includes("--no-save"));
  });

  test("names GitLab's versions and tiers, Node and platforms, and measured costs", () => {
    const runsWith = section(ENGLISH, /runs with/);
    for (const word of [/16 or newer/, /every tier/, /\b26\b/, /Node 20/, /arm64/, /Alpine/])
      assert.match(runsWith, word);
    const costs = section(ENGLISH, /costs/);
    assert.equal(figuresOf(costs).length, 4);
    assert.match(costs, /bench\/tokens\.ts/);
  });

  for (const [name, text] of Object.entries(OTHERS))
    test(`says the same in ${name}: commands, figures and links`, () => {
      const commands = (markdown: string) => blocksOf(markdown).filter((lines) => lines.length > 0);
      assert.deepEqual(commands(text), commands(ENGLISH));
      assert.deepEqual(figuresOf(text), figuresOf(ENGLISH));
      assert.equal(
        text.match(/^## /gm)?.length,
        (ENGLISH.match(/^## /gm)?.length ?? 0) - 1,
        "headings but More",
      );
      const inner = new Set(linksOf(text));
      const more = section(ENGLISH, /^More/);
      const missing = linksOf(ENGLISH.replace(more, "")).filter((link) => !inner.has(link));
      assert.deepEqual(
        missing.filter((link) => !link.includes("images/")),
        [],
      );
      for (const command of [
        "/help",
        "/review",
        "/ask",
        "/describe",
        "/ignore",
        "/resolve",
        "/pause",
        "/resume",
      ])
        assert.ok(text.includes(`\`${command}`), command);
      assert.ok(text.includes("@project_12_bot_"));
    });
});
