import { AsyncLocalStorage } from "node:async_hooks";
import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { ReviewflowError } from "../base/errors.ts";
import { parseTraceparent, renderTraceparent } from "./trace-context.ts";

/** What a span says of itself. Attributes hold ids, names and numbers of ours, never a text of a merge request. */
type SpanSpec = {
  readonly name: string;
  /** `internal` when left out. */
  readonly kind?: "internal" | "server" | "client" | "consumer";
  readonly attributes?: Attributes;
};

/** A span that is open. Ending it twice does no harm. */
export type OpenSpan = {
  readonly set: (attributes: Attributes) => void;
  /** Opens a span below this one. */
  readonly open: (spec: SpanSpec) => OpenSpan;
  /** `failure` is a stable name of what went wrong; null when nothing did. */
  readonly end: (failure?: string | null) => void;
};

/** Makes spans. What is made while `work` of another span runs, however deep, is below that one. */
export type Tracing = {
  /** Runs `work` in a span; a rejection marks it as failed and is passed on. */
  readonly span: <T>(spec: SpanSpec, work: (span: OpenSpan) => Promise<T>) => Promise<T>;
  /** The same, below a span that another process or an earlier life of this one made; null begins a trace. */
  readonly spanFrom: <T>(
    traceparent: unknown,
    spec: SpanSpec,
    work: (span: OpenSpan) => Promise<T>,
  ) => Promise<T>;
  /** Tells of something that has just ended and took so long, if it was part of a span's work. */
  readonly record: (spec: SpanSpec, elapsedMs: number, failure: string | null) => void;
  /** The active span, as it can be stored and given to `spanFrom`; null outside of any. */
  readonly traceparent: () => string | null;
};

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  consumer: SpanKind.CONSUMER,
} as const;

/** A stable name of a failure; messages stay out, they may quote what a merge request says. */
const nameFailure = (error: unknown): string => {
  if (error instanceof ReviewflowError) return error.code;
  return error instanceof Error ? error.name : "unknown";
};

const start = (tracer: Tracer, parent: Context, spec: SpanSpec, startTime?: number): Span =>
  tracer.startSpan(
    spec.name,
    {
      kind: KINDS[spec.kind ?? "internal"],
      ...(spec.attributes === undefined ? {} : { attributes: spec.attributes }),
      ...(startTime === undefined ? {} : { startTime }),
    },
    parent,
  );

const end = (span: Span, failure: string | null, endTime?: number): void => {
  if (!span.isRecording()) return;
  if (failure !== null) {
    span.setAttribute("error.type", failure);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end(endTime);
};

/** Creates tracing over a tracer of the SDK. */
export const createTracing = (tracer: Tracer, now: () => number): Tracing => {
  const active = new AsyncLocalStorage<Context>();
  const wrap = (span: Span, context: Context): OpenSpan => ({
    set: (attributes) => void span.setAttributes(attributes),
    open: (spec) => {
      const child = start(tracer, context, spec);
      return wrap(child, trace.setSpan(context, child));
    },
    end: (failure = null) => end(span, failure),
  });
  const within = async <T>(
    parent: Context,
    spec: SpanSpec,
    work: (span: OpenSpan) => Promise<T>,
  ): Promise<T> => {
    const span = start(tracer, parent, spec);
    const context = trace.setSpan(parent, span);
    try {
      return await active.run(context, () => work(wrap(span, context)));
    } catch (error) {
      end(span, nameFailure(error));
      throw error;
    } finally {
      end(span, null);
    }
  };
  const current = (): Context => active.getStore() ?? ROOT_CONTEXT;
  return {
    span: (spec, work) => within(current(), spec, work),
    spanFrom: (traceparent, spec, work) => {
      const parent = parseTraceparent(traceparent);
      return within(parent === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent), spec, work);
    },
    record: (spec, elapsedMs, failure) => {
      const parent = active.getStore();
      if (parent === undefined) return;
      const endMs = now();
      const lasted = Number.isFinite(elapsedMs) ? Math.max(0, elapsedMs) : 0;
      end(start(tracer, parent, spec, endMs - lasted), failure, endMs);
    },
    traceparent: () => {
      const span = trace.getSpanContext(current());
      return span === undefined ? null : renderTraceparent(span);
    },
  };
};
