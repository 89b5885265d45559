import type { Clock } from "../../../base/clock.ts";
import type { Logger } from "../../../base/logger.ts";
import type { Flow } from "../../../flow/flow.ts";
import type { RunEventReading } from "../../../store/run-event.ts";
import type { Run, Store } from "../../../store/store.ts";
import type { ShownFlow } from "../dashboard-options.ts";
import type { Masking } from "../mask-text.ts";
import type { Sessions } from "../session.ts";
import type { Call } from "./run-progress.ts";

/** What is shown of runs while they run, and afterwards. */
export type LiveRunOptions = {
  readonly store: Pick<Store, "getRun"> & RunEventReading;
  readonly flows: readonly ShownFlow[];
  readonly masking: Masking;
  readonly isSessionOver: Sessions["isOver"];
  readonly clock: Clock;
  readonly logger: Logger;
};

const FINAL: ReadonlySet<Run["state"]> = new Set([
  "succeeded",
  "partial-succeeded",
  "failed",
  "cancelled",
  "superseded",
]);

/** Whether nothing more will happen in a run. */
export const isOver = ({ state }: Pick<Run, "state">): boolean => FINAL.has(state);

/** The workflow that a call went to, as it is configured now; null when it runs on Dify or is gone. */
export const flowOfCall = (flows: readonly ShownFlow[], name: string, { part }: Call): Flow | null => {
  const parts = flows.find((flow) => flow.name === name)?.parts.filter(({ role }) => role === part.role);
  return parts?.[part.role === "pass" ? part.index : 0]?.flow ?? null;
};
