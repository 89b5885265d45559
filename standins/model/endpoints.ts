import { createHash } from "node:crypto";
import { readChatRequest, type ChatRequest } from "./chat-request.ts";
import { composeReply, sendStream, sendWhole, type ScriptedAnswer } from "./chat-reply.ts";
import { hashVector, readEmbeddingRequest } from "./embeddings.ts";
import { notFound, playRefusal, sendJson, sendRefusal, type Exchange } from "./exchange.ts";
import type { CallRecord } from "./record.ts";
import { countTokens } from "./tokens.ts";

/** How the stand-in answers: the text for a request, at once or later. */
export type ModelScript = (
  request: ChatRequest,
) => string | ScriptedAnswer | Promise<string | ScriptedAnswer>;

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
  /** False refuses `response_format` of type `json_schema` with 400, as several local servers do. */
  readonly supportsJsonSchema?: boolean;
  readonly msPerPiece?: number;
  readonly dimensions?: number;
};

/** The settings with their defaults filled in. */
export type EndpointSettings = Required<Omit<ModelStandInOptions, "port">>;

/** `POST /v1/chat/completions`. */
export const answerChat = async (
  exchange: Exchange,
  settings: EndpointSettings,
  record: CallRecord,
): Promise<void> => {
  const { response } = exchange;
  const { models, supportsJsonSchema, script, msPerPiece } = settings;
  const read = readChatRequest(exchange.body);
  if (!read.ok) return sendRefusal(response, read.refusal);
  const { request } = read;
  if (!models.includes(request.model)) return sendRefusal(response, notFound(request.model));
  if (!supportsJsonSchema && request.response_format?.type === "json_schema") {
    const message = "'response_format.type' must be 'text' or 'json_object'.";
    return sendRefusal(response, { status: 400, message, param: "response_format", code: null });
  }
  record.accept(request);
  const fault = record.takeFault();
  if (playRefusal(exchange, fault)) return;
  const said = await script(request);
  const id = `chatcmpl-${createHash("sha256").update(JSON.stringify(request)).digest("hex").slice(0, 24)}`;
  const reply = composeReply(request, typeof said === "string" ? { text: said } : said, fault, id);
  if (request.stream === true) {
    const withUsage = request.stream_options?.include_usage === true;
    return sendStream(response, reply, fault, withUsage, msPerPiece);
  }
  if (fault?.kind === "hang-before-first-token" || fault?.kind === "hang-after-first-token") return;
  sendWhole(response, reply, fault);
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
