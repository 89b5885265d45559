import { translator } from "../../messages/format-message.ts";
import { progressMarker, renderProgressNote } from "../../review/note-text.ts";
import { languageOf, type Telling } from "../telling.ts";
import { ReviewPutOff } from "./review-put-off.ts";

/**
 * Says in one note of the merge request, the same each time, that its review waits for the next day's
 * budget, in the language that the review would have. Nothing is said of other failures.
 */
export const tellPutOff = async (telling: Telling, error: unknown): Promise<void> => {
  if (!(error instanceof ReviewPutOff)) return;
  const { run, signal } = telling.claim;
  const { projectId, iid } = run;
  const { setting, limit, untilMs, timeZone } = error.putOff;
  const language = await languageOf(telling);
  const markdown = translator(language, timeZone)("budget.postponed", {
    setting,
    limit,
    until: untilMs,
  });
  const draft = { marker: progressMarker(run.flow), body: renderProgressNote(run.flow, markdown) };
  await telling.forge.upsertNote({ projectId, iid }, draft, signal);
};
