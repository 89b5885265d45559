import type { FlowRunner } from "./flow-runner.ts";

/** Puts something around a runner: what is to be run stays the same. */
export type RunnerLayer = (runner: FlowRunner) => FlowRunner;

/**
 * All that can stand between a review and the workflow that it asks, the innermost first. Limits on the rate are no layer:
 * they hold for each request of a run, within the clients of Dify, GitLab and models.
 */
const LAYERS = [
  /** Starts what the workflow needs in this process (open-embedded.ts). */
  "warmUp",
  /** Leaves a server or model alone that failed again and again (breaker-runner.ts, model-gate.ts). */
  "circuitBreaker",
  /** Says of a failure what of Dify is to be waited for (behind-peers.ts). */
  "outside",
  /** Runs a file in place of an app whose server does not work (fallback-runner.ts). */
  "fallback",
  /** Tells metrics and traces (observe-runner.ts). */
  "observe",
  /** Asks whether the day's budgets allow it, and counts what it used (budget-desk.ts). */
  "budget",
  /** Keeps what happens in the run's events (record-events.ts). */
  "record",
] as const;

/** The layers that a place puts around a runner; it leaves out, or has null for, those that it does not want. */
export type RunnerLayers = Partial<Readonly<Record<(typeof LAYERS)[number], RunnerLayer | null>>>;

/** A runner within its layers, in their order however they are written. */
export const composeRunner = (runner: FlowRunner, layers: RunnerLayers): FlowRunner =>
  LAYERS.reduce((inner, name) => layers[name]?.(inner) ?? inner, runner);
