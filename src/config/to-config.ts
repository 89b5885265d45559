import { dirname, resolve } from "node:path";
import type { Config, HostRuleConfig, LocalConfig } from "./config.ts";
import type { ConfigFile, LocalConfigFile } from "./file-schema.ts";
import { toLessons } from "./lessons-schema.ts";
import { toFlow } from "./to-flow.ts";
import { toBreakers, toBudgets } from "./protection-schema.ts";
import { toKnowledge, toModels } from "./to-models.ts";
import { toToolServers } from "./tools-schema.ts";

/** The checked file as the program uses it. Paths in it are relative to the folder of `path`, the file's own. */
export const toConfig = (
  file: ConfigFile,
  path: string | null,
  rules: readonly HostRuleConfig[],
): Config => ({
  ...toLocalConfig(file, path, rules),
  gitlab: { url: file.gitlab.url, token: file.gitlab.token, timeoutMs: file.gitlab.timeout },
  webhook: {
    secrets: file.webhook.secrets,
    signingTokens: file.webhook.signing_tokens,
    timestampToleranceMs: file.webhook.timestamp_tolerance,
    tokenPassThrough: file.webhook.token_pass_through,
    tokenUsers: file.webhook.token_users,
  },
  server: {
    host: file.server.host,
    port: file.server.port,
    trustedProxies: file.server.trusted_proxies,
    publicUrl: file.server.public_url,
    role: file.server.role,
  },
  dashboard: toDashboard(file.dashboard),
  store:
    file.store.database_url === null
      ? { kind: "embedded", folder: file.store.folder }
      : { kind: "postgres", url: file.store.database_url },
  encryptionKeys: file.encryption_keys,
  worker: {
    concurrency: file.worker.concurrency,
    perProject: file.worker.per_project,
    attempts: file.worker.attempts,
    backoffMs: file.worker.backoff,
    maxBackoffMs: file.worker.max_backoff,
    giveUpMs: file.worker.give_up_after,
    stopGraceMs: file.worker.stop_grace,
    leaseMs: file.worker.lease,
  },
  budgets: toBudgets(file.budgets),
  retention: file.retention,
  rateLimits: {
    gitLabPerMinute: file.rate_limits.gitlab_per_minute,
    difyPerMinute: file.rate_limits.dify_per_minute,
  },
  reconcile: {
    enabled: file.reconcile.enabled,
    everyMs: file.reconcile.every,
    sinceMs: file.reconcile.since,
    projects: file.reconcile.projects,
  },
  notifications: file.notifications,
  smtp: file.smtp,
  lessons: toLessons(file.lessons),
  telemetry: {
    metricsToken: file.telemetry.metrics_token,
    otlpEndpoint: file.telemetry.otlp_endpoint,
    serviceName: file.telemetry.service_name,
  },
});

/** What of the checked file a review on this machine alone needs; `path` as in `toConfig`. */
export const toLocalConfig = (
  file: LocalConfigFile,
  path: string | null,
  rules: readonly HostRuleConfig[],
): LocalConfig => {
  const near = (relative: string): string => (path === null ? relative : resolve(dirname(path), relative));
  return {
    rules,
    flows: file.flows.map((flow) => toFlow(flow, near)),
    ...toModels(file),
    breakers: toBreakers(file.circuit_breakers),
    knowledge: toKnowledge(file, near),
    ...toToolServers(file, near),
    egress: file.egress,
    engine: {
      runTimeoutMs: file.engine.run_timeout,
      maxSteps: file.engine.max_steps,
      codeTimeoutMs: file.engine.code_timeout,
      pythonProcesses: file.engine.python_processes,
      javascriptThreads: file.engine.javascript_threads,
    },
    log: file.log,
  };
};

const toDashboard = ({
  admin_token,
  session,
  gitlab_oauth,
}: ConfigFile["dashboard"]): Config["dashboard"] => ({
  adminToken: admin_token,
  gitlabOAuth:
    gitlab_oauth === null
      ? null
      : {
          applicationId: gitlab_oauth.application_id,
          secret: gitlab_oauth.secret,
          group: gitlab_oauth.group,
          leastRole: gitlab_oauth.least_role,
        },
  sessionMs: session,
});
