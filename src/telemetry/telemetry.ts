import type { Logger } from "../base/logger.ts";
import type { GitLabCallFact, ModelCallFact, TokenKind } from "./facts.ts";
import { type Metrics, createMetrics } from "./metrics.ts";
import type { TracePipeline } from "./trace-pipeline.ts";
import { type Tracing, createTracing, noTracing } from "./tracing.ts";

/** Metrics and traces of one server. */
export type Telemetry = {
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  /** For the callback of a model client. */
  readonly modelCall: (call: ModelCallFact) => void;
  /** For the callback of a GitLab client. */
  readonly gitLabCall: (call: GitLabCallFact, token: TokenKind) => void;
  /** Sends the last spans; never rejects. */
  readonly stop: () => Promise<void>;
};

/** What telemetry is made with. */
export type TelemetryOptions = {
  /** Where traces go; null makes none. */
  readonly otlpEndpoint: string | null;
  readonly serviceName: string;
  readonly now: () => number;
  readonly logger: Logger;
};

/** Creates the metrics of a server, and its traces where there is a collector for them. */
export const createTelemetry = async (options: TelemetryOptions): Promise<Telemetry> => {
  const { otlpEndpoint, serviceName, now, logger } = options;
  const metrics = createMetrics(now);
  const pipeline: TracePipeline | null =
    otlpEndpoint === null ? null : await openPipeline(otlpEndpoint, serviceName, logger, metrics);
  const tracing = pipeline === null ? noTracing : createTracing(pipeline.tracer, now);
  return {
    metrics,
    tracing,
    modelCall: (call) => {
      metrics.modelCall(call);
      recordModelCall(call, tracing);
    },
    gitLabCall: (call, token) => {
      metrics.gitLabCall(call, token);
      recordGitLabCall(call, tracing);
    },
    stop: async () => await pipeline?.stop(),
  };
};

/** The SDK is a fifth of all modules: it is loaded only where it is used. */
const openPipeline = async (
  endpoint: string,
  serviceName: string,
  logger: Logger,
  metrics: Metrics,
): Promise<TracePipeline> => {
  const { openTracePipeline } = await import("./trace-pipeline.ts");
  return openTracePipeline({ endpoint, serviceName, logger, onExport: metrics.spansExported });
};

/** Names follow OpenTelemetry's conventions for calls of generative models. */
const recordModelCall = (call: ModelCallFact, tracing: Tracing): void =>
  tracing.record(
    {
      name: `model ${call.model}`,
      kind: "client",
      attributes: {
        "gen_ai.provider.name": call.provider,
        ...(call.usage.promptTokens === null ? {} : { "gen_ai.usage.input_tokens": call.usage.promptTokens }),
        ...(call.usage.completionTokens === null
          ? {}
          : { "gen_ai.usage.output_tokens": call.usage.completionTokens }),
        "reviewflow.model": call.model,
        "reviewflow.attempt": call.attempt,
        "reviewflow.fallback": call.isFallback,
      },
    },
    call.elapsedMs,
    call.outcome === "ok" ? null : call.outcome,
  );

const recordGitLabCall = (call: GitLabCallFact, tracing: Tracing): void =>
  tracing.record(
    {
      name: `gitlab ${call.method} ${call.route}`,
      kind: "client",
      attributes: {
        "http.request.method": call.method,
        "url.template": call.route,
        ...(call.status === null ? {} : { "http.response.status_code": call.status }),
        "reviewflow.attempt": call.attempt,
      },
    },
    call.durationMs,
    call.code,
  );
