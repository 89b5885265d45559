import { createServer } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import {
  answerChat,
  answerEmbeddings,
  answerModels,
  type EndpointSettings,
  type ModelStandInOptions,
} from "./endpoints.ts";
import { bearer, readBody, sendRefusal, type Exchange } from "./exchange.ts";
import type { ModelFault } from "./faults.ts";
import { createCallRecord, type CallRecord, type ModelCall } from "./record.ts";
import { answerAbout, createPlaces, KIND_DEFAULTS } from "./server-kinds.ts";
import { scriptedReviewer } from "./scripted-reviewer.ts";

/** A running stand-in. */
export type ModelStandIn = AsyncDisposable & {
  /** The base URL with `/v1`, as clients want it. */
  readonly url: string;
  /** What was received, oldest first. */
  readonly calls: () => readonly ModelCall[];
  /** How many chat requests were received, the refused ones too. */
  readonly chatCount: () => number;
  /** Puts faults in the queue; each is used for one chat or embedding request. */
  readonly fail: (...faults: readonly ModelFault[]) => void;
  /** Forgets the calls and the faults that were not used. */
  readonly reset: () => void;
};

const withDefaults = (options: ModelStandInOptions): EndpointSettings => ({
  ...KIND_DEFAULTS[options.kind ?? "openai"],
  apiKeys: null,
  models: ["stand-in"],
  embeddingModels: ["stand-in-embedding"],
  script: scriptedReviewer,
  kind: "openai",
  refusals: [],
  msPerPromptToken: 0,
  pingMs: 15_000,
  msPerPiece: 0,
  sleep: delay,
  dimensions: 64,
  ...options,
});

const route = async (
  exchange: Exchange,
  path: string,
  settings: EndpointSettings,
  record: CallRecord,
  places: ReturnType<typeof createPlaces>,
): Promise<void> => {
  const { response, key, request } = exchange;
  const { apiKeys } = settings;
  if (apiKeys !== null && (key === null || !apiKeys.includes(key))) {
    const message = key === null ? "You didn't provide an API key." : "Incorrect API key provided.";
    return sendRefusal(response, { status: 401, message, param: null, code: "invalid_api_key" });
  }
  const wanted = `${request.method} ${path}`;
  if (wanted === "POST /v1/chat/completions") return answerChat(exchange, settings, record, places);
  if (wanted === "POST /v1/embeddings") return answerEmbeddings(exchange, settings, record);
  if (wanted === "GET /v1/models") return answerModels(exchange, settings);
  const isLoaded = record.calls().some(({ chat }) => chat !== null);
  if (answerAbout(path, response, settings, isLoaded)) return;
  sendRefusal(response, { status: 404, message: `Unknown request URL: ${wanted}`, param: null, code: null });
};

/**
 * Starts a model server on loopback that speaks OpenAI's protocol strictly (chat completions streaming
 * and not, embeddings, models) and answers from a script. It refuses what OpenAI refuses and fails on
 * demand. Nothing about it judges code: its default script says so.
 */
export const startModelStandIn = async (options: ModelStandInOptions = {}): Promise<ModelStandIn> => {
  const record = createCallRecord();
  const settings = withDefaults(options);
  const places = createPlaces();
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://stand-in").pathname;
    const key = bearer(request);
    const run = async (): Promise<void> => {
      const body = request.method === "POST" ? await readBody(request) : null;
      record.open({ path, body, chat: null, hadKey: key !== null, status: null }, response);
      await route({ request, response, key, body }, path, settings, record, places);
    };
    run().catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The stand-in has no port.");
  return {
    url: `http://127.0.0.1:${address.port}/v1`,
    calls: record.calls,
    chatCount: () => record.calls().filter(({ path }) => path === "/v1/chat/completions").length,
    fail: record.fail,
    reset: record.reset,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
};
