import type { ServerResponse } from "node:http";
import { promptTokens, type ChatRequest, type Refusal } from "./chat-request.ts";
import { sendJson, sendRefusal } from "./exchange.ts";

/** Whose server is played; what each does was seen on the real one, but for llama-server's source. */
export type ServerKind = "openai" | "llama-cpp-python" | "litellm" | "llama-server" | "ollama";

/** A part of a request that a server can refuse by name. */
export type RefusedName =
  | "temperature"
  | "stream"
  | "stream_options"
  | "json_schema"
  | "response_format"
  | "reasoning_effort"
  | "max_tokens"
  | "system";

/** A refusal of what a request holds, as one server words it and wraps it. */
export type WordedRefusal = {
  readonly of: (request: ChatRequest) => boolean;
  readonly status: number;
  readonly body: object;
};

/** How the server that is played differs from OpenAI's. */
export type ServerSettings = {
  readonly kind: ServerKind;
  /** In tokens as `countTokens` counts them; null takes every prompt. */
  readonly contextWindow: number | null;
  readonly refuses: readonly RefusedName[];
  /** The same in words of its own; the first that applies is given. */
  readonly refusals: readonly WordedRefusal[];
  /** How long it reads at each token of the prompt before the first token of the answer, in milliseconds. */
  readonly msPerPromptToken: number;
  /** How often llama-cpp-python sends a ping while it reads, in milliseconds. */
  readonly pingMs: number;
  /** How time passes while it works; the machine's when left out. */
  readonly sleep: (ms: number) => Promise<unknown>;
};

/** What each server does unless it is started otherwise. */
export const KIND_DEFAULTS: Readonly<Record<ServerKind, Pick<ServerSettings, "contextWindow" | "refuses">>> =
  {
    openai: { contextWindow: null, refuses: [] },
    "llama-cpp-python": { contextWindow: 2_048, refuses: ["json_schema"] },
    litellm: { contextWindow: null, refuses: [] },
    "llama-server": { contextWindow: null, refuses: [] },
    ollama: { contextWindow: 4_096, refuses: ["reasoning_effort"] },
  };

const of400 = (message: string, param: string | null = null, code: string | null = null): Refusal => ({
  status: 400,
  message,
  param,
  code,
});

const REFUSALS: Readonly<
  Record<RefusedName, { readonly has: (request: ChatRequest) => boolean; readonly refusal: Refusal }>
> = {
  temperature: {
    has: ({ temperature }) => typeof temperature === "number",
    refusal: of400(
      "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.",
      "temperature",
      "unsupported_value",
    ),
  },
  stream: {
    has: ({ stream }) => stream === true,
    refusal: of400("Your organization must be verified to stream this model.", "stream", "unsupported_value"),
  },
  stream_options: {
    has: ({ stream_options: options }) => Boolean(options),
    refusal: of400("Unrecognized request argument supplied: stream_options"),
  },
  json_schema: {
    has: ({ response_format: format }) => format?.type === "json_schema",
    refusal: of400("'response_format.type' must be 'text' or 'json_object'.", "response_format"),
  },
  response_format: {
    has: ({ response_format: format }) => format !== undefined && format !== null && format.type !== "text",
    refusal: of400("response_format is not supported by this model"),
  },
  reasoning_effort: {
    has: ({ reasoning_effort: effort }) => Boolean(effort),
    refusal: of400('"smol" does not support thinking'),
  },
  max_tokens: {
    has: ({ max_tokens: limit }) => typeof limit === "number",
    refusal: of400(
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
      "max_tokens",
      "unsupported_parameter",
    ),
  },
  system: {
    has: ({ messages }) => messages.some(({ role }) => role === "system"),
    refusal: of400("System role not supported"),
  },
};

/** Kinds that take a schema as a key of their own beside `json_object`. */
const BY_SCHEMA: ReadonlySet<ServerKind> = new Set(["llama-cpp-python", "llama-server"]);

/** The refusal of a request that holds something which this server does not take; null when it takes it. */
export const refuseByName = (request: ChatRequest, { kind, refuses }: ServerSettings): Refusal | null => {
  const { response_format: format } = request;
  if (format?.type === "json_object" && format.schema !== undefined && !BY_SCHEMA.has(kind))
    return of400("Unrecognized request argument supplied: response_format.schema");
  const name = refuses.find((one) => REFUSALS[one].has(request));
  if (name === undefined) return null;
  // llama-cpp-python's own validation ends in its error handler.
  return kind === "llama-cpp-python" && name === "json_schema"
    ? {
        status: 500,
        message: "[{'type': 'literal_error', 'msg': \"Input should be 'text' or 'json_object'\"}]",
        param: null,
        code: null,
      }
    : REFUSALS[name].refusal;
};

/**
 * Answers a prompt that is longer than the window, as this server does; true when nothing more is to be
 * said. Ollama cuts the prompt and answers as if it had read it.
 */
export const answerTooLong = (
  request: ChatRequest,
  response: ServerResponse,
  { kind, contextWindow: window }: ServerSettings,
): boolean => {
  const tokens = promptTokens(request);
  if (window === null || tokens <= window || kind === "ollama") return false;
  const isStreaming = request.stream === true;
  const startStream = (): void => {
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
  };
  if (kind === "llama-cpp-python" && isStreaming) {
    startStream();
    response.end();
    return true;
  }
  if (kind === "litellm" && isStreaming) {
    startStream();
    const frame = (delta: object, finish: string | null): string =>
      `data: ${JSON.stringify({ id: "chatcmpl-0", object: "chat.completion.chunk", created: 0, model: request.model, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
    response.end(`${frame({ role: "assistant", content: "" }, null)}${frame({}, "stop")}data: [DONE]\n\n`);
    return true;
  }
  if (kind === "llama-server") {
    sendJson(response, 400, {
      error: {
        code: 400,
        message: `request (${tokens} tokens) exceeds the available context size (${window} tokens), try increasing it`,
        type: "exceed_context_size_error",
        n_prompt_tokens: tokens,
        n_ctx: window,
      },
    });
    return true;
  }
  const words = `This model's maximum context length is ${window} tokens. However, your messages resulted in ${tokens} tokens. Please reduce the length of the messages.`;
  const message = kind === "litellm" ? `litellm.ContextWindowExceededError: ${words}` : words;
  sendRefusal(response, of400(message, "messages", "context_length_exceeded"));
  return true;
};

/**
 * Answers as a server that is down, or has not loaded its model yet; true when nothing more is to be said.
 * Ollama loads within the call. llama-cpp-python is not there at all, as near as a listening server comes to it.
 */
export const answerNotReady = async (
  response: ServerResponse,
  { kind, sleep }: Pick<ServerSettings, "kind" | "sleep">,
): Promise<boolean> => {
  if (kind === "ollama") {
    await sleep(LOADING_MS);
    return false;
  }
  if (kind === "llama-server")
    sendJson(response, 503, { error: { code: 503, message: "Loading model", type: "unavailable_error" } });
  else if (kind === "litellm") {
    const message = "litellm.InternalServerError: InternalServerError: OpenAIException - Connection error.";
    sendJson(response, 500, { error: { message, type: "internal_server_error", param: null, code: "500" } });
  } else response.destroy();
  return true;
};

/** How long Ollama takes to load a model. */
const LOADING_MS = 20_000;

/** What a server says of itself besides OpenAI's API: the window that is in force, in its own place. */
export const answerAbout = (
  path: string,
  response: ServerResponse,
  { kind, contextWindow, models }: ServerSettings & { readonly models: readonly string[] },
  isLoaded: boolean,
): boolean => {
  if (kind === "ollama" && path === "/api/ps") {
    const name = `${models[0] ?? ""}:latest`;
    const running = isLoaded ? [{ name, model: name, context_length: contextWindow }] : [];
    sendJson(response, 200, { models: running });
    return true;
  }
  if (kind === "ollama" && path === "/api/show") {
    sendJson(response, 200, {
      model_info: { "general.architecture": "llama", "llama.context_length": 8_192 },
      capabilities: ["completion"],
    });
    return true;
  }
  if (kind === "llama-server" && path === "/props") {
    sendJson(response, 200, {
      default_generation_settings: { n_ctx: contextWindow ?? 131_072 },
      total_slots: 1,
    });
    return true;
  }
  return false;
};

/** The places of one server: Ollama and llama-server let calls wait, llama-cpp-python breaks the running one off. */
export const createPlaces = () => {
  let running: ServerResponse | null = null;
  let queue: Promise<void> = Promise.resolve();
  const queued = async (response: ServerResponse): Promise<void> => {
    const before = queue;
    queue = (async () => {
      await before;
      await new Promise<void>((resolve) => {
        if (response.destroyed || response.writableEnded) resolve();
        response.once("close", resolve);
      });
    })();
    await before;
  };
  return {
    enter: async (response: ServerResponse, kind: ServerKind): Promise<void> => {
      if (kind === "ollama" || kind === "llama-server") return queued(response);
      if (kind !== "llama-cpp-python") return;
      running?.destroy();
      running = response;
      response.once("close", () => {
        if (running === response) running = null;
      });
    },
  };
};

/** Reads the prompt as long as the server would, with llama-cpp-python's pings where it streams. */
export const readPrompt = async (
  request: ChatRequest,
  response: ServerResponse,
  { kind, msPerPromptToken, pingMs, sleep }: ServerSettings,
): Promise<void> => {
  let leftMs = msPerPromptToken * promptTokens(request);
  const isPinging = kind === "llama-cpp-python" && request.stream === true;
  if (isPinging) {
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
    response.flushHeaders();
  }
  while (leftMs > 0 && !response.destroyed) {
    const stepMs = isPinging ? Math.min(leftMs, pingMs) : leftMs;
    await sleep(stepMs);
    leftMs -= stepMs;
    if (isPinging && leftMs > 0) response.write(": ping\n\n");
  }
};
