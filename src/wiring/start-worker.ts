import type { Config } from "../config/config.ts";
import type { RunningWorker } from "../store/store.ts";
import type { OpenedStore } from "../store/open-store.ts";
import type { Lessons } from "../worker/lessons/lessons.ts";
import { type FollowUp, startFollowUp } from "../worker/progress/follow-up.ts";
import type { ProgressSettings } from "../worker/progress/show-progress.ts";
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
  "createForge" | "projects" | "chooseFlow" | "budget" | "clock" | "logger"
> & {
  readonly store: ReviewWorkerOptions["store"] & Pick<OpenedStore, "progress">;
  readonly routes: ReturnType<typeof createProjectRoutes>;
  readonly runners: Runners;
  readonly flows: readonly ReviewFlow[];
  /** Null where nothing is learnt. */
  readonly lessons: Lessons | null;
};

/** What of a flow's reviews their merge requests show, by the flow's name. */
export const progressOf =
  ({ flows }: Pick<Config, "flows">) =>
  (name: string): ProgressSettings | null => {
    const flow = flows.find((one) => one.name === name);
    return flow === undefined ? null : { notes: flow.progress ?? true, status: flow.findings.publish.status };
  };

/**
 * Starts to keep merge requests up to date whose review failed or waits; null on a server that does not review.
 */
export const startConfiguredFollowUp = (
  config: Config,
  {
    store,
    flows,
    ...rest
  }: Pick<WorkerParts, "flows" | "createForge" | "clock" | "logger"> & {
    readonly store: Pick<OpenedStore, "progress" | "reconciliation">;
    /** How often it looks, in milliseconds. */
    readonly everyMs: number;
  },
): FollowUp | null => {
  const { token } = config.gitlab;
  if (!roleOf(config).reviews) return null;
  return startFollowUp({
    progress: store.progress,
    leases: store.reconciliation,
    flows: new Map(flows.map((flow) => [flow.name, flow])),
    settingsOf: progressOf(config),
    token,
    ...rest,
  });
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
    progress: { settingsOf: progressOf(config), store: rest.store.progress },
    gitlabUrl: config.gitlab.url,
    token: config.gitlab.token,
    flows: new Map(flows.map((flow) => [flow.name, flow])),
    maxAttempts: config.worker.attempts,
    flowsNeeding: createFlowsNeeding(config, runners),
  });
};
