import type { Logger } from "../../base/logger.ts";
import { sayPutOff } from "../../review/budgets/say-put-off.ts";
import type { Forge } from "../../review/forge.ts";
import { noteMarker, renderNote } from "../../review/note-text.ts";
import type { Claim } from "../../store/store.ts";
import { readTeamSettings } from "../findings/team-settings.ts";
import type { ReviewFlow } from "../review-flow.ts";
import { ReviewPutOff } from "./review-put-off.ts";

/**
 * Says in one note of the merge request, the same each time, that its review waits for the next day's
 * budget, in the language that the review would have. Nothing is said of other failures.
 */
export const tellPutOff = async (
  {
    claim: { run, signal },
    flow: reviewing,
    targetBranch,
    forge,
    logger,
  }: {
    readonly claim: Pick<Claim, "run" | "signal">;
    readonly flow: ReviewFlow;
    readonly targetBranch: string;
    readonly forge: Forge;
    readonly logger: Logger;
  },
  error: unknown,
): Promise<void> => {
  if (!(error instanceof ReviewPutOff)) return;
  const { projectId, projectPath, iid } = run;
  const rulesOf = { ref: { projectId }, projectPath, targetBranch };
  const { language } = await readTeamSettings(reviewing, forge, rulesOf, { signal, logger });
  const flow = `${run.flow}:budget`;
  const markdown = sayPutOff(error.putOff, language);
  const body = renderNote({ flow, headSha: run.headSha ?? "", markdown, remarks: [] });
  await forge.upsertNote({ projectId, iid }, { marker: noteMarker(flow), body }, signal);
};
