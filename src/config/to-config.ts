import type { Config, FlowConfig } from "./config.ts";
import type { ConfigFile, FlowSection } from "./file-schema.ts";

/** The checked file as the program uses it. */
export const toConfig = (file: ConfigFile): Config => ({
  gitlab: { url: file.gitlab.url, token: file.gitlab.token, timeoutMs: file.gitlab.timeout },
  webhook: {
    secrets: file.webhook.secrets,
    signingTokens: file.webhook.signing_tokens,
    timestampToleranceMs: file.webhook.timestamp_tolerance,
    tokenPassThrough: file.webhook.token_pass_through,
  },
  server: file.server,
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
    stopGraceMs: file.worker.stop_grace,
  },
  flows: file.flows.map(toFlow),
  log: file.log,
});

const toFlow = (flow: FlowSection): FlowConfig => ({
  name: flow.name,
  projects: flow.projects,
  contract: flow.contract,
  review: flow.review,
  language: flow.language,
  inputs: flow.inputs ?? null,
  output: flow.output,
  runner: {
    kind: "dify",
    url: flow.dify.url,
    apiKey: flow.dify.api_key,
    workflowId: flow.dify.workflow_id,
    mode: flow.dify.mode,
    idleTimeoutMs: flow.dify.idle_timeout,
    totalTimeoutMs: flow.dify.total_timeout,
    lookupTimeoutMs: flow.dify.lookup_timeout,
  },
});
