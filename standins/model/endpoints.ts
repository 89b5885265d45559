import { createHash } from "node:crypto";
import { readChatRequest, type ChatRequest } from "./chat-request.ts";
import {
  composeReply,
  cutUsage,
  miscountUsage,
  sendStream,
  sendWhole,
  type ScriptedAnswer,
} from "./chat-reply.ts";
import { hashVector, readEmbeddingRequest } from "./embeddings.ts";
import { notFound, playRefusal, sendJson, sendRefusal, type Exchange } from "./exchange.ts";
import type { CallRecord } from "./record.ts";
import {
  answerNotReady,
  answerTooLong,
  type createPlaces,
  readPrompt,
  refuseByName,
  type ServerSettings,
} from "./server-kinds.ts";
import { countTokens } from "./tokens.ts";

/** How the stand-in answers: the text for a request, at once or later. */
type ModelScript = (request: ChatRequest) => string | ScriptedAnswer | Promise<string | ScriptedAnswer>;

/** Settings of the stand-in; all have defaults. */
export type ModelStandInOptions = {
  /** Port on loopback; 0, the default, takes a free one. */
  readonly port?: number;
  /** Keys that are let in; null, the default, asks for none, as local servers do. */
  readonly apiKeys?: readonly string[] | null;
  /** The models it offers; any other name is a 404. Default `stand-in`. */
  readonly models?: readonly string[];
  readonly embeddingModels?: readonly string[];
  /** Default: a scripted reviewer that says what it is and counts the diff's files. */
  readonly script?: ModelScript;
  readonly msPerPiece?: number;
  readonly dimensions?: number;
} & Partial<ServerSettings>;

/** The settings with their defaults filled in. */
export type EndpointSettings = Required<Omit<ModelStandInOptions, "port">>;

/** `POST /v1/chat/completions`. */
export const answerChat = async (
  exchange: Exchange,
  settings: EndpointSettings,
  record: CallRecord,
  places: ReturnType<typeof createPlaces>,
): Promise<void> => {
  const { response } = exchange;
  const { models } = settings;
  const parsed = readChatRequest(exchange.body);
  if (!parsed.ok) return sendRefusal(response, parsed.refusal);
  const { request } = parsed;
  if (!models.includes(request.model))
    return sendRefusal(response, notFound(request.model, settings.kind === "ollama"));
  const refusal = refuseByName(request, settings);
  if (refusal !== null) return sendRefusal(response, refusal);
  const worded = settings.refusals.find((one) => one.of(request));
  if (worded !== undefined) return sendJson(response, worded.status, worded.body);
  record.accept(request);
  const fault = record.takeFault();
  if (playRefusal(exchange, fault)) return;
  if (fault?.kind === "not-ready" && (await answerNotReady(response, settings))) return;
  if (answerTooLong(request, response, settings)) return;
  await places.enter(response, settings.kind);
  if (response.destroyed) return;
  await readPrompt(request, response, settings);
  await answerScripted(response, request, fault, settings);
};

/** What the script says, cut and counted as this kind of server does, in the form that was asked for. */
const answerScripted = async (
  response: Exchange["response"],
  request: ChatRequest,
  fault: ReturnType<CallRecord["takeFault"]>,
  settings: EndpointSettings,
): Promise<void> => {
  const { contextWindow, kind, script } = settings;
  const scripted = await script(request);
  const id = `chatcmpl-${createHash("sha256").update(JSON.stringify(request)).digest("hex").slice(0, 24)}`;
  const reply = typeof scripted === "string" ? { text: scripted } : scripted;
  const read = composeReply(request, reply, fault, id, kind);
  const cut = contextWindow === null ? read : cutUsage(read, contextWindow);
  const counted = kind === "litellm" ? miscountUsage(cut) : cut;
  if (request.stream === true && fault?.kind !== "json-for-stream") {
    const withUsage = request.stream_options?.include_usage === true && kind !== "llama-cpp-python";
    return sendStream(response, counted, fault, withUsage, settings);
  }
  if (fault?.kind === "hang-before-first-token" || fault?.kind === "hang-after-first-token") return;
  sendWhole(response, counted, fault);
};

/** `POST /v1/embeddings`. */
export const answerEmbeddings = (
  exchange: Exchange,
  settings: EndpointSettings,
  record: CallRecord,
): void => {
  const { response } = exchange;
  const { embeddingModels, dimensions } = settings;
  const read = readEmbeddingRequest(exchange.body);
  if (!read.ok) return sendRefusal(response, read.refusal);
  const { model, input } = read.request;
  if (!embeddingModels.includes(model)) return sendRefusal(response, notFound(model));
  if (playRefusal(exchange, record.takeFault())) return;
  const texts = [input].flat();
  const tokens = texts.reduce((sum, text) => sum + countTokens(text), 0);
  const data = texts.map((text, index) => ({
    object: "embedding",
    index,
    embedding: hashVector(text, read.request.dimensions ?? dimensions),
  }));
  sendJson(response, 200, {
    object: "list",
    data,
    model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  });
};

/** `GET /v1/models`. */
export const answerModels = ({ response }: Exchange, settings: EndpointSettings): void => {
  const data = [...settings.models, ...settings.embeddingModels].map((id) => ({
    id,
    object: "model",
    created: 0,
    owned_by: "stand-in",
  }));
  sendJson(response, 200, { object: "list", data });
};
