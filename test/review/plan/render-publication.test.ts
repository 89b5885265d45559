import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { FileReceipt, SkipReason } from "../../../src/review/receipt.ts";
import { planReview } from "../../../src/review/plan/plan-review.ts";
import { renderPublication } from "../../../src/review/plan/render-publication.ts";
import { renderReceipt } from "../../../src/review/plan/render-receipt.ts";
import { sentencesFor } from "../../../src/review/plan/sentences-for.ts";
import type { AnchoredFinding, Finding } from "../../../src/review/finding.ts";
import { CODE, REFS, factsOf, fileOf, findingOf, inputOf, onLines, reviewInTurn } from "./review-setup.ts";

const A = fileOf("a.ts");

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
    assert.match(thread.body, /\*\*Major · bug\*\* Division by zero\n\n`items` may be empty\./);
    assert.doesNotMatch(thread.body, /confidence/);
    assert.ok(thread.position?.on.kind === "line" && thread.position.on.newLine === 3);
    assert.match(threadOf({}, 2, 2, { showConfidence: true }), /confidence 90 %/);
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
      /\n`````suggestion:-0\+0\n````md\n```\n````\n`````$/,
    );
  });

  test("only shows a suggestion that GitLab could not apply as it is", () => {
    for (const suggestion of [
      "ok();\n/approve",
      "   /merge",
      "a\u202Eb",
      "x\r/close",
      "<!-- reviewflow:thread -->",
    ]) {
      const body = threadOf({ suggestion });
      assert.doesNotMatch(body, /suggestion:-/, JSON.stringify(suggestion));
      assert.match(body, /Suggested code:\n\n```\n/);
      assert.doesNotMatch(body, /(^|[\n\r])\s*\/\w/);
    }
    assert.match(threadOf({ suggestion: "/* ok */\n * x\n */\n// fine" }), /suggestion:-/);
  });

  test("is shortened where it is too long, and says so", () => {
    const body = threadOf({
      body: "word ".repeat(20_000),
      title: "t".repeat(1_000),
      suggestion: "x".repeat(50_000),
    });
    assert.ok(body.length <= 20_000, String(body.length));
    assert.match(body, /Shortened/);
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
    assert.match(reply.body, /\nResolved: no longer found as of d{12}\.$/);
  });
});

const receiptOf = (path: string, reason: SkipReason | null): FileReceipt => ({
  path,
  outcome:
    reason === null
      ? { kind: "reviewed", sinceSha: REFS.headSha }
      : { kind: "skipped", reason, detail: "because" },
});

suite("the summary", () => {
  test("tells everything, and ends with commit, cost and flow", () => {
    const body = summaryOf(
      publish(
        [onLines(A, 2, 2), onLines(A, 0, 0, { severity: "info", title: "Folded | one", body: "Its body." })],
        {
          walkthrough: "Adds a *cart*.",
          files: [receiptOf("a.ts", null), receiptOf("package-lock.json", "lock-file")],
          remarks: ["The description was cut."],
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
    for (const part of [
      /^<!-- reviewflow:summary flow=default -->\n## Review\n\nAdds a \*cart\*\./,
      /1 new, 0 said before, 0 resolved, 1 below only\./,
      /\| Major \| `a\.ts:3` \| Division by zero \| new \|/,
      /<summary>Further findings without a thread \(1\)<\/summary>\n\n- \*\*Info · bug\*\* `a\.ts:1`: Folded \| one _\(below the severity for a thread\)_\n\n {2}Its body\./,
      /<summary>What was reviewed: 1 file, 0 in part, 1 not<\/summary>/,
      /- `a\.ts` — reviewed at d{12}\n- `package-lock\.json` — not reviewed: lock file \(because\)/,
      /> The description was cut\./,
      /> 1 finding could not be understood and was left out\./,
      /> 2 findings did not stand up to verification and were dropped\./,
      /<sub>Reviewed commit d{12} · 12,345 tokens \(12,000 input, 345 output\), 0\.0123 USD · flow default<\/sub>$/,
    ])
      assert.match(body, part);
  });

  test("links to threads that are there already", () => {
    const { discussions } = reviewInTurn([{ findings: [onLines(A, 2, 2)] }]);
    const body = summaryOf(publish([onLines(A, 2, 2)], {}, { discussions }));
    assert.match(body, /\| \[Division by zero\]\(#note_1\) \| open \|/);
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
      receiptOf(`dir${index % 900}/${"long/".repeat(30)}${index}.ts`, index % 3 === 0 ? "generated" : null),
    );
    const body = summaryOf(
      publish(
        findings,
        {
          files,
          walkthrough: "a * word. ".repeat(6_000),
          remarks: Array.from({ length: 90 }, () => "a * [b] ".repeat(90)),
        },
        { maxThreads: 10 },
      ),
    );
    assert.ok(body.length <= 60_000, String(body.length));
    assert.match(body, /Shortened/);
    assert.match(body, /3333 files, 0 in part, 1667 not/);
  });

  test("a receipt of many files counts each of them once", () => {
    const reasons = [null, "generated", "binary", "cost-limit"] as const;
    const files = Array.from({ length: 3_000 }, (_, index) =>
      receiptOf(`d${index % 70}/${index}.ts`, reasons[index % reasons.length] ?? null),
    );
    for (const folders of [0, 5, 1_000]) {
      const text = renderReceipt(files, { files: 100, folders }, sentencesFor("en"));
      const counts = [...text.matchAll(/— (\d+) files?,/g)].map(([, count]) => Number(count));
      assert.equal(
        counts.reduce((sum, count) => sum + count, 0),
        files.length,
      );
    }
    const single = renderReceipt(files.slice(0, 100), { files: 100, folders: 5 }, sentencesFor("en"));
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
    const resolved = discussions.map((one) => ({ ...one, resolved: true, resolvedById: 7 }));
    assert.equal(publish([onLines(A, 2, 2)], { status }, { discussions: resolved }).status?.state, "success");
    assert.equal(publish([]).status, null);
  });
});

suite("the server's own sentences", () => {
  test("are chosen by a language as people name it", () => {
    for (const name of ["Japanese", "日本語", "ja", "ja-JP", " JAPANESE ", "にほんご"])
      assert.equal(sentencesFor(name).heading, "レビュー", name);
    for (const name of ["Korean", "한국어", "ko", "ko_KR", "Korean (polite)"])
      assert.equal(sentencesFor(name).heading, "리뷰", name);
    for (const name of ["English", "en", "", "Deutsch", "中文", "Klingon"])
      assert.equal(sentencesFor(name).heading, "Review", name);
  });

  test("are what the notes are written in", () => {
    const publication = publish([onLines(A, 2, 2)], { language: "日本語" });
    assert.match(publication.open[0]?.body ?? "", /\*\*重要 · バグ\*\*/);
    assert.match(summaryOf(publication), /## レビュー/);
  });
});
