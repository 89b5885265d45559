import type { Translate } from "../../messages/format-message.ts";
import type { LocalReport } from "./local-report.ts";
import { safeJson, safeLine } from "./safe-text.ts";

/**
 * A report for GitLab's merge request widget, an artifact of the kind `codequality`. GitLab asks for
 * description, check_name, fingerprint, severity, location.path and location.lines.begin, takes our
 * severities under the same names, and shows one finding of each fingerprint ("Code Quality report
 * format" in GitLab's documentation).
 */
export const renderCodeQuality = (_t: Translate, { findings }: LocalReport): string =>
  safeJson(
    findings.map(({ title, category, fingerprint, severity, path, nearLine, endLine, side }) => ({
      description: safeLine(title),
      check_name: `reviewflow/${category}`,
      fingerprint,
      severity,
      location: {
        path,
        lines: { begin: nearLine, ...(endLine !== null && side === "new" ? { end: endLine } : {}) },
      },
    })),
  );
