/** A day of a calendar. */
export type BudgetDay = {
  /** Such as `2026-02-28`. */
  readonly name: string;
  /** When the next day begins, in milliseconds since the epoch. */
  readonly endsAtMs: number;
};

/** Longer than any day is, with its change of the clocks. */
const LONGER_THAN_A_DAY_MS = 27 * 3_600_000;

/** The day that it is at `nowMs` in a time zone, by its name in the IANA database. Throws for an unknown one. */
export const budgetDay = (nowMs: number, timeZone: string): BudgetDay => {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone,
    calendar: "iso8601",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  });
  const nameAt = (ms: number): string => format.format(ms);
  const name = nameAt(nowMs);
  let [today, later] = [Math.floor(nowMs), Math.floor(nowMs) + LONGER_THAN_A_DAY_MS];
  while (later - today > 1) {
    const middle = Math.floor((today + later) / 2);
    if (nameAt(middle) === name) today = middle;
    else later = middle;
  }
  return { name, endsAtMs: later };
};
