import { reasonOf } from "../../src/base/reason.ts";
import { verbatim } from "../../src/messages/message.ts";
import type { CaseRun } from "../../src/eval/run/run-case.ts";
import { buildReport, type EvalReport } from "../../src/eval/report/eval-report.ts";
import type { EvalCase, Expected } from "../../src/eval/set/eval-case.ts";
import { NO_USAGE } from "../../src/flow/flow-event.ts";

/** What a page must show as text. */
export const EVIL = `</title><script>document.title = "run"</script><img src="https://evil.example.com/x" onerror="document.title='run'">\u202Etxt`;

const expected: Expected = {
  path: EVIL,
  side: "new",
  lines: { first: 3, last: 5 },
  severity: null,
  category: null,
  text: EVIL,
};

const aCase = (name: string, language: string | null): EvalCase => ({
  name,
  title: EVIL,
  description: "",
  language,
  changes: [],
  changedLines: 20,
  files: new Map(),
  expected: [expected, { ...expected, path: null, lines: null }],
});

const failure = reasonOf("model-failed", { error: EVIL, detail: verbatim(EVIL) });

const FLOWS = ["team", EVIL, "third", "fourth", "fifth", "sixth", "seventh"];

/** A report whose every foreign text is hostile, with more flows than there are colours. */
export const hostileReport = (): EvalReport => {
  const cases = [aCase("first", EVIL), aCase(`second-${"long".repeat(20)}`, null)];
  const runs = cases.flatMap((found) =>
    FLOWS.flatMap((flow, index) =>
      [1, 2].map((repeat): CaseRun => ({
        case: found,
        flow,
        repeat,
        failure: index === 3 ? failure : null,
        reported: [
          {
            path: EVIL,
            side: "new",
            lines: { first: 3, last: 3 },
            severity: "major",
            category: "bug",
            title: EVIL,
            body: EVIL,
          },
        ],
        byPosition: repeat === 1 ? [{ expected: 0, reported: 0, distance: 0, isExact: false }] : [],
        byMeaning: index === 2 ? null : [{ expected: 1, reported: 0, distance: null, isExact: false }],
        judgeFailure: index === 2 ? failure : null,
        usage: { ...NO_USAGE, totalTokens: 100 * (index + 1), totalPrice: index / 100 },
        judgeUsage: { ...NO_USAGE, totalTokens: 5 },
        wallMs: 10,
        modelMs: 5,
        remarks: [failure],
      })),
    ),
  );
  return buildReport({ name: EVIL, cases, notices: [verbatim(EVIL)] }, runs, {
    flows: FLOWS,
    repeats: 2,
    tolerance: 3,
    judge: EVIL,
    answers: { source: "ask", asked: 28, replayed: 0 },
    startedAt: "2026-01-31T12:00:00.000Z",
    resamples: 50,
    seed: 1,
  });
};
