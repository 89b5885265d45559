import { messageOfReason, reasonOf } from "../base/reason.ts";
import { verbatim } from "../messages/message.ts";
import { FlowError } from "../base/errors.ts";
import { addUsage, type FlowUsage as Usage, NO_USAGE } from "../flow/flow-event.ts";
import { FlowUsage } from "../flow/flow-usage.ts";
import type { FlowOutcome } from "../review/flow-runner.ts";
import type { Claim } from "../store/store.ts";

/** The code of the failure with which a run is put off until a model may be asked again. */
const MODEL_OVERLOADED = "model-overloaded";

const SPENT = "spent-in-vain:";

/** What earlier tries of a run's flows have consumed in vain. */
export const readSpentInVain = async ({ journal }: Pick<Claim, "journal">): Promise<Usage> => {
  let spent = NO_USAGE;
  for (const value of (await journal.entries(SPENT)).values()) {
    const usage = FlowUsage.safeParse(value);
    if (usage.success) spent = addUsage(spent, usage.data);
  }
  return spent;
};

/**
 * Throws a FlowError for a flow that failed because of something outside: `model-overloaded`, which is retryable, or
 * `model-refused` where only a person can change it; any other outcome is let pass. What the try consumed is kept in the run's
 * journal. `key` names the flow's call within the run.
 */
export const rejectTransient = async (
  { run, journal }: Pick<Claim, "run" | "journal">,
  key: string,
  { transient, error, usage }: FlowOutcome,
): Promise<void> => {
  if (transient === undefined) return;
  const attempt = `${run.attempts}.${run.waits}`;
  if (usage.totalTokens > 0) await journal.write(`${SPENT}${attempt}:${key}`, { ...usage });
  const { outside } = transient;
  const isRefused = outside?.verdict === "refused";
  const code = isRefused ? "model-refused" : MODEL_OVERLOADED;
  const stated = error ?? messageOfReason(reasonOf(code));
  throw new FlowError(typeof stated === "string" ? verbatim(stated) : stated, {
    code,
    nodeId: null,
    retryable: !isRefused,
    outside: outside ?? undefined,
    retryAfterMs: transient.pauseMs ?? undefined,
  });
};
