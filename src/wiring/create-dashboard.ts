import type { Hono } from "hono";
import type { Breakers } from "../base/circuit-breaker.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { ANSWERS } from "../config/builtin-flows.ts";
import type { Config, FlowConfig, RunnerConfig } from "../config/config.ts";
import { flowFor } from "../config/flow-for.ts";
import { createGitLabClient } from "../gitlab/client.ts";
import { createHookApi } from "../gitlab/hooks/hook-api.ts";
import { createHookHealth } from "../gitlab/hooks/hook-health.ts";
import { createOAuthSignIn } from "../gitlab/oauth-sign-in.ts";
import type { ClientOf } from "../http/client-of.ts";
import { createAttemptLimit } from "../http/dashboard/attempt-limit.ts";
import type {
  AccessOptions,
  DashboardOptions,
  FlowPart,
  GitLabSignIn,
  ProjectRules,
  ShownFlow,
} from "../http/dashboard/dashboard-options.ts";
import { createDashboard, type Dashboard } from "../http/dashboard/dashboard.ts";
import type { Intake } from "../http/intake.ts";
import type { OpenedStore } from "../store/open-store.ts";
import type { LessonBook } from "../worker/lessons/lesson-book.ts";
import { createShadowDesk } from "../http/shadow/shadow-desk.ts";
import { createConfiguredApi } from "./create-api.ts";
import { shownCandidates } from "./create-shadows.ts";
import { answeringModels } from "./model-routing.ts";
import type { Runners } from "./open-runners.ts";

/** How long somebody waits for GitLab's answers before the sign-in is given up. */
const SIGN_IN_TIMEOUT_MS = 10_000;

/** How long GitLab has to tell of a project's hooks; nobody waits as long for a page. */
const HOOKS_TIMEOUT_MS = 10_000;

const SERVER_TOKEN = "GITLAB_TOKEN";

/** What the dashboard is made of, besides the configuration. */
export type DashboardParts = {
  readonly store: OpenedStore;
  readonly runners: Runners;
  readonly intake: Intake;
  readonly breakers: Breakers;
  /** What projects used today and may use. */
  readonly budgets: NonNullable<DashboardOptions["budgets"]>;
  readonly notices: NonNullable<DashboardOptions["notices"]>;
  /** Null where nothing is learnt. */
  readonly book: LessonBook | null;
  readonly clientOf: ClientOf;
  readonly clock: Clock;
  readonly logger: Logger;
};

/** The dashboard of a configuration, and the API for the command line, which takes the same token. */
export const createConfiguredDashboard = async (
  config: Config,
  parts: DashboardParts,
): Promise<Dashboard & { readonly api: Hono }> => {
  const { store, runners, intake, breakers, book, budgets, notices, clientOf, clock, logger } = parts;
  const access: AccessOptions = {
    host: config.server.host,
    publicUrl: config.server.publicUrl,
    adminToken: config.dashboard.adminToken,
    gitlab: toSignIn(config),
    sessionMs: config.dashboard.sessionMs,
  };
  const attempts = createAttemptLimit(clock);
  const shadows = createShadowDesk(store.shadows, shownCandidates(config, sourceOf));
  const dashboard = createDashboard({
    access,
    attempts,
    clientOf,
    sessionKey: await store.sessions.key(),
    store,
    lessons: book,
    shadows,
    budgets,
    breakers: breakers.list,
    notices,
    replay: ({ headers }, body) => intake.replay({ headers, body }),
    flows: config.flows.map((flow) => toShown(flow, runners, config)),
    flowOf: (path) => flowFor(config, path)?.name ?? null,
    rulesOf: (path) => rulesFor(config, path),
    ...toHookHealth(config, clock, logger),
    gitlabUrl: config.gitlab.url,
    settings: config,
    clock,
    logger,
  });
  return {
    ...dashboard,
    api: createConfiguredApi({
      access,
      attempts,
      clientOf,
      settings: config,
      store,
      notices,
      book,
      shadows,
      clock,
      logger,
    }),
  };
};

/** The rules that the configuration has for a project. */
const rulesFor = (config: Config, projectPath: string): ProjectRules | null => {
  const flow = flowFor(config, projectPath);
  if (flow === null) return null;
  const { name, contract, findings } = flow;
  if (contract !== "findings") return { kind: "not-findings", flow: name, contract };
  const own = { name, text: findings.rules };
  const sources = { projectPath, host: config.rules, flow: own, repositoryRules: null, files: [] };
  return { kind: "rules", sources, readsRepository: findings.repositoryRules };
};

/** Nothing without a token: those that come with deliveries are for their reviews. */
const toHookHealth = (
  { gitlab: { url, token } }: Config,
  clock: Clock,
  logger: Logger,
): Pick<DashboardOptions, "hookHealth"> => {
  if (token === null) return {};
  const client = createGitLabClient({
    url,
    token,
    tokenName: SERVER_TOKEN,
    timeoutMs: HOOKS_TIMEOUT_MS,
    maxAttempts: 1,
    clock,
    logger,
  });
  return { hookHealth: createHookHealth({ hooks: createHookApi(client, SERVER_TOKEN), clock }) };
};

const toSignIn = ({ dashboard: { gitlabOAuth }, gitlab }: Config): GitLabSignIn | null =>
  gitlabOAuth === null
    ? null
    : createOAuthSignIn({ ...gitlabOAuth, url: gitlab.url, timeoutMs: SIGN_IN_TIMEOUT_MS });

const toShown = (
  flow: FlowConfig,
  runners: Runners,
  config: Pick<Config, "models" | "modelRouting">,
): ShownFlow => {
  const { name, contract, review, language, projects, findings } = flow;
  const part = (role: FlowPart["role"], section: RunnerConfig): FlowPart => ({
    role,
    source: sourceOf(section),
    flow: runners.flowOf(section),
    models: answeringModels(runners.flowOf(section), config),
  });
  const further =
    contract === "findings"
      ? [
          ...findings.passes.map((section) => part("pass", section)),
          ...(findings.verify === null ? [] : [part("verify", findings.verify)]),
          ...(findings.summary === null ? [] : [part("summary", findings.summary)]),
        ]
      : [];
  const { reply = runners.flowOf(ANSWERS) === null ? null : ANSWERS } = flow;
  const answering = reply === null ? [] : [part("reply", reply)];
  const parts = [part("main", flow.runner), ...further, ...answering];
  return { name, contract, review, language, projects, parts };
};

const sourceOf = (section: RunnerConfig): string => {
  if (section.kind === "dify") return section.url;
  return section.file.kind === "builtin" ? `builtin:${section.file.name}` : section.file.path;
};
