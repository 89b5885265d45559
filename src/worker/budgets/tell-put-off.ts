import { translator } from "../../messages/format-message.ts";
import { NOTE_KIND, noteMarker, renderNote } from "../../review/note-text.ts";
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
  const flow = `${run.flow}:budget`;
  const language = await languageOf(telling);
  const markdown = translator(language, timeZone)("budget.postponed", {
    setting,
    limit,
    until: untilMs,
  });
  const body = renderNote({ flow, language, headSha: null, markdown, models: [], remarks: [] });
  const draft = { marker: noteMarker(flow), kind: NOTE_KIND, body };
  await telling.forge.upsertNote({ projectId, iid }, draft, signal);
};
