import { reasonOf } from "../../../src/base/reason.ts";
import assert from "node:assert/strict";
import { createShadowDesk, type ShadowDesk } from "../../../src/http/shadow/shadow-desk.ts";
import type { ShadowFinding } from "../../../src/review/shadow/shadow-finding.ts";
import { figuresOf } from "../../../src/review/shadow/shadow-report.ts";
import type { OpenedStore } from "../../../src/store/open-store.ts";

/** The desk of a dashboard whose flow `review` has a candidate. */
export const shadowDesk = (store: OpenedStore): ShadowDesk =>
  createShadowDesk(store.shadows, [
    {
      flow: "review",
      candidate: "next",
      contract: "findings",
      share: 0.25,
      presentSource: "builtin:review",
      candidateSource: "/etc/reviewflow/flows/next-review.yml",
    },
  ]);

/** Compares a run with the candidate; `text` stands wherever a model writes. Returns the shadow run's id. */
export const fillShadow = async (store: OpenedStore, runId: string, text: string): Promise<string> => {
  const run = await store.getRun(runId);
  assert.ok(run !== null);
  const key = { flow: run.flow, candidate: "next" };
  await store.shadows.follow(key);
  await store.shadows.plan({ run, candidate: key.candidate, skip: null });
  const claim = await store.shadows.claim([key], { leaseMs: 600_000, plannedBeforeMs: null });
  assert.ok(claim !== null);
  const finding = (line: number, title: string): ShadowFinding => ({
    path: "src/a/rather/long/path/to/a/file/of/the/project.ts",
    side: "new",
    line,
    endLine: line + 2,
    severity: "major",
    category: "bug",
    confidence: 0.8,
    title,
    body: text,
    fingerprint: null,
  });
  const side = (findings: ShadowFinding[], totalPrice: number) => ({
    findings,
    text: null,
    usage: { totalTokens: 1_234, promptTokens: 1_000, completionTokens: 234, totalPrice, currency: "USD" },
    elapsedMs: 65_000,
    remarks: [reasonOf("steps-failed", { steps: 1, detail: text })],
  });
  const report = {
    present: side([finding(10, `Both: ${text}`), finding(40, `Present: ${text}`)], 0.0123),
    candidate: side([finding(11, `Same: ${text}`), finding(90, `Candidate: ${text}`)], 0.0045),
  };
  await claim.settle({ state: "done", report, figures: figuresOf(report) });
  return claim.shadow.id;
};
