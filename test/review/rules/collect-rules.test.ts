import assert from "node:assert/strict";
import { suite, test } from "node:test";
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
      "rules of this repository",
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
      source: "rules[1] of the host's configuration",
      title: "project",
      why: "it is for all files",
    });
    assert.equal(used[8]?.why, "it is for src/a.ts and 1 more");
    assert.deepEqual(dropped, [
      { source: "rules[4] of the host's configuration", title: "sql", why: "no changed file matches *.sql" },
      {
        source: ".gitlab/duo/mr-review-instructions.yaml",
        title: "Ruby",
        why: "no changed file matches **/*.rb, !spec/**",
      },
      {
        source: ".gitlab/duo/mr-review-instructions.yaml",
        title: "Root",
        why: "no changed file matches *.ts",
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
    const { text, used } = collectRules(sources, ["src/a.ts"]);
    assert.ok(text.length <= RULES_BUDGET);
    for (const { title, text: rule } of SOURCES.host.filter(({ title }) => !/else|sql/.test(title)))
      assert.ok(text.includes(rule), title);
    assert.match(
      used.find(({ title }) => title === "AGENTS.md")?.why ?? "",
      /^it is for all files; cut to \d+ of 249999 characters$/,
    );
    assert.match(text, /\[cut to \d+ of 249999 characters\]/);
  });

  test("a file that cannot be read holds no rules and is a problem", () => {
    const files = [
      { path: ".reviewflow/rules/x.md", text: "---\npaths: [\n---\ntext" },
      { path: ".reviewflow/rules/y.md", text: "---\npaths: []\nmodel: gpt\n---\ntext" },
      { path: ".gitlab/duo/mr-review-instructions.yaml", text: "instructions: 5" },
    ];
    const { text, problems } = collectRules({ ...SOURCES, host: [], repositoryRules: null, files }, ["a"]);
    assert.equal(text, "");
    assert.equal(problems.length, 4);
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
    const lines = explainRules(sources, ["src/a.ts"]);
    assert.match(lines[0] ?? "", /^Rules for src\/a\.ts in Acme\/shop\/web, \d+ characters/);
    assert.deepEqual(lines.slice(1), [
      "  1. all (rules[2] of the host's configuration): it is for all files",
      "  2. outer (rules[0] of the host's configuration): it is for all files",
      "  3. Beta (.reviewflow/rules/b.md): it is for src/a.ts",
      "Without effect here:",
      "  - sql (rules[1] of the host's configuration): no changed file matches *.sql",
    ]);
    const none = { ...sources, host: [], files: [] };
    assert.deepEqual(explainRules(none, ["a"]), ["No rules hold for a in Acme/shop/web."]);
  });
});
