import { plainDetail } from "../../messages/plain.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { inEnglish } from "../../../src/base/errors.ts";
import { type Message, message } from "../../../src/messages/message.ts";
import { ReviewResult } from "../../../src/review/review-result.ts";
import type { FlowOutcome } from "../../../src/review/flow-runner.ts";
import { FINDINGS_INPUTS } from "../../../src/worker/findings/findings-flow.ts";
import { createPlace } from "./place.ts";
import {
  createWorker,
  fakeFindingsFlow,
  fakeFlow,
  findBugs,
  linesOf,
  resultOf,
  shownLines,
  textInput,
  verdictsOn,
} from "./world.ts";

const clean = linesOf(100);
const changed = linesOf(100, (line) => (line === 10 ? "BUG 10" : null));
const place = () => createPlace({ "a.ts": [clean, changed] });

const findings = (value: unknown): Partial<FlowOutcome> => ({
  outputs: { findings: typeof value === "string" ? value : JSON.stringify(value) },
});
const finding = (title: string, body: string) => [
  { path: "a.ts", line: 11, quote: "BUG 10", severity: "major", confidence: 0.9, title, body },
];
const failedOn = (incompleteAnswer: FlowOutcome["incompleteAnswer"]): Partial<FlowOutcome> => ({
  status: "failed",
  error: "Error: The model answered with no text at main (<code>:29:32)",
  incompleteAnswer,
});
const ENGLISH = finding(
  "The total is wrong",
  "The loop adds the same price twice, so that customers pay too much.",
);
const EXAMPLE = [
  { path: "lib/shelf.js", line: 41, title: "The loop reads one book past the end", body: "…" },
];

/** What a flow answers that is no answer, the language asked for, and what the second question names. */
const NONE: readonly (readonly [string, Partial<FlowOutcome>, string, RegExp | Message, string])[] = [
  ["{}", findings("{}"), "English", message("findings.answer-without"), "findings-unusable"],
  [
    "null for findings",
    findings('{"findings": null}'),
    "English",
    message("findings.answer-without"),
    "findings-unusable",
  ],
  [
    "prose",
    findings("I shall look into it."),
    "English",
    message("findings.answer-without"),
    "findings-unusable",
  ],
  ["empty text of the flow", findings(""), "English", message("findings.answer-empty"), "findings-unusable"],
  [
    "empty text that a code node fails over",
    failedOn("answer-empty"),
    "English",
    /was empty/,
    "answer-empty",
  ],
  ["a cut answer", failedOn("answer-cut-short"), "English", /cut off/, "answer-cut-short"],
  [
    "the prompt's own example",
    findings(EXAMPLE),
    "English",
    message("findings.path-unknown"),
    "findings-unusable",
  ],
  [
    "English for Japanese",
    findings(ENGLISH),
    "Japanese",
    /not written in Japanese/,
    "answer-in-other-language",
  ],
  ["English for Korean", findings(ENGLISH), "한국어", /not written in 한국어/, "answer-in-other-language"],
  [
    "English for Chinese",
    { outputs: { findings: "[]", overview: "Adds up the prices of all items." } },
    "简体中文",
    /not written in 简体中文/,
    "answer-in-other-language",
  ],
];

suite("an answer that is none", () => {
  for (const [name, answer, language, problem, code] of NONE)
    test(`${name}: asked for once more with what was wrong; twice, and the part is not reviewed`, async () => {
      const japanese = findings(finding("合計が正しくありません", "同じ価格を二度加えています。"));
      const world = place();
      const once = fakeFindingsFlow({ language }, (request, nth) =>
        nth === 1 ? answer : language === "English" ? findBugs(request, nth) : japanese,
      );
      const settlement = await createWorker(world).review(once.flow);
      assert.equal(settlement.state, "succeeded", JSON.stringify(settlement));
      assert.equal(world.threads().length, 1);
      const corrections = once.requests.map((request) => textInput(request, "correction"));
      assert.deepEqual([corrections.length, corrections[0]], [2, ""]);
      const wanted = problem instanceof RegExp ? problem : `: ${inEnglish(problem)}. `;
      const correction = corrections[1] ?? "";
      assert.ok(
        typeof wanted === "string" ? correction.includes(wanted) : wanted.test(correction),
        correction,
      );
      assert.match(corrections[1] ?? "", /^\n\n\S/);
      // Fresh: the question as it was, and nothing of the answer.
      const { inputs: first } = once.requests[0] ?? assert.fail();
      assert.deepEqual({ ...once.requests[1]?.inputs, correction: "" }, first);
      assert.doesNotMatch(corrections[1] ?? "", /shelf|wrong, so|I shall/);

      const twice = fakeFindingsFlow({ language }, () => answer);
      const failed = await createWorker(place()).review(twice.flow);
      assert.ok(failed.state === "failed" && failed.reason.code === "no-part-reviewed");
      const detail = plainDetail(failed.reason);
      if (problem instanceof RegExp) assert.ok(detail.startsWith(`reason.${code}`), detail);
      else assert.equal(detail, `reason.${code}: ${problem.code}`);
      assert.equal(twice.requests.length, 2);
    });

  test("one part of two is told as not reviewed, with its reason", async () => {
    const long = linesOf(100, (line) => (line === 10 ? `BUG 10 ${"word ".repeat(200)}` : null));
    const world = createPlace({ "a.ts": [clean, long], "b.ts": [clean, long] });
    const { flow } = fakeFindingsFlow({}, (request, nth) =>
      shownLines(request)[0]?.path === "a.ts" ? findings("{}") : findBugs(request, nth),
    );
    const settlement = await createWorker(world).review({
      ...flow,
      limits: { ...flow.limits, unitTokens: 500 },
    });
    assert.ok(settlement.state === "partial-succeeded", JSON.stringify(settlement));
    assert.equal(settlement.reason?.code, "parts-failed");
    const { files } = ReviewResult.parse(resultOf(settlement));
    assert.deepEqual(
      files.map(({ outcome }) => ("reason" in outcome ? outcome.reason.code : outcome.kind)),
      ["findings-unusable", "reviewed"],
    );
  });

  test("what a filter stopped, and a failure of another kind, are asked once", async () => {
    const broken = { status: "failed", error: "The tool is not there" } as const;
    for (const answer of [failedOn("answer-filtered"), broken]) {
      const { flow, requests } = fakeFindingsFlow({}, () => answer);
      assert.equal((await createWorker(place()).review(flow)).state, "failed");
      assert.equal(requests.length, 1);
    }
  });

  test("names, code and a short word in Latin letters are no other language", async () => {
    const { flow, requests } = fakeFindingsFlow({ language: "Japanese" }, () => ({
      outputs: { findings: "[]", overview: "`const total = sum of all prices in the cart` → parseCart API" },
    }));
    assert.equal((await createWorker(place()).review(flow)).state, "succeeded");
    assert.equal(requests.length, 1);
  });

  test("a verifier and a walk-through that are none are asked for once more, too", async () => {
    for (const answer of [failedOn("answer-empty"), { outputs: { verdicts: "Yes.", summary: "" } }]) {
      const verify = fakeFlow(FINDINGS_INPUTS.verify, (request, nth) =>
        nth === 1 ? answer : verdictsOn(request, { f1: "confirmed" }),
      );
      const summary = fakeFlow(FINDINGS_INPUTS.summary, (_, nth) =>
        nth === 1 ? answer : { outputs: { summary: "It adds things up." } },
      );
      const world = place();
      const settlement = await createWorker(world).review(fakeFindingsFlow({ verify, summary }).flow);
      assert.equal(settlement.state, "succeeded", JSON.stringify(settlement));
      for (const { requests } of [verify, summary]) {
        const corrections = requests.map((request) => textInput(request, "correction"));
        assert.deepEqual([corrections.length, corrections[0]], [2, ""]);
        assert.notEqual(corrections[1], "");
      }
      assert.match(world.summaries()[0] ?? "", /It adds things up\./);
      assert.equal(ReviewResult.parse(resultOf(settlement)).counts.unverified, 0);
    }
  });
});
