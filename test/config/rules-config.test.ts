import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ENOUGH, load, problemsOf } from "./config-setup.ts";

suite("configuration of rules", () => {
  test("has none by itself, and lets repositories have theirs", () => {
    const config = load(ENOUGH);
    assert.deepEqual(config.rules, []);
    assert.equal(config.flows[0]?.findings.repositoryRules, true);
  });

  test("takes a text for the server and texts or files for groups", () => {
    const yaml = `
rules: Prefer plain code.
group_rules:
  - { namespace: /team/, text: Test it. }
  - { namespace: "*/backend", file: rules/backend.md, title: Backend, paths: ["*.sql"] }
`;
    const files = { [`${process.cwd()}/rules/backend.md`]: "Index foreign keys.\n" };
    assert.deepEqual(load(ENOUGH, yaml, files).rules, [
      {
        source: "rules",
        title: "rules",
        text: "Prefer plain code.",
        projects: null,
        paths: null,
      },
      {
        source: "group_rules[0]",
        title: "team",
        text: "Test it.",
        projects: ["team/**/*"],
        paths: null,
      },
      {
        source: "group_rules[1]",
        title: "Backend",
        text: "Index foreign keys.",
        projects: ["*/backend/**/*"],
        paths: ["*.sql"],
      },
    ]);
  });

  test("takes a file for the server, too", () => {
    const files = { [`${process.cwd()}/rules.md`]: "Prefer plain code." };
    assert.equal(load(ENOUGH, "rules: { file: rules.md }", files).rules[0]?.text, "Prefer plain code.");
  });

  test("names what it cannot use", () => {
    const yaml = `
rules: { file: missing.md }
group_rules:
  - { namespace: team }
  - { namespace: team, text: a, file: b }
  - { namespace: team, file: empty.md }
`;
    const problems = problemsOf(ENOUGH, yaml, { [`${process.cwd()}/empty.md`]: " \n" }).join("\n");
    assert.match(problems, /rules\.file: config.file-unreadable file=.*missing\.md/);
    assert.match(problems, /group_rules\[0\]: config.text-or-file/);
    assert.match(problems, /group_rules\[1\]: config.text-or-file/);
    assert.match(problems, /group_rules\[2\]\.file: config.file-empty file=.*empty\.md/);
    assert.match(problemsOf(ENOUGH, "group_rules: [{ namespace: /, text: a }]").join(), /config.no-group/);
  });
});
