import type { Tracer } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from "@opentelemetry/sdk-trace";
import { describeError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";

/** Where spans go. */
export type TracePipelineOptions = {
  /** The collector's address; `/v1/traces` is added. */
  readonly endpoint: string;
  readonly serviceName: string;
  readonly logger: Logger;
  /** Told of every batch whether the collector took it. */
  readonly onExport: (spans: number, taken: boolean) => void;
  /** The longest that a batch may take, and a stop waits for the last ones, in milliseconds; 5,000 when left out. */
  readonly timeoutMs?: number;
  /** The longest that a span waits for its batch, in milliseconds; 2,000 when left out. */
  readonly delayMs?: number;
};

/** A way for spans out of this process. */
export type TracePipeline = {
  readonly tracer: Tracer;
  /** Sends what is left, within the timeout; never rejects. */
  readonly stop: () => Promise<void>;
};

/** More spans than this wait for no collector; further ones are dropped, so that memory stays bounded. */
const MAX_WAITING = 8_192;

/**
 * Opens a pipeline of the OpenTelemetry SDK: spans are sent in batches as OTLP over HTTP (JSON), beside the
 * work that they tell of. A collector that is slow, broken or gone costs spans and a line in the log.
 * Headers for the collector come from `OTEL_EXPORTER_OTLP_HEADERS`, as the SDK reads it.
 *
 * @see https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 */
export const openTracePipeline = (options: TracePipelineOptions): TracePipeline => {
  const { endpoint, serviceName, timeoutMs = 5_000, delayMs = 2_000 } = options;
  const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces`, timeoutMillis: timeoutMs });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": serviceName }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: watch(exporter, options),
        maxQueueSize: MAX_WAITING,
        scheduledDelayMillis: delayMs,
        exportTimeoutMillis: timeoutMs + 1_000,
      }),
    ],
    spanLimits: { attributeValueLengthLimit: 256, attributeCountLimit: 32 },
  });
  return {
    tracer: provider.getTracer("reviewflow"),
    stop: async () => {
      await within(timeoutMs, provider.shutdown(), options.logger);
      await within(timeoutMs, exporter.shutdown(), options.logger);
    },
  };
};

/** Tells how exports end; the log hears of a collector once when it fails and once when it is back. */
const watch = (exporter: SpanExporter, { logger, onExport }: TracePipelineOptions): SpanExporter => {
  let isFailing = false;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        // A failure always comes with its error.
        const taken = result.error === undefined;
        onExport(spans.length, taken);
        if (taken && isFailing) logger.info({}, "Collector takes traces again");
        if (!taken && !isFailing)
          logger.warn(
            { setting: "telemetry.otlp_endpoint", error: describeError(result.error ?? "no reason") },
            "Collector does not take traces",
          );
        isFailing = !taken;
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => await exporter.forceFlush?.(),
  };
};

const within = async (timeoutMs: number, flushed: Promise<void>, logger: Logger): Promise<void> => {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), timeoutMs + 500);
  try {
    await Promise.race([flushed, late]);
  } catch (error) {
    logger.warn({ error: describeError(error) }, "Last traces could not be sent");
  } finally {
    clearTimeout(timer);
  }
};
