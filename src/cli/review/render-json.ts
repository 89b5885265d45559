import type { Translate } from "../../messages/format-message.ts";
import type { LocalReport } from "./local-report.ts";
import { safeJson } from "./safe-text.ts";

/** A report for programs: everything that is known, under stable names. */
export const renderJson = (_t: Translate, report: LocalReport): string => {
  const { name, flow, findings, below, receipt, untracked, remarks, notices, usage } = report;
  return safeJson({
    version: 1,
    range: name,
    flow,
    findings: findings.map(({ nearLine: _near, code: _code, ...finding }) => finding),
    below,
    files: receipt.map(({ path, outcome }) =>
      outcome.kind === "reviewed"
        ? { path, outcome: outcome.kind }
        : { path, outcome: outcome.kind, reason: outcome.reason },
    ),
    untracked,
    remarks,
    notices,
    usage,
  });
};
