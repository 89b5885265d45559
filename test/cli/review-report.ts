import type { LocalFinding, LocalReport } from "../../src/cli/review/local-report.ts";

/** A finding of a local review, with some of it changed. */
export const finding = (more: Partial<LocalFinding> = {}): LocalFinding => ({
  path: "src/합 계.js",
  side: "new",
  line: 3,
  endLine: 4,
  nearLine: 3,
  code: "a\nb",
  severity: "major",
  category: "error-handling",
  confidence: 0.9,
  title: "Past the end",
  body: "The loop runs once too often.",
  suggestion: null,
  fingerprint: "0123456789abcdef0123456789abcdef-0",
  ...more,
});

/** A report of a local review. */
export const report = (findings: readonly LocalFinding[], more: Partial<LocalReport> = {}): LocalReport => ({
  name: "main...HEAD",
  root: "/repo",
  flow: "default",
  findings,
  below: 0,
  receipt: [{ path: "src/합 계.js", outcome: { kind: "reviewed", sinceSha: "1" } }],
  untracked: [],
  remarks: [],
  notices: [],
  usage: {
    totalTokens: 1234,
    promptTokens: 1000,
    completionTokens: 234,
    totalPrice: 0.0123,
    currency: "USD",
  },
  ...more,
});
