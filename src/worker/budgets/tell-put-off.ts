import { BudgetError } from "../../base/errors.ts";
import type { Forge, MergeRequestRef } from "../../review/forge.ts";
import { noteMarker, renderNote } from "../../review/note-text.ts";
import type { Claim } from "../../store/store.ts";

/**
 * Says in one note of the merge request, the same each time, that its review waits for the next day's
 * budget. Nothing is said of other failures.
 */
export const tellPutOff = async (
  { run, signal }: Pick<Claim, "run" | "signal">,
  ref: MergeRequestRef,
  forge: Pick<Forge, "upsertNote">,
  error: unknown,
): Promise<void> => {
  if (!(error instanceof BudgetError) || !error.retryable) return;
  const flow = `${run.flow}:budget`;
  const markdown = `The review waits: ${error.message}.`;
  const body = renderNote({ flow, headSha: run.headSha ?? "", markdown, remarks: [] });
  await forge.upsertNote(ref, { marker: noteMarker(flow), body }, signal);
};
