import assert from "node:assert/strict";
import { createServer } from "node:http";
import { z } from "zod";

const Value = z.strictObject({
  stringValue: z.string().optional(),
  intValue: z.number().optional(),
  doubleValue: z.number().optional(),
  boolValue: z.boolean().optional(),
});
const Attributes = z.array(z.strictObject({ key: z.string(), value: Value }));
const Nanoseconds = z
  .string()
  .regex(/^\d{19}$/)
  .transform(BigInt);

/** A span as OTLP's JSON has it: ids in hexadecimal, times as decimal texts. */
const OtlpSpan = z.object({
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  spanId: z.string().regex(/^[0-9a-f]{16}$/),
  parentSpanId: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional(),
  name: z.string().min(1),
  kind: z.number().int().min(1).max(5),
  startTimeUnixNano: Nanoseconds,
  endTimeUnixNano: Nanoseconds,
  attributes: Attributes,
  status: z.object({ code: z.number().int().min(0).max(2), message: z.string().optional() }),
});

const Request = z.strictObject({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: Attributes }),
      scopeSpans: z.array(z.object({ scope: z.object({ name: z.string() }), spans: z.array(OtlpSpan) })),
    }),
  ),
});

/** A span that the collector took. */
export type CollectedSpan = {
  readonly traceId: string;
  readonly id: string;
  readonly parentId: string | null;
  readonly name: string;
  readonly service: unknown;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly isError: boolean;
  readonly elapsedMs: number;
};

/** How the collector treats what it gets. */
export type CollectorMood = "takes" | "refuses" | "is silent";

const toRecord = (attributes: z.infer<typeof Attributes>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

const toSpans = (body: string): readonly CollectedSpan[] =>
  Request.parse(JSON.parse(body)).resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => {
        assert.ok(span.endTimeUnixNano >= span.startTimeUnixNano, `${span.name} ends before it starts`);
        return {
          traceId: span.traceId,
          id: span.spanId,
          parentId: span.parentSpanId ?? null,
          name: span.name,
          service: toRecord(resource.attributes)["service.name"],
          attributes: toRecord(span.attributes),
          isError: span.status.code === 2,
          elapsedMs: Number((span.endTimeUnixNano - span.startTimeUnixNano) / 1_000_000n),
        };
      }),
    ),
  );

/** Starts an OTLP receiver on loopback that decodes traces strictly; what it cannot decode it remembers. */
export const startCollector = async () => {
  const spans: CollectedSpan[] = [];
  const bodies: string[] = [];
  const mistakes: string[] = [];
  let mood: CollectorMood = "takes";
  let requests = 0;
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      requests += 1;
      if (mood === "is silent") return;
      const status = mood === "refuses" ? 400 : 200;
      if (mood === "takes") {
        try {
          assert.equal(`${request.method} ${request.url}`, "POST /v1/traces");
          assert.equal(request.headers["content-type"], "application/json");
          spans.push(...toSpans(body));
          bodies.push(body);
        } catch (error) {
          mistakes.push(String(error));
        }
      }
      response.writeHead(status, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return {
    url: `http://127.0.0.1:${address.port}`,
    spans,
    /** Everything that was received, as it came. */
    bodies,
    mistakes,
    requests: () => requests,
    become: (next: CollectorMood) => {
      mood = next;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
