/** How long things may take with Dify; all in milliseconds. */
export type DifyLimits = {
  /** Until a connection stands. */
  readonly connectMs: number;
  /** Until the first byte of an answer, and until the end of a short one. */
  readonly answerMs: number;
  /** Between two bytes of the event stream of a run that has begun; Dify's worker pings every 10 s. */
  readonly idleMs: number;
  /** From the start of a run to its end; Dify itself ends a run after 1200 s (WORKFLOW_MAX_EXECUTION_TIME). */
  readonly totalMs: number;
  /** From the request to the begin of the run: Dify's queue has one worker by default, so runs wait in silence. */
  readonly queueMs: number;
  /** What a cancelled run is given to stop. */
  readonly stopMs: number;
  /** Between two looks at a run whose stream is lost. */
  readonly pollMs: number;
  /** For how long the run of a request that Dify has not answered is sought in its log. */
  readonly lookupMs: number;
  /** The same for versions of Dify that write the log at the end of a run (before 1.14). */
  readonly lookupAtEndMs: number;
};

const SECOND = 1_000;

/** The limits that hold where none are given. */
export const DEFAULT_LIMITS: DifyLimits = {
  connectMs: 10 * SECOND,
  answerMs: 60 * SECOND,
  idleMs: 60 * SECOND,
  totalMs: 1_260 * SECOND,
  queueMs: 3_600 * SECOND,
  stopMs: 15 * SECOND,
  pollMs: 3 * SECOND,
  lookupMs: 120 * SECOND,
  lookupAtEndMs: 1_260 * SECOND,
};
