import type { Translate } from "../messages/format-message.ts";
import type { Diagnosis } from "./diagnosis.ts";

const MARKS = { ok: "✓", warn: "!", fail: "✗" } as const;

/** A diagnosis for the terminal: its mark and what was found, and below it what to do. */
export const renderDiagnosis = (t: Translate, { level, what, fix }: Diagnosis): string =>
  `${MARKS[level]} ${t.message(what)}\n${fix === null ? "" : `    → ${t.message(fix)}\n`}`;

/** A diagnosis for programs. `code` and `fixCode` name what was found and what to do; the texts are those of `t`. */
export const describeDiagnosis = (t: Translate, { level, check, what, fix }: Diagnosis) => ({
  level,
  check,
  code: what.code,
  what: t.message(what),
  fixCode: fix?.code ?? null,
  fix: fix === null ? null : t.message(fix),
});

/** The last line: how many of each there were. */
export const renderSum = (t: Translate, diagnoses: readonly Diagnosis[]): string => {
  const count = (level: Diagnosis["level"]): number => diagnoses.filter((one) => one.level === level).length;
  return `\n${t("doctor.sum", { ok: count("ok"), warnings: count("warn"), failed: count("fail") })}\n`;
};
