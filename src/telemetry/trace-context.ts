import { type SpanContext, TraceFlags } from "@opentelemetry/api";

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const ZEROS = /^0+$/;

/**
 * Writes a span's identity as a `traceparent` header would hold it.
 *
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
export const renderTraceparent = ({ traceId, spanId, traceFlags }: SpanContext): string =>
  `00-${traceId}-${spanId}-${(traceFlags & 0xff).toString(16).padStart(2, "0")}`;

/** Reads a `traceparent` of version 00; null when it is none. */
export const parseTraceparent = (text: unknown): SpanContext | null => {
  const [, traceId, spanId, flags] = (typeof text === "string" ? TRACEPARENT.exec(text) : null) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return null;
  if (ZEROS.test(traceId) || ZEROS.test(spanId)) return null;
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED;
  return { traceId, spanId, traceFlags, isRemote: true };
};
