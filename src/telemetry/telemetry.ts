import type { Logger } from "../base/logger.ts";
import type { GitLabCallFact, ModelCallFact, TokenKind } from "./facts.ts";
import { type Metrics, createMetrics } from "./metrics.ts";
import type { TracePipeline } from "./trace-pipeline.ts";
import type { OpenSpan, Tracing } from "./tracing.ts";

const IDLE: OpenSpan = { set: () => undefined, open: () => IDLE, end: () => undefined };

/** Makes no spans and costs nothing. */
export const noTracing: Tracing = {
  span: (_, work) => work(IDLE),
  spanFrom: (_, __, work) => work(IDLE),
  record: () => undefined,
  traceparent: () => null,
};

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
  const traces =
    otlpEndpoint === null
      ? null
      : await openTraces({ endpoint: otlpEndpoint, serviceName, logger }, metrics, now);
  const tracing = traces?.tracing ?? noTracing;
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
    stop: async () => await traces?.pipeline.stop(),
  };
};

/** The SDK is a fifth of all modules: it is loaded only where it is used. */
const openTraces = async (
  options: { readonly endpoint: string; readonly serviceName: string; readonly logger: Logger },
  metrics: Metrics,
  now: () => number,
): Promise<{ readonly pipeline: TracePipeline; readonly tracing: Tracing }> => {
  const [{ openTracePipeline }, { createTracing }] = await Promise.all([
    import("./trace-pipeline.ts"),
    import("./tracing.ts"),
  ]);
  const pipeline = openTracePipeline({ ...options, onExport: metrics.spansExported });
  return { pipeline, tracing: createTracing(pipeline.tracer, now) };
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
