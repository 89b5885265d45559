/** For how long what is stored is kept, in milliseconds; null for ever. */
export type Retention = {
  /** The raw bodies of deliveries, counted from their arrival. */
  readonly bodies: number | null;
  /** Deliveries, which repeats are recognised by, counted from their arrival. */
  readonly deliveries: number | null;
  /** Runs with their results, counted from their end. */
  readonly runs: number | null;
  /** The journals of runs, counted from their end. */
  readonly steps: number | null;
  /** What happened in the flow calls of runs. */
  readonly events: number | null;
  /** What flows remember of merge requests, counted from its last use. */
  readonly memory: number | null;
};

const DAY_MS = 86_400_000;

/** What is kept when nothing is said. */
export const DEFAULT_RETENTION: Retention = {
  bodies: 30 * DAY_MS,
  deliveries: 180 * DAY_MS,
  runs: 180 * DAY_MS,
  steps: 7 * DAY_MS,
  events: 30 * DAY_MS,
  memory: 90 * DAY_MS,
};

/** For how long is kept that a merge request had a review at all, whatever is said of runs. */
export const REVIEWED_KEPT_MS = 400 * DAY_MS;
