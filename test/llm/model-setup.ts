import { createServer, type IncomingHttpHeaders } from "node:http";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { systemClock } from "../../src/base/clock.ts";
import type { LogFields, Logger } from "../../src/base/logger.ts";
import { Secret } from "../../src/base/secret.ts";
import type { ModelRequest } from "../../src/flow/ports.ts";
import { createModelClient } from "../../src/llm/model-client.ts";
import type { ConfiguredModel, ModelCallRecord, ModelClientOptions } from "../../src/llm/model-options.ts";
import type { ModelStandIn } from "../../standins/model/model-stand-in.ts";

/** The key of the tests; must never be seen in a message or a log. */
export const KEY = "sk-test-4f9a8b7c6d5e";

/** A logger that keeps its lines. */
export const createLogSpy = () => {
  const lines: { fields: LogFields; message: string }[] = [];
  const keep = (fields: LogFields, message: string): void => void lines.push({ fields, message });
  const logger: Logger = { debug: keep, info: keep, warn: keep, error: keep, child: () => logger };
  return { logger, lines };
};

/** A model that the stand-in plays. */
export const standInModel = (
  standIn: ModelStandIn,
  more: Partial<ConfiguredModel> = {},
): ConfiguredModel => ({
  name: "main",
  provider: "openai-compatible",
  model: "stand-in",
  baseUrl: standIn.url,
  apiKey: new Secret(KEY),
  ...more,
});

/** A client over `models` with quick retries, and what it logged and reported. */
export const createTestClient = (
  models: readonly ConfiguredModel[],
  more: Partial<ModelClientOptions> = {},
) => {
  const { logger, lines } = createLogSpy();
  const records: ModelCallRecord[] = [];
  const client = createModelClient({
    models,
    routes: [],
    default: models[0]?.name ?? null,
    fallback: null,
    retry: { attempts: 3, baseMs: 1, maxMs: 1_000 },
    clock: systemClock,
    logger,
    onCall: (record) => void records.push(record),
    ...more,
  });
  const pauses = (): readonly unknown[] =>
    lines.flatMap(({ fields }) => ("pauseMs" in fields ? [fields["pauseMs"]] : []));
  return { client, lines, records, pauses };
};

/** A request as an llm node makes it. */
export const modelRequest = (more: Partial<ModelRequest> = {}): ModelRequest => ({
  provider: "langgenius/openai/openai",
  name: "gpt-4o",
  messages: [{ role: "user", content: "Say it" }],
  parameters: {},
  responseSchema: null,
  signal: new AbortController().signal,
  ...more,
});

/**
 * A server that answers each request with frames, or refuses it with status 400 and a body, and keeps what it was sent:
 * for the wires of Google and Anthropic.
 */
export const startFrames = async (
  answer: (body: unknown) => readonly object[] | { readonly refused: object },
) => {
  const seen: { url: string; headers: IncomingHttpHeaders; body: unknown }[] = [];
  const server = createServer((request, response) => {
    const reply = async (): Promise<void> => {
      const body: unknown = JSON.parse(await text(request));
      seen.push({ url: request.url ?? "", headers: request.headers, body });
      const given = answer(body);
      if ("refused" in given) {
        response.writeHead(400, { "content-type": "application/json" }).end(JSON.stringify(given.refused));
        return;
      }
      response.writeHead(200, { "content-type": "text/event-stream" });
      const lines = given.map((frame) => {
        const { type } = z.object({ type: z.string().optional() }).parse(frame);
        return `${type === undefined ? "" : `event: ${type}\n`}data: ${JSON.stringify(frame)}\n\n`;
      });
      response.end(lines.join(""));
    };
    reply().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
