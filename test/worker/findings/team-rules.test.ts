import { verbatim } from "../../../src/messages/message.ts";
import { reasonOf } from "../../../src/base/reason.ts";
import { translator } from "../../../src/messages/format-message.ts";
import { publishLine } from "../../../src/review/publish-text.ts";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { GitLabError } from "../../../src/base/errors.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import type { HostRule } from "../../../src/review/rules/rule.ts";
import type { FindingsFlow } from "../../../src/worker/findings/findings-flow.ts";
import { createTeamRules, type TeamRulesOptions } from "../../../src/worker/findings/team-rules.ts";
import { createRulesPlace } from "./rules-place.ts";
import { createWorker, fakeFindingsFlow, linesOf, resultOf, textInput } from "./world.ts";

const CHANGES = {
  "src/a.js": [linesOf(5), linesOf(5, (line) => (line === 2 ? "BUG in a" : null))],
  "docs/b.md": [linesOf(5), linesOf(5, (line) => (line === 3 ? "BUG in b" : null))],
} as const;

const ruled = (options: Partial<TeamRulesOptions> = {}, changes: Partial<FindingsFlow> = {}) => {
  const teamRules = createTeamRules({
    host: [],
    flow: { name: "default", rules: changes.rules ?? "", language: "English" },
    repository: true,
    ...options,
  });
  return fakeFindingsFlow({ rules: "", teamRules, ...changes });
};

/** One unit per file, so that each has rules of its own. */
const APART = { unitTokens: 500, unitsAtOnce: 1, threads: 50, tokens: null, cost: null };

const open = (files: Parameters<typeof createRulesPlace>[1], changes: typeof CHANGES = CHANGES) => {
  const place = createRulesPlace(changes, files);
  return { place, worker: createWorker(place) };
};

const remarksOf = (result: ReturnType<typeof resultOf>): string => JSON.stringify(result["remarks"]);

describe("rules of a team in a review", () => {
  test("a repository without rules costs one call, and a known one no more than that", async () => {
    const { place, worker } = open({ "README.md": "Hello", "src/a.js": "x" });
    const { flow, requests } = ruled();
    assert.equal((await worker.review(flow)).state, "succeeded");
    assert.deepEqual(place.reads, ["list 7 refs/heads/main /"]);
    assert.equal(requests[0]?.inputs["rules"], "");
    place.state.files["AGENTS.md"] = "Speak up.";
    await worker.review(flow);
    assert.deepEqual(place.reads.splice(1), ["list 7 refs/heads/main /", "file 7 refs/heads/main AGENTS.md"]);
    await worker.review(flow);
    assert.deepEqual(place.reads.splice(1), ["list 7 refs/heads/main /"]);
  });

  test("come from the default branch where the target branch is neither it nor protected", async () => {
    const { place, worker } = open({ "AGENTS.md": "From main." });
    place.state.isProtected = false;
    const { flow, requests } = ruled();
    assert.equal((await worker.review(flow)).state, "succeeded");
    assert.deepEqual(place.reads, ["list 7 HEAD /", "file 7 HEAD AGENTS.md"]);
    assert.equal(
      requests[0] === undefined ? "" : textInput(requests[0], "rules").includes("From main."),
      true,
    );
  });

  test("come in the order server, group, flow, repository", async () => {
    const { worker } = open({
      ".reviewflow.yml": "rules: From the settings.",
      ".reviewflow/rules/one.md": "From a rule file.",
      "AGENTS.md": "From agents.",
      "CONTRIBUTING.md": "Not asked for.",
      ".gitlab/duo/mr-review-instructions.yaml":
        "instructions:\n  - name: Duo\n    fileFilters: ['**/*']\n    instructions: From Duo.\n",
    });
    const host: readonly HostRule[] = [
      {
        source: "group_rules[0]",
        title: "g",
        text: "From the group.",
        projects: ["group/**/*"],
        paths: null,
      },
      { source: "group_rules[1]", title: "o", text: "Of others.", projects: ["other/**/*"], paths: null },
      { source: "rules", title: "s", text: "From the server.", projects: null, paths: null },
    ];
    const { flow, requests } = ruled({ host }, { rules: "From the flow." });
    await worker.review(flow);
    const [request] = requests;
    const text = request === undefined ? "" : textInput(request, "rules");
    const order = ["the server", "the group", "the flow", "agents", "Duo", "a rule file", "the settings"];
    assert.deepEqual(
      [...text.matchAll(/^From (.*)\.$/gm)].map(([, from]) => from),
      order,
    );
    assert.doesNotMatch(text, /Of others|Not asked for/);
  });

  test("a rule for some files is told where they are, and makes only their hunks be reviewed anew", async () => {
    const { place, worker } = open({
      ".reviewflow/rules/docs.md": "---\npaths: ['docs/**']\n---\nCheck links.\n",
    });
    const { flow, requests } = ruled({}, { limits: APART });
    await worker.review(flow);
    const asked = () =>
      requests.splice(0).map((request) => [textInput(request, "diff"), textInput(request, "rules")]);
    const units = asked();
    for (const [diff = "", rules = ""] of units)
      assert.equal(rules.includes("Check links."), diff.includes("docs/b.md"), diff);
    await worker.review(flow);
    assert.deepEqual(asked(), []);
    place.state.files[".reviewflow/rules/docs.md"] = "---\npaths: ['docs/**']\n---\nCheck pictures.\n";
    await worker.review(flow);
    const [[diff, rules] = [], ...others] = asked();
    assert.deepEqual(others, []);
    assert.match(diff ?? "", /docs\/b\.md/);
    assert.doesNotMatch(diff ?? "", /src\/a\.js/);
    assert.match(rules ?? "", /Check pictures/);
    place.state.files["AGENTS.md"] = "For all.";
    await worker.review(flow);
    assert.match(asked().flat().join("\n"), /src\/a\.js/);
  });

  test("settings change language, paths and the least strength, and only lower the threads", async () => {
    const config = (threads: number) =>
      `language: 日本語\npaths: { exclude: ['docs/**'] }\nleast: { severity: critical }\nthreads: ${threads}\n`;
    const { place, worker } = open({ ".reviewflow.yml": config(200) });
    const { flow, requests } = ruled();
    const result = resultOf(await worker.review(flow));
    assert.equal(requests[0]?.inputs["language"], "日本語");
    assert.equal(requests[0]?.inputs["max_findings"], 50);
    assert.doesNotMatch(textInput(requests[0] ?? assert.fail(), "diff"), /docs/);
    assert.match(JSON.stringify(result["files"]), /"path-rule"/);
    assert.deepEqual(place.threads(), []);
    place.state.files[".reviewflow.yml"] = config(9).replace("critical", "info");
    requests.length = 0;
    await worker.review(flow);
    assert.deepEqual(requests, [], "what is known is not asked again");
    assert.equal(place.threads().length, 1);
  });

  test("whoever asks for a language gets it", async () => {
    const { worker } = open({ ".reviewflow.yml": "language: 日本語" });
    const { flow, requests } = ruled();
    await worker.review({ ...flow, language: "한국어" });
    assert.equal(requests[0]?.inputs["language"], "한국어");
  });

  test("host-only keys and broken files are refused with a remark, and the review is a whole one", async () => {
    const { place, worker } = open({
      ".reviewflow.yml": "limits: { tokens: 1 }\ngitlab: { url: 'https://evil.example' }\nlanguage: Dutch\n",
      ".reviewflow/rules/picture.md": { kind: "binary" },
      ".reviewflow/rules/long.md": { kind: "too-large" },
      "AGENTS.md": "x".repeat(70_000),
    });
    const { flow, requests } = ruled();
    const settlement = await worker.review(flow);
    assert.equal(settlement.state, "succeeded");
    assert.equal(requests[0]?.inputs["language"], "Dutch");
    const remarks = remarksOf(resultOf(settlement));
    const most = 64 * 1024;
    for (const problem of [
      reasonOf("setting-unknown", { file: ".reviewflow.yml", key: "limits" }),
      reasonOf("setting-unknown", { file: ".reviewflow.yml", key: "gitlab" }),
      reasonOf("rules-file-binary", { file: ".reviewflow/rules/picture.md" }),
      reasonOf("rules-file-too-long", { file: ".reviewflow/rules/long.md", most }),
      reasonOf("rules-file-too-long", { file: "AGENTS.md", most }),
    ]) {
      assert.ok(remarks.includes(JSON.stringify(problem)), remarks);
      assert.ok(
        place
          .summaries()
          .join("")
          .includes(publishLine(translator("Dutch").reason(problem))),
      );
    }
  });

  test("a rule for which there is no room is told", async () => {
    const { worker } = open({
      ".reviewflow/rules/a.md": "a ".repeat(11_000),
      ".reviewflow/rules/b.md": "b ".repeat(11_000),
    });
    const remarks = remarksOf(resultOf(await worker.review(ruled().flow)));
    assert.match(remarks, /"code":"rule-cut","params":\{"rule":"[^"]*b\.md"/);
  });

  test("a forge that is away while rules are read is waited for: no review is made without them", async () => {
    const { place, worker } = open({ "AGENTS.md": "Speak up." });
    const { flow, requests } = ruled();
    const outside = {
      peer: { kind: "gitlab", name: "https://gitlab.example.com" },
      verdict: "away",
    } as const;
    const code = "gitlab-unavailable";
    place.state.fail = new GitLabError(verbatim("GitLab is away"), {
      code,
      retryable: true,
      status: 503,
      outside,
    });
    const settlement = await worker.review(flow);
    assert.ok(settlement.state === "waiting", settlement.state);
    assert.deepEqual(settlement.outside, outside);
    assert.deepEqual(requests, []);
    place.state.fail = null;
    await worker.review(flow);
    assert.match(textInput(requests[0] ?? assert.fail(), "rules"), /Speak up/);
  });

  test("rules that are refused fail no review: it is told, and what was known holds", async () => {
    const { place, worker } = open({ "AGENTS.md": "Speak up." });
    const { flow, requests } = ruled();
    const failure = new GitLabError(verbatim("GitLab is away"), {
      code: "gitlab-unavailable",
      retryable: true,
      status: 500,
      outside: { peer: { kind: "gitlab", name: "https://gitlab.example.com" }, verdict: "busy" },
    });
    place.state.fail = failure;
    const first = await worker.review(flow);
    assert.equal(first.state, "partial-succeeded");
    assert.match(
      remarksOf(resultOf(first)),
      /"code":"rules-unreadable","params":\{"kept":false,"detail":\{.*"GitLab is away"/,
    );
    assert.equal(requests.splice(0)[0]?.inputs["rules"], "");
    place.state.fail = null;
    await worker.review(flow);
    assert.match(textInput(requests.splice(0)[0] ?? assert.fail(), "rules"), /Speak up/);
    place.state.fail = failure;
    const last = await worker.review(flow);
    assert.match(remarksOf(resultOf(last)), /"code":"rules-unreadable","params":\{"kept":true/);
    assert.deepEqual(requests, []);
  });

  test("a host that wants no rules of repositories reads none", async () => {
    const { place, worker } = open({ "AGENTS.md": "Speak up." });
    const { flow, requests } = ruled({ repository: false });
    await worker.review(flow);
    assert.deepEqual(place.reads, []);
    assert.equal(requests[0]?.inputs["rules"], "");
  });

  test("no more branches are remembered than there is room for", async () => {
    const rules = createTeamRules({
      host: [],
      flow: { name: "f", rules: "", language: "English" },
      repository: true,
      maxRemembered: 2,
    });
    const { place } = open({ "AGENTS.md": "Speak up." });
    const read = async (projectId: number): Promise<number> => {
      const before = place.reads.length;
      const of = { ref: { projectId }, projectPath: "a/b", targetBranch: "main" };
      const { sources } = await rules.read(place.forge, of, new AbortController().signal, silentLogger);
      assert.equal(sources.files[0]?.text, "Speak up.");
      return place.reads.length - before;
    };
    assert.deepEqual([await read(1), await read(2), await read(1), await read(3)], [2, 2, 1, 2]);
    assert.deepEqual([await read(1), await read(2)], [1, 2]);
  });

  test("hostile globs and YAML keep nothing busy", { timeout: 30_000 }, async () => {
    const deep = `paths: ${"[".repeat(30_000)}\n`;
    const bomb = `a: &a [x]\n${Array.from({ length: 20 }, (_, i) => `b${i}: &b${i} [*a, *a, *a]\n`).join("")}`;
    const glob = "*a*/*a*/*a*x";
    const hostile = Array.from({ length: 50 }, (_, at): [string, string] => [
      `.reviewflow/rules/${String(at).padStart(2, "0")}.md`,
      `---\npaths: ['${glob}', '${"*a".repeat(90)}x', '{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}']\n---\nText ${at}.\n`,
    ]);
    const path = `${"a".repeat(900)}/${"a".repeat(900)}/${"a".repeat(900)}.js`;
    const place = createRulesPlace(
      { [path]: [linesOf(3), linesOf(3, (line) => (line === 1 ? "BUG" : null))] },
      {
        ".reviewflow.yml": `paths: { exclude: ['${glob}'], include: ['**/**/**/${glob}'] }\n`,
        ".gitlab/duo/mr-review-instructions.yaml": deep,
        "AGENTS.md": bomb,
        ...Object.fromEntries(hostile),
      },
    );
    const { flow, requests } = ruled();
    assert.equal((await createWorker(place).review(flow)).state, "succeeded");
    assert.equal(requests.length, 1);
  });

  test(
    "many globs for many files keep nothing busy, and what is left out is told",
    { timeout: 60_000 },
    async () => {
      const alternatives = (at: number): string => `'**/${"{a,b}".repeat(5)}*a*a*a*x${at}/**/*a*a*q'`;
      const paths = `paths: [${Array.from({ length: 100 }, (_, at) => alternatives(at)).join(", ")}]`;
      const files = Object.fromEntries(
        Array.from(
          { length: 50 },
          (_, at) => [`.reviewflow/rules/${at}.md`, `---\n${paths}\n---\nText.\n`] as const,
        ),
      );
      const place = createRulesPlace(
        Object.fromEntries(
          Array.from({ length: 300 }, (_, at) => [
            `${"ababab/".repeat(30)}${at}.js`,
            ["", `one ${at}\n`] as const,
          ]),
        ),
        { ...files, ".reviewflow.yml": paths.replace("paths: ", "paths: { exclude: ") + " }" },
      );
      const settlement = await createWorker(place).review(ruled().flow);
      const remarks = remarksOf(resultOf(settlement));
      const file = ".reviewflow.yml";
      const expanded = reasonOf("globs-expand-too-far", { file, key: "paths.exclude", most: 200 });
      assert.ok(remarks.includes(JSON.stringify(expanded)), remarks);
      assert.match(
        remarks,
        /"code":"rules-patterns-over-limit","params":\{"file":"[^"]*","rules":49,"most":300\}/,
      );
    },
  );
});
