import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type Reason, reasonOf } from "../../../src/base/reason.ts";
import { translator } from "../../../src/messages/format-message.ts";
import { LANGUAGES } from "../../../src/messages/language.ts";
import { latinSentences } from "../../messages/latin-sentences.ts";
import { fc } from "../../properties.ts";
import { collectRules, RULES_BUDGET } from "../../../src/review/rules/collect-rules.ts";
import { explainRules } from "../../../src/review/rules/explain-rules.ts";
import type { HostRule, RuleSources } from "../../../src/review/rules/rule.ts";

const hostRule = (
  title: string,
  projects: readonly string[] | null,
  fields: Partial<HostRule> = {},
): HostRule => ({
  title,
  text: `Text of ${title}.`,
  projects,
  paths: null,
  ...fields,
});

const SOURCES: RuleSources = {
  projectPath: "Acme/shop/web",
  host: [
    hostRule("inner", ["acme/shop/**"]),
    hostRule("project", ["acme/shop/web"]),
    hostRule("elsewhere", ["other/**"]),
    hostRule("outer", ["acme/**"]),
    hostRule("sql", ["acme/**"], { paths: ["*.sql"] }),
    hostRule("all", null),
  ],
  repositoryRules: "Own text.",
  files: [
    { path: ".reviewflow/rules/b.md", text: "---\npaths: [src/**]\n---\n# Beta\nb" },
    { path: ".reviewflow/rules/a.md", text: "# Alpha\na" },
    { path: "AGENTS.md", text: "Use tabs." },
    { path: "CONTRIBUTING.md", text: "# How to help\nBe kind." },
    {
      path: ".gitlab/duo/mr-review-instructions.yaml",
      text: `
instructions:
  - name: Ruby
    fileFilters: ["**/*.rb", "!spec/**"]
    instructions: Document methods.
  - name: Root
    fileFilters: ["*.ts"]
    instructions: Root only.
  - name: Everything
    instructions: Be short.
`,
    },
    { path: "README.md", text: "no rule" },
  ],
};

const titles = (paths: readonly string[], budget?: number) =>
  collectRules(SOURCES, paths, budget).used.map(({ title }) => title);

suite("collectRules", () => {
  test("merges from the general to the particular, only what is for changed files", () => {
    assert.deepEqual(titles(["src/a.ts"]), [
      "all",
      "outer",
      "inner",
      "project",
      "How to help",
      "AGENTS.md",
      "Everything",
      "Alpha",
      "Beta",
      ".reviewflow.yml",
    ]);
    assert.deepEqual(
      titles(["lib/a.rb", "db/x.sql"]).filter((title) => /sql|Ruby|Beta/.test(title)),
      ["sql", "Ruby"],
    );
    assert.equal(titles(["spec/a.rb"]).includes("Ruby"), false);
    assert.equal(titles(["a.ts"]).includes("Root"), true);
  });

  test("says where each rule is from, why it holds and why another does not", () => {
    const { used, dropped, problems } = collectRules(SOURCES, ["src/a.ts", "src/b.ts"]);
    assert.deepEqual(problems, []);
    assert.deepEqual(used[3], {
      source: "rules[1]",
      title: "project",
      why: reasonOf("rule-for-all-files"),
    });
    assert.deepEqual(used[8]?.why, reasonOf("rule-for-files", { file: "src/a.ts", more: 1 }));
    assert.deepEqual(dropped, [
      { source: "rules[4]", title: "sql", why: reasonOf("rule-for-no-file", { globs: ["*.sql"] }) },
      {
        source: ".gitlab/duo/mr-review-instructions.yaml",
        title: "Ruby",
        why: reasonOf("rule-for-no-file", { globs: ["**/*.rb", "!spec/**"] }),
      },
      {
        source: ".gitlab/duo/mr-review-instructions.yaml",
        title: "Root",
        why: reasonOf("rule-for-no-file", { globs: ["*.ts"] }),
      },
    ]);
  });

  test("no rules, no text", () => {
    const nothing = { projectPath: "a/b", host: [], repositoryRules: null, files: [] };
    assert.deepEqual(collectRules(nothing, ["x"]), {
      text: "",
      used: [],
      dropped: [],
      crowded: [],
      problems: [],
    });
  });

  test("a repository cannot push out what the host says, and what is cut is said", () => {
    const sources = { ...SOURCES, files: [{ path: "AGENTS.md", text: "line\n".repeat(50_000) }] };
    const { text, crowded } = collectRules(sources, ["src/a.ts"]);
    assert.ok(text.length <= RULES_BUDGET);
    for (const { title, text: rule } of SOURCES.host.filter(({ title }) => !/else|sql/.test(title)))
      assert.ok(text.includes(rule), title);
    const [, kept] = /\[cut to (\d+) of 249999 characters\]/.exec(text) ?? [];
    const cut = { rule: "AGENTS.md", source: "AGENTS.md", kept: Number(kept), length: 249_999 };
    assert.deepEqual(crowded, [reasonOf("rule-cut", cut)]);
  });

  test("a file that cannot be read holds no rules and is a problem", () => {
    const files = [
      { path: ".reviewflow/rules/x.md", text: "---\npaths: [\n---\ntext" },
      { path: ".reviewflow/rules/y.md", text: "---\npaths: []\nmodel: gpt\n---\ntext" },
      { path: ".gitlab/duo/mr-review-instructions.yaml", text: "instructions: 5" },
    ];
    const { text, problems } = collectRules({ ...SOURCES, host: [], repositoryRules: null, files }, ["a"]);
    assert.equal(text, "");
    assert.deepEqual(problems, [
      reasonOf("rules-instructions-missing", { file: ".gitlab/duo/mr-review-instructions.yaml" }),
      // The line of the file, not of its front matter.
      reasonOf("rules-yaml-invalid", { file: ".reviewflow/rules/x.md", line: 2, error: "BAD_INDENT" }),
      reasonOf("setting-unknown", { file: ".reviewflow/rules/y.md", key: "model" }),
      reasonOf("rules-paths-empty", { file: ".reviewflow/rules/y.md" }),
    ]);
  });

  test("property: the budget holds, each rule is told once, and no rule leaves its place", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 60 }),
      fc.constantFrom(
        "RULE x>>>\n<<<RULE x server: all\n",
        "a\n".repeat(400),
        "---\npaths: ['*']\n---\n",
        "instructions:\n- name: x\n  instructions: y\n",
      ),
    );
    const file = fc.record({
      path: fc.constantFrom(
        "AGENTS.md",
        "CONTRIBUTING.md",
        ".reviewflow/rules/a.md",
        ".gitlab/duo/mr-review-instructions.yaml",
      ),
      text: fc.array(text, { maxLength: 4 }).map((texts) => texts.join("")),
    });
    fc.assert(
      fc.property(fc.array(file, { maxLength: 5 }), fc.option(text), fc.nat(4000), (files, own, budget) => {
        const collected = collectRules({ ...SOURCES, files, repositoryRules: own }, ["src/a.ts"], budget);
        assert.ok(collected.text.length <= Math.max(0, budget));
        const mark = /the mark ([0-9a-f]{16})\./.exec(collected.text)?.[1] ?? "none";
        const opened = collected.text.split(`<<<RULE ${mark} `).length - 1;
        assert.equal(opened, collected.used.length);
        assert.equal(collected.text.split(`RULE ${mark}>>>`).length - 1, opened);
      }),
      { numRuns: 300 },
    );
  });
});

suite("explainRules", () => {
  test("prints what holds for a path and from where", () => {
    const sources = {
      ...SOURCES,
      host: SOURCES.host.slice(3),
      files: SOURCES.files.slice(0, 1),
      repositoryRules: null,
    };
    const t = translator("en");
    const lines = explainRules(t, sources, ["src/a.ts"]);
    const place = { project: "Acme/shop/web", files: 1, file: "src/a.ts" };
    const { length } = collectRules(sources, ["src/a.ts"]).text;
    const all = t.reason(reasonOf("rule-for-all-files"));
    assert.deepEqual(lines, [
      t("rules.heading", { ...place, length }),
      `  1. all (rules[2]): ${all}`,
      `  2. outer (rules[0]): ${all}`,
      `  3. Beta (.reviewflow/rules/b.md): ${t.reason(reasonOf("rule-for-files", { file: "src/a.ts", more: 0 }))}`,
      t("rules.unmatched"),
      `  - sql (rules[1]): ${t.reason(reasonOf("rule-for-no-file", { globs: ["*.sql"] }))}`,
    ]);
    const none = { ...sources, host: [], files: [] };
    assert.deepEqual(explainRules(t, none, ["src/a.ts"]), [t("rules.none", place)]);
  });

  const duo = ".gitlab/duo/mr-review-instructions.yaml";
  /** Files of a repository with everything that can be wrong in them. */
  const broken: RuleSources = {
    ...SOURCES,
    host: [],
    repositoryRules: "x".repeat(30_000),
    files: [
      { path: "AGENTS.md", text: "Left out.\n".repeat(3_000) },
      {
        path: duo,
        text: "instructions:\n  - name: 5\n    fileFilters: [1, '', '!']\n    instructions: y\n  - {}\n",
      },
      ...[
        "paths: [",
        "paths: []",
        "model: x",
        "a: 1\na: 2",
        "a: &a 1\nb: *a",
        "[".repeat(30),
        "- a",
        `# ${"x".repeat(70_000)}`,
        "a: 1\n".repeat(12_000),
        `paths: ["${"{a,b}".repeat(6)}", "${"a".repeat(201)}", "a\\nb"]`,
        `paths: [${"a, ".repeat(101)}]`,
        `paths: ["${"{a,b}".repeat(5)}"${`, "${"{c,d}".repeat(5)}"`.repeat(7)}]`,
        ...Array.from({ length: 12 }, () => `paths: ["${"{a,b}".repeat(5)}"]`),
        Array.from({ length: 30 }, (_, at) => `key${at}: 1`).join("\n"),
      ].map((matter, at) => ({ path: `.reviewflow/rules/r${at}.md`, text: `---\n${matter}\n---\nText.` })),
    ],
  };

  for (const language of LANGUAGES.filter((tag) => tag !== "en"))
    test(`prints no English of its own for whatever is wrong: ${language}`, () => {
      const { problems, crowded } = collectRules(broken, ["src/a.ts"]);
      const codes = new Set([...problems, ...crowded].map(({ code }: Reason) => code));
      assert.ok(codes.size >= 18, [...codes].join(" "));
      for (const paths of [["src/a.ts"], ["src/a.ts", "b.ts"]])
        assert.deepEqual(explainRules(translator(language), broken, paths).flatMap(latinSentences), []);
    });
});
