import type { Logger } from "../base/logger.ts";
import type { Forge } from "../review/forge.ts";
import type { Claim } from "../store/store.ts";
import { readTeamSettings } from "./findings/team-settings.ts";
import type { ReviewFlow } from "./review-flow.ts";

/** What it takes to say something about a run in its merge request. */
export type Telling = {
  readonly claim: Claim;
  readonly flow: ReviewFlow;
  readonly forge: Forge;
  readonly logger: Logger;
  readonly targetBranch: string;
};

/** The language that its review would have. */
export const languageOf = async ({
  claim: { run, signal },
  flow,
  forge,
  logger,
  targetBranch,
}: Omit<Telling, "claim"> & { readonly claim: Pick<Claim, "run" | "signal"> }): Promise<string> => {
  const { projectId, projectPath } = run;
  const rulesOf = { ref: { projectId }, projectPath, targetBranch };
  return (await readTeamSettings(flow, forge, rulesOf, { signal, logger })).language;
};
