import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type ImportOptions, runImport } from "../../src/cli/eval/import.ts";
import { readSet } from "../../src/eval/set/read-set.ts";
import { recordedTerminal } from "../cli/recorded-terminal.ts";
import { createPlanted } from "../cli/review-repository.ts";
import { createEvalFolder, PATCH } from "./eval-folder.ts";
import { english as t, saying } from "../messages/saying.ts";

const COMMENT = {
  is_ai_comment: false,
  note: "The loop runs once too often.",
  path: "src/sum.js",
  side: "right",
  source_model: "",
  from_line: 4,
  to_line: 3,
  category: "Code Defect",
  context: "Diff Level",
};

/** In the form of AACR-Bench, with what a careless tool would make of it. */
const aacr = (more: object = {}) => [
  {
    change_line_count: 1,
    project_main_language: "JavaScript",
    source_commit: "2".repeat(40),
    target_commit: "1".repeat(40),
    githubPrUrl: "https://github.com/Planted/sums/pull/12",
    category: "Bug Fix",
    comments: [
      COMMENT,
      { ...COMMENT, side: "left", from_line: 2, to_line: null, category: "Security Vulnerability" },
      { ...COMMENT, from_line: null, to_line: null, category: "Something new" },
      { ...COMMENT, note: " " },
    ],
    ...more,
  },
  { githubPrUrl: "no address", comments: [] },
];

/** In the form of Martian's golden comments. */
const GOLDEN = [
  {
    pr_title: "Add up the list",
    url: "https://github.com/planted/sums/pull/7",
    original_url: "https://github.com/sums/sums/commit/0123456789abcdef",
    az_comment: "none",
    comments: [
      { comment: "Reads past the end", severity: "High" },
      { comment: "A name is unclear", severity: "unheard of" },
    ],
  },
];

const importing = async (format: string, source: string, set: string, options: ImportOptions) => {
  const terminal = recordedTerminal();
  const code = await runImport(format, source, set, { ...terminal, ...options });
  return { code, out: terminal.out(), err: terminal.err() };
};

describe("importing AACR-Bench", () => {
  it("takes paths, lines, sides and categories, and says what it left out", async () => {
    await using folder = await createEvalFolder();
    const source = await folder.write("positive_samples.json", JSON.stringify(aacr()));
    await folder.write("diffs/planted-sums-12.diff", PATCH);
    const set = join(folder.path, "set");
    const { code, out, err } = await importing("aacr-bench", source, set, {
      diffs: join(folder.path, "diffs"),
    });
    assert.equal(code, 0, err);
    assert.equal(out, `${t("cli.eval.imported", { written: 1, present: 0, missing: 0 })}\n`);
    assert.ok(err.includes(t("eval.entry-left-out", { number: 2, problems: "githubPrUrl: " }).trimEnd()));
    assert.ok(err.includes(`planted-sums-12: ${t("eval.comment-left-out", { number: 4 })}`));
    const [one] = (await readSet(set)).cases;
    assert.equal(one?.language, "JavaScript");
    assert.deepEqual(
      one?.expected.map(({ path, side, lines, category }) => [path, side, lines, category]),
      [
        ["src/sum.js", "new", { first: 3, last: 4 }, "bug"],
        ["src/sum.js", "old", { first: 2, last: 2 }, "security"],
        ["src/sum.js", "new", null, null],
      ],
    );
  });

  it("makes the diff from a clone, where one has the commits", async () => {
    await using repository = await createPlanted();
    await using folder = await createEvalFolder();
    const commit = (name: string): string => repository.git("rev-parse", name).trim();
    const entry = { source_commit: commit("work"), target_commit: commit("main") };
    const at = repository.folder.split("/");
    const githubPrUrl = `https://github.com/planted/${at.at(-1)}/pull/12`;
    const source = await folder.write("set.json", JSON.stringify(aacr({ ...entry, githubPrUrl })));
    const set = join(folder.path, "set");
    const { code, err } = await importing("aacr-bench", source, set, {
      repositories: at.slice(0, -1).join("/"),
    });
    assert.equal(code, 0, err);
    assert.equal((await readSet(set)).cases[0]?.changes[0]?.newPath, "src/sum.js");
  });
});

describe("importing Martian's offline set", () => {
  it("takes golden comments without a place, in both of their forms", async () => {
    await using folder = await createEvalFolder();
    await folder.write("golden/sums.json", JSON.stringify(GOLDEN));
    const [{ url, comments, ...entry }] = [GOLDEN[0] ?? { url: "", comments: [] }];
    const gathered = { [url]: { ...entry, golden_comments: comments, reviews: [{ tool: "any" }] } };
    const other = await folder.write("benchmark_data.json", JSON.stringify(gathered));
    await folder.write("diffs/planted-sums-7.diff", PATCH);
    const options = { diffs: join(folder.path, "diffs") };
    const sets = [join(folder.path, "one"), join(folder.path, "two")] as const;
    assert.equal((await importing("martian", join(folder.path, "golden"), sets[0], options)).code, 0);
    assert.equal((await importing("martian", other, sets[1], options)).code, 0);
    const [one, two] = [(await readSet(sets[0])).cases, (await readSet(sets[1])).cases];
    assert.deepEqual(one, two);
    assert.equal(one[0]?.title, "Add up the list");
    assert.deepEqual(
      one[0]?.expected.map(({ path, severity, text }) => [path, severity, text]),
      [
        [null, "major", "Reads past the end"],
        [null, null, "A name is unclear"],
      ],
    );
  });

  it("fetches diffs from GitHub alone, and tells which there are none of", async () => {
    await using folder = await createEvalFolder();
    const entries = [
      ...GOLDEN,
      { ...GOLDEN[0], url: "https://evil.example.com/planted/sums/pull/8" },
      { ...GOLDEN[0], url: "https://github.com/planted/sums/pull/9" },
    ];
    const source = await folder.write("golden.json", JSON.stringify(entries));
    const asked: string[] = [];
    const fetch = async (url: string): Promise<Response> => {
      asked.push(url);
      return url.endsWith("/7.diff") ? new Response(PATCH) : new Response("gone", { status: 404 });
    };
    const { code, out, err } = await importing("martian", source, join(folder.path, "set"), {
      download: true,
      fetch,
    });
    assert.equal(code, 1);
    assert.equal(out, `${t("cli.eval.imported", { written: 1, present: 0, missing: 2 })}\n`);
    assert.deepEqual(asked, [
      "https://github.com/planted/sums/pull/7.diff",
      "https://github.com/planted/sums/pull/9.diff",
    ]);
    const elsewhere = t("cli.eval.patch.other-host", { host: "github.com" });
    assert.ok(err.includes(`${t("cli.eval.case", { name: "planted-sums-8", problem: elsewhere })}\n`));
    const gone = t("cli.eval.patch.status", { host: "github.com", status: 404 });
    assert.ok(err.includes(`${t("cli.eval.case", { name: "planted-sums-9", problem: gone })}\n`));
  });
});

describe("importing what is no set", () => {
  it("ends with 2 and says so", async () => {
    await using folder = await createEvalFolder();
    const source = await folder.write("set.json", '{"pr": 1}');
    for (const [format, place, expected] of [
      ["aacr-bench", source, saying("eval.not-aacr-bench")],
      ["martian", source, saying("eval.not-martian")],
      ["martian", join(folder.path, "none.json"), saying("cli.file-unreadable")],
      ["swe", source, saying("cli.eval.format")],
      ["martian", await folder.write("broken.json", "{"), saying("cli.eval.not-json")],
    ] as const) {
      const { code, err } = await importing(format, place, join(folder.path, "set"), {});
      assert.equal(code, 2);
      assert.match(err, expected);
    }
  });
});
