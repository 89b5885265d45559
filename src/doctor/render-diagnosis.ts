import type { Diagnosis } from "./diagnosis.ts";

const MARKS = { ok: "✓", warn: "!", fail: "✗" } as const;

/** A diagnosis for the terminal: its mark and what was found, and below it what to do. */
export const renderDiagnosis = ({ level, what, mend }: Diagnosis): string =>
  `${MARKS[level]} ${what}\n${mend === null ? "" : `    → ${mend}\n`}`;

/** The last line: how many of each there were. */
export const renderSum = (diagnoses: readonly Diagnosis[]): string => {
  const count = (level: Diagnosis["level"]): number => diagnoses.filter((one) => one.level === level).length;
  const [fails, warns] = [count("fail"), count("warn")];
  if (fails + warns === 0) return `\nAll ${diagnoses.length} checks are well.\n`;
  return `\n${diagnoses.length} checks: ${fails} to mend, ${warns} to know of, ${count("ok")} well.\n`;
};
