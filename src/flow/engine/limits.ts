import { englishOf, type FlowMessage, flowMessage } from "../messages/message.ts";

/** How much a run may take. */
export type FlowLimits = {
  /** The most nodes that one run starts. */
  readonly maxSteps: number;
  /** The longest a run lasts, in milliseconds. */
  readonly maxMs: number;
  /** The most nodes of one level that run side by side. */
  readonly parallelBranches: number;
  /** How deep flows may call flows. */
  readonly maxCallDepth: number;
};

/** Dify's limits. */
export const DIFY_LIMITS: FlowLimits = {
  maxSteps: 500,
  maxMs: 1_200_000,
  parallelBranches: 10,
  maxCallDepth: 5,
};

/** Ends a run from inside, as `stopped`: a limit was reached. */
export class RunStopped extends Error {
  override readonly name = "RunStopped";
  readonly what: FlowMessage;

  constructor(what: FlowMessage) {
    super(englishOf(what));
    this.what = what;
  }
}

/** Why the number of steps ends a run, null when it does not. Dify lets the step that is too many end. */
export const stepLimitReason = (steps: number, { maxSteps: most }: FlowLimits): FlowMessage | null =>
  steps > most ? flowMessage("flow.run.too-many-steps", { steps, most }) : null;

/** Why the time ends a run. */
export const timeReason = ({ maxMs }: FlowLimits, elapsedMs: number): FlowMessage =>
  flowMessage("flow.run.too-long", { seconds: (elapsedMs / 1000).toFixed(2), most: maxMs / 1000 });
