import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { rulePathsToFetch, type TreeEntry } from "../../../src/review/rules/rule-paths.ts";

const file = (path: string, mode = "100644"): TreeEntry => ({ path, type: "blob", mode });
const folder = (path: string): TreeEntry => ({ path, type: "tree", mode: "040000" });
const DUO = ".gitlab/duo/mr-review-instructions.yaml";

suite("rulePathsToFetch", () => {
  test("a repository without rules costs no further call", () => {
    const root = [file("README.md"), folder("src"), file("CONTRIBUTING.md")];
    assert.deepEqual(rulePathsToFetch(root, null, null), { listRules: false, files: [], left: 0 });
  });

  test("the repository's settings are read first, since they say which files are rules", () => {
    const root = [
      file(".reviewflow.yml"),
      folder(".reviewflow"),
      file("AGENTS.md"),
      file("CONTRIBUTING.md"),
      folder(".gitlab"),
    ];
    assert.deepEqual(rulePathsToFetch(root, null, null), {
      listRules: false,
      files: [".reviewflow.yml"],
      left: 0,
    });
    assert.deepEqual(rulePathsToFetch(root, null, {}), {
      listRules: true,
      files: ["AGENTS.md", DUO],
      left: 0,
    });
    assert.deepEqual(rulePathsToFetch(root, null, { agents: false, duo: false, contributing: true }), {
      listRules: true,
      files: ["CONTRIBUTING.md"],
      left: 0,
    });
  });

  test("rule files are Markdown files right in the folder, by name, and not without end", () => {
    const rules = [
      file(".reviewflow/rules/b.md"),
      file(".reviewflow/rules/a.MD"),
      file(".reviewflow/rules/x.txt"),
      file(".reviewflow/rules/link.md", "120000"),
      folder(".reviewflow/rules/deep.md"),
      file(".reviewflow/rules/deep/c.md"),
    ];
    assert.deepEqual(rulePathsToFetch([folder(".reviewflow")], rules, {}), {
      listRules: false,
      files: [".reviewflow/rules/a.MD", ".reviewflow/rules/b.md"],
      left: 0,
    });
    const many = Array.from({ length: 70 }, (_, index) => file(`.reviewflow/rules/${100 + index}.md`));
    const reading = rulePathsToFetch([folder(".reviewflow")], many, {});
    assert.deepEqual([reading.files.length, reading.left], [50, 20]);
  });

  test("a symbolic link in the root is no rule file", () => {
    assert.deepEqual(rulePathsToFetch([file("AGENTS.md", "120000")], null, null).files, []);
  });
});
