/** How often and how soon a run is tried again. */
export type RetryPolicy = {
  /** Attempts that may fail before the run does. */
  readonly maxAttempts: number;
  /** The wait after the first failure, in milliseconds; it doubles with each further one. */
  readonly baseMs: number;
  /** The longest wait, in milliseconds. What the other side asks for is not cut. */
  readonly maxMs: number;
  /** How long a run waits for something outside before it fails, in milliseconds of the database's clock. */
  readonly giveUpMs: number;
};

/** Five attempts over some minutes; a day for what lies outside. */
export const DEFAULT_RETRY: RetryPolicy = {
  maxAttempts: 5,
  baseMs: 5_000,
  maxMs: 600_000,
  giveUpMs: 86_400_000,
};
