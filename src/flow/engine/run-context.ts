import type { Clock } from "../../base/clock.ts";
import type { Journal } from "../../base/journal.ts";
import type { Flow } from "../flow.ts";
import type { FlowEvent, FlowUsage, NodeRef } from "../flow-event.ts";
import type { FlowPorts } from "../node.ts";
import type { FlowLimits } from "./limits.ts";
import type { Mask } from "./mask.ts";
import type { FramePlan } from "./plan.ts";
import type { Conversation } from "./initial-pool.ts";
import type { StepJournal } from "./step-journal.ts";

/** What all frames of a run share. */
export type RunContext = {
  readonly flow: Flow;
  readonly ports: FlowPorts;
  readonly clock: Clock;
  readonly limits: FlowLimits;
  /** Aborted when the run ends before its nodes do, with the reason. */
  readonly signal: AbortSignal;
  /** Tells an event; nothing any more once the run has ended, whatever its nodes still do. */
  readonly emit: (event: FlowEvent) => void;
  /** Counts what one attempt of one node consumed, without what its children did. */
  readonly countUsage: (usage: FlowUsage) => void;
  readonly steps: StepJournal;
  /** The entries of one node that has not ended, by its key among the steps. */
  readonly journalOf: (stepKey: string) => Journal;
  readonly callDepth: number;
  /** What was said before in a chat, the oldest first. */
  readonly turns: Conversation["turns"];
  readonly mask: Mask;
  /** The plan of the top level (null) or of a container's inside. */
  readonly planOf: (containerId: string | null, startNodeId: string) => FramePlan;
  /** Counts a started node towards the run's limit; stops the run when there are too many. */
  readonly countStep: () => void;
  readonly checkLimits: () => void;
};

/** One frame: the top level, or a round of a container. */
export type FrameScope = {
  /** Empty at the top, else such as `iteration[3]/`; makes a node's key in the journal. */
  readonly path: string;
  readonly container: NodeRef["container"];
};

/** The top level. */
export const ROOT_SCOPE: FrameScope = { path: "", container: null };

/** The scope of a container's round. */
export const roundScope = (scope: FrameScope, nodeId: string, index: number): FrameScope => ({
  path: `${scope.path}${nodeId}[${index}]/`,
  container: { nodeId, index },
});
