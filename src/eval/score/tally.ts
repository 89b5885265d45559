/** What one run or several runs of a flow over cases come to; every field is a sum. */
export type Tally = {
  readonly runs: number;
  /** Runs in which no part of the change could be reviewed. */
  readonly failed: number;
  readonly expected: number;
  readonly reported: number;
  /** Expected findings that were found, each with one reported finding. */
  readonly matched: number;
  /** Of the matched: on exactly the expected lines. */
  readonly exact: number;
  /** Of the matched: sharing a line with the expected ones. */
  readonly overlapping: number;
  /** Of the matched: within the tolerance. */
  readonly near: number;
  /** Of the matched: those that are expected on known lines, so that lines can be judged at all. */
  readonly located: number;
  readonly changedLines: number;
  readonly tokens: number;
  /** In the currency of the models' prices; null where the price of a run is not known. */
  readonly cost: number | null;
  /** From start to end, in milliseconds. */
  readonly wallMs: number;
  /** In calls of models, one after the other, in milliseconds; for replayed answers as it was recorded. */
  readonly modelMs: number;
};

/** Nothing. */
export const NO_TALLY: Tally = {
  runs: 0,
  failed: 0,
  expected: 0,
  reported: 0,
  matched: 0,
  exact: 0,
  overlapping: 0,
  near: 0,
  located: 0,
  changedLines: 0,
  tokens: 0,
  cost: 0,
  wallMs: 0,
  modelMs: 0,
};

/** What both come to together. */
export const addTallies = (left: Tally, right: Tally): Tally => ({
  runs: left.runs + right.runs,
  failed: left.failed + right.failed,
  expected: left.expected + right.expected,
  reported: left.reported + right.reported,
  matched: left.matched + right.matched,
  exact: left.exact + right.exact,
  overlapping: left.overlapping + right.overlapping,
  near: left.near + right.near,
  located: left.located + right.located,
  changedLines: left.changedLines + right.changedLines,
  tokens: left.tokens + right.tokens,
  cost: left.cost === null || right.cost === null ? null : left.cost + right.cost,
  wallMs: left.wallMs + right.wallMs,
  modelMs: left.modelMs + right.modelMs,
});
