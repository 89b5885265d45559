import { type Reason, reasonOf } from "../../../src/base/reason.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { translator } from "../../../src/messages/format-message.ts";
import type { FileReceipt } from "../../../src/review/receipt.ts";
import { planReview } from "../../../src/review/plan/plan-review.ts";
import { renderPublication } from "../../../src/review/plan/render-publication.ts";
import { renderReceipt } from "../../../src/review/plan/render-receipt.ts";
import type { AnchoredFinding, Finding } from "../../../src/review/finding.ts";
import { readAsGitLab } from "../publish/read-as-gitlab.ts";
import { CODE, REFS, factsOf, fileOf, findingOf, inputOf, onLines, reviewInTurn } from "./review-setup.ts";

const A = fileOf("a.ts");
const t = translator("en");

const publish = (
  findings: readonly AnchoredFinding[],
  facts: Parameters<typeof factsOf>[0] = {},
  input: Parameters<typeof inputOf>[0] = {},
) => renderPublication(planReview(inputOf({ findings, maxThreads: 1_000, ...input })), factsOf(facts));

const threadOf = (
  fields: Partial<Finding>,
  from = 2,
  to = 2,
  facts: Parameters<typeof factsOf>[0] = {},
): string => publish([onLines(A, from, to, fields)], facts).open[0]?.body ?? "";

const summaryOf = (publication: ReturnType<typeof publish>): string => publication.summary?.body ?? "";

suite("a thread's text", () => {
  test("has its marker, severity and category in words, title and body, and a place", () => {
    const [thread] = publish([onLines(A, 2, 2)]).open;
    assert.ok(thread !== undefined);
    assert.ok(thread.body.startsWith(thread.marker));
    const badge = `${t("severity.major")} · ${t("category.bug")}`;
    assert.ok(thread.body.includes(`**${badge}** Division by zero\n\n\`items\` may be empty.`));
    assert.ok(thread.position?.on.kind === "line" && thread.position.on.newLine === 3);
    const sure = threadOf({}, 2, 2, { showConfidence: true });
    assert.ok(sure.includes(`**${badge} · ${t("thread.confidence", { percent: 90 })}**`));
    const onFile = { finding: findingOf(), anchor: { kind: "file", file: A } } as const;
    assert.equal(publish([onFile]).open[0]?.position?.on.kind, "file");
  });

  test("offers its suggestion for exactly the lines up to the position's", () => {
    assert.match(threadOf({ suggestion: "return 0;" }), /\n\n```suggestion:-0\+0\nreturn 0;\n```$/);
    const [thread] = publish([onLines(A, 0, 2, { suggestion: "a\nb\n" })]).open;
    assert.match(thread?.body ?? "", /\n```suggestion:-2\+0\na\nb\n```$/);
    assert.ok(thread?.position?.on.kind === "line" && thread.position.on.newLine === 3);
    assert.match(threadOf({ suggestion: "" }), /\n```suggestion:-0\+0\n```$/, "deletes the line");
    assert.match(
      threadOf({ suggestion: "````md\n```\n````" }),
      /\n> `````suggestion:-0\+0\n> ````md\n> ```\n> ````\n> `````$/,
    );
  });

  test("only shows a suggestion that GitLab could not apply as it is", () => {
    for (const suggestion of ["a\u202Eb", "x\r/close", "a\u2028b"]) {
      const body = threadOf({ suggestion });
      assert.doesNotMatch(body, /suggestion:-/, JSON.stringify(suggestion));
      assert.ok(body.includes(`${t("thread.suggestion")}\n\n\`\`\`\n`));
      assert.deepEqual(readAsGitLab(body).commands, []);
    }
  });

  test("offers a suggestion whose lines begin with a slash, sign by sign", () => {
    for (const suggestion of [
      "/* ok */\n * x\n */\n// fine",
      "ok();\n/approve",
      "/usr/bin/env node",
      "/^a$/u.test(b);",
      "<!-- reviewflow:thread -->",
    ]) {
      const { commands, infos, blocks } = readAsGitLab(threadOf({ suggestion }));
      assert.deepEqual([commands, blocks], [[], [suggestion]]);
      assert.match(infos[0] ?? "", /^suggestion:-/);
    }
  });

  test("is shortened where it is too long, and says so", () => {
    const body = threadOf({
      body: "word ".repeat(20_000),
      title: "t".repeat(1_000),
      suggestion: "x".repeat(50_000),
    });
    assert.ok(body.length <= 20_000, String(body.length));
    assert.ok(body.includes(t("thread.shortened")));
    const signs = {
      body: "\u202E".repeat(20_000),
      title: "\u202E".repeat(900),
      suggestion: "\u202E".repeat(9_000),
    };
    assert.ok(threadOf(signs).length <= 20_000);
  });
});

suite("the last word in a thread", () => {
  test("says why, and at which commit", () => {
    const { discussions } = reviewInTurn([{ findings: [onLines(A, 2, 2)] }]);
    const [reply] = publish([], {}, { discussions }).reply;
    assert.ok(reply?.resolve === true && reply.body.startsWith(reply.marker));
    assert.ok(reply.body.endsWith(`\n${t("thread.resolved.fixed", { sha: "d".repeat(12) })}`));
  });
});

type ParameterlessCode = "lock-file" | "generated-by-name" | "binary" | "over-limit" | "vendored";

const receiptOf = (path: string, code: ParameterlessCode | null): FileReceipt => ({
  path,
  outcome:
    code === null
      ? { kind: "reviewed", sinceSha: REFS.headSha }
      : { kind: "skipped", reason: reasonOf(code) },
});

const CUT = reasonOf("input-cut", { input: "description", length: 9, most: 5 });

suite("the summary", () => {
  test("tells everything, and ends with commit, cost and flow", () => {
    const body = summaryOf(
      publish(
        [onLines(A, 2, 2), onLines(A, 0, 0, { severity: "info", title: "Folded | one", body: "Its body." })],
        {
          walkthrough: "Adds a *cart*.",
          files: [receiptOf("a.ts", null), receiptOf("package-lock.json", "lock-file")],
          remarks: [CUT],
          rejected: 1,
          refuted: 2,
          usage: {
            totalTokens: 12_345,
            promptTokens: 12_000,
            completionTokens: 345,
            totalPrice: 0.0123,
            currency: "USD",
          },
        },
        { leastSeverity: "major" },
      ),
    );
    const sha = "d".repeat(12);
    const info = `${t("severity.info")} · ${t("category.bug")}`;
    const lockFile = t.reason(reasonOf("lock-file"));
    const tokens = t("usage.tokens", { total: 12_345, input: 12_000, output: 345 });
    for (const part of [
      `<!-- reviewflow:summary flow=default -->\n## ${t("summary.heading")}\n\nAdds a *cart*.`,
      t("summary.counts", { opened: 1, kept: 0, resolved: 0, summaryOnly: 1 }),
      `| ${t("severity.major")} | \`a.ts:3\` | Division by zero | ${t("thread.state.new")} |`,
      `<summary>${t("summary.only", { count: 1 })}</summary>\n\n- **${info}** \`a.ts:1\`: Folded | one _(${t("summary.only.severity")})_\n\n  Its body.`,
      `<summary>${t("coverage.heading", { reviewed: 1, partly: 0, skipped: 1 })}</summary>`,
      `- \`a.ts\` — ${t("coverage.reviewed", { sha })}\n- \`package-lock.json\` — ${t("coverage.skipped", { reason: lockFile })}`,
      `> ${t.reason(CUT)}`,
      `> ${t("summary.rejected", { count: 1 })}`,
      `> ${t("summary.refuted", { count: 2 })}`,
      `<sub>${t("note.commit", { sha })} · ${tokens} · 0.0123 USD · ${t("note.flow", { name: "default" })}</sub>`,
    ])
      assert.ok(body.includes(part), part);
  });

  test("links to threads that are there already", () => {
    const { discussions } = reviewInTurn([{ findings: [onLines(A, 2, 2)] }]);
    const body = summaryOf(publish([onLines(A, 2, 2)], {}, { discussions }));
    assert.ok(body.includes(`| [Division by zero](#note_1) | ${t("thread.state.open")} |`));
  });

  test("stays below its limit whatever there is to tell, and its counts add up", () => {
    const findings = Array.from({ length: 120 }, (_, index) =>
      onLines(A, index % CODE.length, index % CODE.length, {
        path: `a.ts`,
        title: `${"|* word ".repeat(30)}${index}`,
        body: "some **words** and `code`. ".repeat(60),
      }),
    );
    const files = Array.from({ length: 5_000 }, (_, index) =>
      receiptOf(
        `dir${index % 900}/${"long/".repeat(30)}${index}.ts`,
        index % 3 === 0 ? "generated-by-name" : null,
      ),
    );
    const body = summaryOf(
      publish(
        findings,
        {
          files,
          walkthrough: "a * word. ".repeat(6_000),
          remarks: Array.from({ length: 90 }, (_, at) =>
            reasonOf("rules-file-binary", { file: `${at} ${"a * [b] ".repeat(90)}` }),
          ),
        },
        { maxThreads: 10 },
      ),
    );
    assert.ok(body.length <= 60_000, String(body.length));
    assert.ok(body.includes(t("thread.shortened")));
    assert.ok(body.includes(t("coverage.heading", { reviewed: 3_333, partly: 0, skipped: 1_667 })));
  });

  test("a receipt of many files counts each of them once", () => {
    const reasons = [null, "generated-by-name", "binary", "over-limit"] as const;
    const files = Array.from({ length: 3_000 }, (_, index) =>
      receiptOf(`d${index % 70}/${index}.ts`, reasons[index % reasons.length] ?? null),
    );
    for (const folders of [0, 5, 1_000]) {
      const text = renderReceipt(files, { files: 100, folders }, t);
      const counts = [...text.matchAll(/ — (\d[\d,]*)/g)].map(([, count]) =>
        Number(count?.replaceAll(",", "")),
      );
      assert.equal(
        counts.reduce((sum, count) => sum + count, 0),
        files.length,
      );
    }
    const single = renderReceipt(files.slice(0, 100), { files: 100, folders: 5 }, t);
    assert.equal(single.split("\n").length, 100);
  });

  test("a status fails from a severity on, but not for what a human resolved", () => {
    const status = { name: "review", failsFrom: "major" } as const;
    assert.equal(publish([onLines(A, 2, 2)], { status }).status?.state, "failed");
    assert.equal(publish([onLines(A, 2, 2, { severity: "minor" })], { status }).status?.state, "success");
    assert.equal(
      publish([onLines(A, 2, 2)], { status: { name: "review", failsFrom: null } }).status?.state,
      "success",
    );
    const { discussions } = reviewInTurn([{ findings: [onLines(A, 2, 2)] }]);
    const resolved = discussions.map((one) => ({ ...one, resolved: true, resolvedBy: 7 }));
    assert.equal(publish([onLines(A, 2, 2)], { status }, { discussions: resolved }).status?.state, "success");
    assert.equal(publish([]).status, null);
  });

  test("a status is no success while a file was left out by its author's word, or for a failure", () => {
    const skipped = (path: string, reason: Reason): FileReceipt => ({
      path,
      outcome: { kind: "skipped", reason },
    });
    const stateOf = (...files: readonly FileReceipt[]): string | undefined =>
      publish([], { status: { name: "review", failsFrom: "critical" }, files }).status?.state;
    for (const file of [
      skipped("a.ts", reasonOf("generated-by-mark", { line: 1 })),
      skipped("a.gen.ts", reasonOf("generated-by-name")),
      skipped("vendor/a.js", reasonOf("vendored")),
      skipped("a.js", reasonOf("binary")),
      skipped("a.png.js", reasonOf("binary")),
      skipped("lib.so", reasonOf("binary")),
      skipped("a.js", reasonOf("diff-unavailable", { cause: "large" })),
      skipped("a.js", reasonOf("too-large")),
      skipped("a.js", reasonOf("over-limit")),
      skipped("a.js", reasonOf("flow-failed")),
      {
        path: "a.js",
        outcome: { kind: "partly", sinceSha: "a", reason: reasonOf("lines-cut", { lines: 1, column: 9 }) },
      } as const,
    ]) {
      assert.equal(stateOf(file), "failed", JSON.stringify(file));
      assert.equal(
        publish([], { status: { name: "review", failsFrom: "critical" }, files: [file] }).status?.description,
        t("status.not-reviewed", { findings: 0, unreviewed: 1, files: 1 }),
      );
    }
    assert.equal(
      stateOf(
        skipped("docs/a.md", reasonOf("path-rule")),
        skipped("yarn.lock", reasonOf("lock-file")),
        skipped("logo.png", reasonOf("binary")),
        skipped("old.js", reasonOf("deleted")),
        skipped("moved.js", reasonOf("no-text-change", { change: "renamed" })),
        { path: "a.ts", outcome: { kind: "reviewed", sinceSha: "a" } },
      ),
      "success",
    );
  });
});

test("a publication is in the language of the review", () => {
  const japanese = translator("ja");
  const publication = publish([onLines(A, 2, 2)], { language: "日本語" });
  assert.ok(publication.open[0]?.body.includes(japanese("severity.major")));
  assert.ok(summaryOf(publication).includes(`## ${japanese("summary.heading")}`));
});
