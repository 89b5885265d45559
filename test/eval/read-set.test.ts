import { plain } from "../messages/plain.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ConfigError } from "../../src/base/errors.ts";
import { readSet } from "../../src/eval/set/read-set.ts";
import { toCaseName, writeCase } from "../../src/eval/set/write-case.ts";
import { createEvalFolder, EXAMPLES, PATCH } from "./eval-folder.ts";

const problemsOf = async (folder: string): Promise<readonly string[]> => {
  try {
    await readSet(folder);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    assert.equal(error.code, "eval-set-invalid");
    return error.problems.map(plain);
  }
  return assert.fail("the set should have been refused");
};

describe("a set of cases", () => {
  it("comes with Reviewflow, without a slip", async () => {
    const set = await readSet(EXAMPLES);
    assert.equal(set.name, "eval");
    assert.ok(set.cases.length >= 3 && set.cases.length <= 6);
    assert.deepEqual(set.notices, []);
    assert.ok(
      set.cases.some(({ expected }) => expected.length === 0),
      "one has nothing to find",
    );
    assert.ok(set.cases.every(({ changedLines }) => changedLines > 0));
  });

  it("holds what its files say", async () => {
    await using folder = await createEvalFolder();
    await folder.write("one/change.diff", PATCH);
    await folder.write("one/files/docs/rules/a.md", "Be kind\n");
    await folder.write(
      "one/case.yml",
      "title: Sum\nfindings:\n  - { path: src/sum.js, lines: 3, text: Too long }\n  - { path: src/sum.js, lines: 2-4, side: old, severity: minor, text: Gone }\n  - text: Somewhere\n",
    );
    await folder.write("README.md", "no case\n");
    const [one, ...others] = (await readSet(folder.path)).cases;
    assert.deepEqual(others, []);
    assert.equal(one?.changedLines, 1);
    assert.deepEqual(
      one?.expected.map(({ path, lines, side }) => [path, lines?.first, lines?.last, side]),
      [
        ["src/sum.js", 3, 3, "new"],
        ["src/sum.js", 2, 4, "old"],
        [null, undefined, undefined, "new"],
      ],
    );
    assert.deepEqual([...(one?.files ?? [])], [["docs/rules/a.md", "Be kind\n"]]);
  });

  it("reports everything that is wrong at once, with its case and key", async () => {
    await using folder = await createEvalFolder();
    await folder.write("a/case.yml", "title: ''\nfinding: []\nfindings:\n  - { lines: 9-3, text: x }\n");
    await folder.write("b/case.yml", "title: B\nfindings: []\n");
    await folder.write("b/change.diff", PATCH.replace(" };\n", ""));
    await folder.write("c/case.yml", "title: [\n");
    await folder.write("c/change.diff", "no diff at all\n");
    const problems = (await problemsOf(folder.path)).join("\n");
    assert.match(problems, /a\/case\.yml: title: value\.empty/);
    assert.match(problems, /a\/case\.yml: value\.unknown-keys count=1 keys=\[finding\]/);
    assert.match(problems, /a\/case\.yml: findings\[0\]\.lines: eval\.not-lines/);
    assert.match(problems, /a\/change\.diff: eval\.diff-unreadable/);
    assert.match(problems, /b\/change\.diff: eval\.diff-cut cut=1 files=1/);
    assert.match(problems, /c\/case\.yml: eval\.not-yaml/);
    assert.match(problems, /c\/change\.diff: eval\.diff-empty/);
  });

  it("must be there and hold a case", async () => {
    await using folder = await createEvalFolder();
    assert.match((await problemsOf(folder.path)).join(), /eval\.no-case/);
    assert.match((await problemsOf(join(folder.path, "none"))).join(), /eval\.unreadable/);
  });

  it("reads what is written to it, and leaves a case that is there as it is", async () => {
    await using folder = await createEvalFolder();
    const found = {
      name: toCaseName("../team/Déjà vu: 12"),
      title: 'Sum: "all" of it',
      description: "Line one\n\n- line two",
      language: "JavaScript",
      source: "https://example.com/1",
      patch: PATCH,
      expected: [
        {
          path: "src/sum.js",
          side: "new",
          lines: { first: 3, last: 3 },
          severity: "major",
          category: "bug",
          text: "Too long:\n yes",
        },
        { path: null, side: "new", lines: null, severity: null, category: null, text: "# Somewhere" },
      ],
    } as const;
    assert.equal(await writeCase(folder.path, found), "written");
    assert.equal(await writeCase(folder.path, { ...found, title: "Other" }), "present");
    const [read] = (await readSet(folder.path)).cases;
    const { name, title, description, language, expected } = found;
    assert.equal(name, "team-Déjà-vu-12");
    assert.deepEqual(
      {
        name: read?.name,
        title: read?.title,
        description: read?.description,
        language: read?.language,
        expected: read?.expected,
      },
      { name, title, description, language, expected },
    );
  });
});
