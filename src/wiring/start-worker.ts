import type { Config } from "../config/config.ts";
import type { RunningWorker } from "../store/store.ts";
import type { Lessons } from "../worker/lessons/lessons.ts";
import type { ReviewFlow } from "../worker/review-flow.ts";
import { type ReviewWorkerOptions, startReviewWorker } from "../worker/review-worker.ts";
import { createConversation } from "./create-conversation.ts";
import type { Runners } from "./open-runners.ts";
import { createFlowsNeeding } from "./flows-needing.ts";
import { roleOf } from "./role.ts";
import type { createProjectRoutes } from "./route-projects.ts";

/** What the worker shares with the rest of the server. */
export type WorkerParts = Pick<
  ReviewWorkerOptions,
  "store" | "createForge" | "projects" | "chooseFlow" | "budget" | "clock" | "logger"
> & {
  readonly routes: ReturnType<typeof createProjectRoutes>;
  readonly runners: Runners;
  readonly flows: readonly ReviewFlow[];
  /** Null where nothing is learnt. */
  readonly lessons: Lessons | null;
};

/** Starts to work on runs as the configuration has it; null on a server that does not review. */
export const startConfiguredWorker = async (
  config: Config,
  { routes, runners, flows, lessons, ...rest }: WorkerParts,
): Promise<RunningWorker | null> => {
  if (!roleOf(config).reviews) return null;
  return startReviewWorker({
    ...config.worker,
    ...rest,
    conversation: createConversation({ routes, runners, store: rest.store, lessons }),
    ...(lessons === null ? {} : { lessons }),
    rules: (path) => routes(path)?.rules ?? null,
    gitlabUrl: config.gitlab.url,
    token: config.gitlab.token,
    flows: new Map(flows.map((flow) => [flow.name, flow])),
    maxAttempts: config.worker.attempts,
    flowsNeeding: createFlowsNeeding(config, runners),
  });
};
