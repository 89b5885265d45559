import { dirname, resolve } from "node:path";
import type { Config, FindingsConfig, FlowConfig, FlowFile, ModelConfig, RunnerConfig } from "./config.ts";
import type { ConfigFile } from "./file-schema.ts";
import { BUILTIN_FLOWS, builtinOf, type Contract } from "./builtin-flows.ts";
import type { DifySection, FlowSection, RunnerSection } from "./flow-schema.ts";
import type { ModelSection } from "./model-schema.ts";

/** The checked file as the program uses it. Paths in it are relative to the folder of `path`, the file's own. */
export const toConfig = (file: ConfigFile, path: string | null): Config => {
  const near = (relative: string): string => (path === null ? relative : resolve(dirname(path), relative));
  const models = Object.entries(file.models).map(([name, model]) => toModel(name, model));
  return {
    gitlab: { url: file.gitlab.url, token: file.gitlab.token, timeoutMs: file.gitlab.timeout },
    webhook: {
      secrets: file.webhook.secrets,
      signingTokens: file.webhook.signing_tokens,
      timestampToleranceMs: file.webhook.timestamp_tolerance,
      tokenPassThrough: file.webhook.token_pass_through,
    },
    server: { host: file.server.host, port: file.server.port, publicUrl: file.server.public_url },
    dashboard: { adminToken: file.dashboard.admin_token, sessionMs: file.dashboard.session },
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
    reconcile: {
      enabled: file.reconcile.enabled,
      everyMs: file.reconcile.every,
      sinceMs: file.reconcile.since,
      projects: file.reconcile.projects,
    },
    flows: file.flows.map((flow) => toFlow(flow, near)),
    models,
    modelRouting: {
      ...file.model_routing,
      default: file.model_routing.default ?? (models.length === 1 ? (models[0]?.name ?? null) : null),
    },
    knowledge: {
      datasets: file.knowledge.datasets.map(({ id, name, folder }) => ({
        id,
        ...(name === undefined ? {} : { name }),
        folder: near(folder),
      })),
      embeddingModel: file.knowledge.embedding_model,
    },
    egress: file.egress,
    engine: {
      runTimeoutMs: file.engine.run_timeout,
      maxSteps: file.engine.max_steps,
      codeTimeoutMs: file.engine.code_timeout,
      pythonProcesses: file.engine.python_processes,
      javascriptThreads: file.engine.javascript_threads,
    },
    telemetry: {
      metricsToken: file.telemetry.metrics_token,
      otlpEndpoint: file.telemetry.otlp_endpoint,
      serviceName: file.telemetry.service_name,
    },
    log: file.log,
  };
};

const toModel = (name: string, model: ModelSection): ModelConfig => {
  const { first_token: firstTokenMs, idle: idleMs, total: totalMs } = model.timeouts;
  return {
    name,
    provider: model.provider,
    model: model.model,
    baseUrl: model.base_url ?? null,
    apiKey: model.api_key,
    headers: model.headers,
    price: model.price,
    timeouts: {
      ...(firstTokenMs === undefined ? {} : { firstTokenMs }),
      ...(idleMs === undefined ? {} : { idleMs }),
      ...(totalMs === undefined ? {} : { totalMs }),
    },
    parameters: model.parameters,
    extraBody: model.extra_body,
    stream: model.stream,
    structuredOutput: model.structured_output,
  };
};

type Near = (relative: string) => string;

/** The contract of a flow that does not state one: Dify apps are the tutorial's, our files say it themselves. */
export const contractOf = (flow: FlowSection): Contract | null => {
  if (flow.contract !== undefined) return flow.contract;
  if (flow.dify !== undefined) return "classic";
  const builtin = builtinOf(flow.file ?? defaultFile(flow));
  return builtin === null || builtin === "unknown" ? null : BUILTIN_FLOWS[builtin];
};

/** The file of a flow that runs here and names none. */
const defaultFile = ({ contract }: FlowSection): string =>
  contract === "classic" ? "builtin:classic" : "builtin:review";

const toFlow = (flow: FlowSection, near: Near): FlowConfig => {
  const contract = contractOf(flow) ?? "findings";
  return {
    name: flow.name,
    projects: flow.projects,
    contract,
    review: flow.review ?? (contract === "findings" ? "every-push" : "once"),
    language: flow.language,
    inputs: flow.inputs ?? null,
    output: flow.output,
    runner: toRunner(
      flow.dify === undefined ? { ...flow, file: flow.file ?? defaultFile(flow) } : flow,
      near,
    ),
    findings: toFindings(flow, near),
  };
};

const toFindings = (flow: FlowSection, near: Near): FindingsConfig => {
  const optional = (section: RunnerSection | null | undefined): RunnerConfig | null =>
    section === null || section === undefined ? null : toRunner(section, near);
  // Who reviews with our file gets our walk-through, too; another flow may have one of its own.
  const isOurs = flow.dify === undefined && builtinOf(flow.file ?? defaultFile(flow)) !== null;
  const summary =
    flow.summary === undefined && isOurs ? { file: "builtin:summary", secrets: {} } : flow.summary;
  return {
    passes: flow.passes.map((pass) => toRunner(pass, near)),
    verify: optional(flow.verify),
    summary: optional(summary),
    rules: flow.rules,
    paths: flow.paths,
    limits: {
      unitTokens: flow.limits.unit_tokens,
      unitsAtOnce: flow.limits.units_at_once,
      threads: flow.limits.threads,
      tokens: flow.limits.tokens,
      cost: flow.limits.cost,
    },
    least: flow.least,
    publish: flow.publish,
  };
};

const toRunner = (section: Pick<RunnerSection, "file" | "dify" | "secrets">, near: Near): RunnerConfig =>
  section.dify === undefined
    ? { kind: "embedded", file: toFile(section.file ?? "builtin:review", near), secrets: section.secrets }
    : toDify(section.dify);

const toFile = (file: string, near: Near): FlowFile => {
  const builtin = builtinOf(file);
  return builtin === null || builtin === "unknown"
    ? { kind: "path", path: near(file) }
    : { kind: "builtin", name: builtin };
};

const toDify = (dify: DifySection): RunnerConfig => ({
  kind: "dify",
  url: dify.url,
  apiKey: dify.api_key,
  workflowId: dify.workflow_id,
  mode: dify.mode,
  idleTimeoutMs: dify.idle_timeout,
  totalTimeoutMs: dify.total_timeout,
  lookupTimeoutMs: dify.lookup_timeout,
});
