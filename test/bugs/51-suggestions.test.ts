import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { type GitLabWorld, startGitLabWorld } from "./gitlab-world.ts";

type Case = {
  readonly name: string;
  readonly path: string;
  readonly content: string;
  readonly quote: string;
  readonly suggestion: string;
  /** What the thread holds of code: the whole block. */
  readonly block: string;
  readonly place: string;
};

const CASES: readonly Case[] = [
  {
    name: "several lines: from the first of them to the last",
    path: "src/several.js",
    content: "start();\nif (a) {\n  if (b) use(a);\n}\nend();\n",
    quote: "if (a) {\n  if (b) use(a);\n}",
    suggestion: "if (a && b) {\n  use(a);\n}",
    block: "```suggestion:-2+0\nif (a && b) {\n  use(a);\n}\n```",
    place: "src/several.js:+4",
  },
  {
    name: "tabs: kept",
    path: "src/tabs.go",
    content: "func f() {\n\t\tuse(one)\n}\n",
    quote: "\t\tuse(one)",
    suggestion: "\t\tuse(two)\t// two",
    block: "```suggestion:-0+0\n\t\tuse(two)\t// two\n```",
    place: "src/tabs.go:+2",
  },
  {
    name: "a fence in the code: a longer one around it",
    path: "docs/fences.md",
    content: "Run this:\n\n```sh\nnpm old\n```\nThen go.\n",
    quote: "```sh\nnpm old\n```\nThen go.",
    suggestion: "```sh\nnpm new\n```\nThen go on.",
    // In a quote, where GitLab applies it as well, and no line of it is read as anything but code.
    block: "> ````suggestion:-3+0\n> ```sh\n> npm new\n> ```\n> Then go on.\n> ````",
    place: "docs/fences.md:+6",
  },
  {
    name: "one line that ends in CRLF: as usual",
    path: "src/crlf-one.js",
    content: "start();\r\nuse(one);\r\nend();\r\n",
    quote: "use(one);",
    suggestion: "use(two);",
    block: "```suggestion:-0+0\nuse(two);\n```",
    place: "src/crlf-one.js:+2",
  },
  {
    name: "several lines that end in CRLF, which GitLab would apply with mixed ends: plain code",
    path: "src/crlf-several.js",
    content: "start();\r\nuse(one);\r\nuse(three);\r\nend();\r\n",
    quote: "use(one);\nuse(three);",
    suggestion: "use(two);\nuse(four);",
    block: "```\nuse(two);\nuse(four);\n```",
    place: "src/crlf-several.js:+3",
  },
];

suite("bug 51: a suggestion replaces exactly the lines that it is about", () => {
  let started: GitLabWorld | undefined;
  let current: Case | undefined;
  before(async () => {
    const script = (): string => {
      const { path, quote, suggestion } = current ?? assert.fail("no case");
      const finding = {
        path,
        quote,
        suggestion,
        severity: "major",
        category: "bug",
        confidence: 0.9,
        title: "This is wrong",
        body: "A remark.",
      };
      return JSON.stringify({ overview: "A change.", findings: [finding] });
    };
    started = await startGitLabWorld({}, { model: { script } });
  });
  after(() => started?.[Symbol.asyncDispose]());

  for (const each of CASES)
    test(each.name, async () => {
      current = each;
      const world = started ?? assert.fail("not started");
      const mergeRequest = await world.open([{ action: "write", path: each.path, content: each.content }]);
      const [run] = await world.runs(mergeRequest);
      assert.equal(run?.state, "succeeded", JSON.stringify(run?.reason));
      const { threads } = await world.said(mergeRequest);
      assert.deepEqual(
        threads.map(({ place, body }) => [place, /^(?:> )?`{3,}[^]*/mu.exec(body)?.[0].trimEnd()]),
        [[each.place, each.block]],
      );
      assert.deepEqual(world.gitlab.failures, []);
    });
});
