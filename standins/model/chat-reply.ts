import type { ServerResponse } from "node:http";
import { promptTokens, type ChatRequest } from "./chat-request.ts";
import { distortText, type ModelFault } from "./faults.ts";
import type { ServerKind, ServerSettings } from "./server-kinds.ts";
import { countTokens, splitPieces } from "./tokens.ts";

/** A call of a tool: its id as the server gives it, or none, and its arguments as the model wrote them. */
export type ScriptedCall = { readonly id?: string; readonly name: string; readonly arguments: string };

/** What a model has to say: its text, its reasoning if it shows any, the tools that it calls where it may. */
export type ScriptedAnswer = {
  readonly text: string;
  readonly reasoning?: string;
  readonly calls?: readonly ScriptedCall[];
};

type Reply = {
  readonly id: string;
  readonly created: number;
  readonly model: string;
  readonly pieces: readonly string[];
  readonly reasoning: string;
  readonly calls: readonly Required<ScriptedCall>[];
  readonly finishReason: "stop" | "length" | "content_filter" | "tool_calls";
  readonly usage: { prompt_tokens: number; completion_tokens: number; total_tokens: number };
};

const cutAtStop = (text: string, stop: ChatRequest["stop"]): string => {
  const ends = [stop ?? []]
    .flat()
    .map((word) => text.indexOf(word))
    .filter((at) => at >= 0);
  return ends.length === 0 ? text : text.slice(0, Math.min(...ends));
};

const cutAtTokens = (pieces: readonly string[], limit: number): readonly string[] => {
  const kept: string[] = [];
  let used = 0;
  for (const piece of pieces) {
    used += countTokens(piece);
    if (used > limit) break;
    kept.push(piece);
  }
  return kept;
};

const finishReason = (fault: ModelFault | null, isCut: boolean): Reply["finishReason"] => {
  if (fault?.kind === "content-filter") return "content_filter";
  return fault?.kind === "length" || isCut ? "length" : "stop";
};

/** A call of a tool that the model made up. */
const MADE_UP: ScriptedCall = { id: "call_0", name: "read_file", arguments: '{"path":"src/a.js"}' };

/** The calls of an answer; Ollama passes over `tool_choice`. */
const callsOf = (
  { tools, tool_choice: choice }: ChatRequest,
  { calls = [] }: ScriptedAnswer,
  fault: ModelFault | null,
  kind: ServerKind,
  id: string,
): Reply["calls"] => {
  const mayCall = Boolean(tools) && (choice !== "none" || kind === "ollama");
  const made = fault?.kind === "tool-call" ? [MADE_UP] : mayCall ? calls : [];
  return made.map((call, index) => ({ id: `call_${id.slice(-12)}_${index}`, ...call }));
};

/** Works out the whole reply: stop words, the token limit, faults of the text, the usage. */
export const composeReply = (
  request: ChatRequest,
  answer: ScriptedAnswer,
  fault: ModelFault | null,
  id: string,
  kind: ServerKind,
): Reply => {
  const all = splitPieces(cutAtStop(distortText(answer.text, fault), request.stop));
  const limit = request.max_tokens ?? request.max_completion_tokens ?? Number.POSITIVE_INFINITY;
  const pieces = cutAtTokens(all, limit);
  const calls = callsOf(request, answer, fault, kind, id);
  const prompt = promptTokens(request);
  const completion =
    countTokens(pieces.join("")) +
    countTokens(answer.reasoning ?? "") +
    calls.reduce((sum, call) => sum + countTokens(call.name + call.arguments), 0);
  return {
    id,
    created: Math.floor(Date.now() / 1000),
    model: request.model,
    pieces,
    reasoning: answer.reasoning ?? "",
    calls,
    finishReason: calls.length > 0 ? "tool_calls" : finishReason(fault, pieces.length < all.length),
    usage: { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion },
  };
};

/** The reply of a server that read no more of its prompt than its window holds. */
export const cutUsage = (reply: Reply, window: number): Reply => {
  const { prompt_tokens: prompt, completion_tokens } = reply.usage;
  const prompt_tokens = Math.min(prompt, window);
  return {
    ...reply,
    usage: { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens },
  };
};

/** The reply with a count of the prompt that is the server's own, and wrong. */
export const miscountUsage = (reply: Reply): Reply => {
  const { prompt_tokens: prompt, completion_tokens } = reply.usage;
  const prompt_tokens = Math.round(0.7 * prompt);
  return {
    ...reply,
    usage: { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens },
  };
};

/** Sends the reply as one JSON body. */
export const sendWhole = (response: ServerResponse, reply: Reply, fault: ModelFault | null): void => {
  const { id, created, model, usage, reasoning } = reply;
  const message = {
    role: "assistant",
    content: reply.pieces.join(""),
    refusal: null,
    ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
    ...(reply.calls.length === 0
      ? {}
      : {
          tool_calls: reply.calls.map((call) => ({
            id: call.id,
            type: "function",
            function: { name: call.name, arguments: call.arguments },
          })),
        }),
  };
  const choice = {
    index: 0,
    message,
    logprobs: null,
    finish_reason: fault?.kind === "no-finish" ? null : reply.finishReason,
  };
  const body = JSON.stringify({ id, object: "chat.completion", created, model, choices: [choice], usage });
  response.writeHead(200, { "content-type": "application/json" });
  if (fault?.kind === "broken-stream") {
    response.write(body.slice(0, body.length / 2), () => response.destroy());
    return;
  }
  response.end(fault?.kind === "truncated-json" ? body.slice(0, body.length / 2) : body);
};

type Frames = {
  readonly send: (value: object) => void;
  readonly raw: (text: string) => void;
  readonly delta: (delta: object, finish?: string) => object;
};

const openFrames = (response: ServerResponse, reply: Reply, withUsage: boolean): Frames => {
  const { id, created, model } = reply;
  const raw = (text: string): void => {
    response.write(`data: ${text}\n\n`);
  };
  return {
    raw,
    send: (value) => raw(JSON.stringify(value)),
    delta: (delta, finish) => ({
      id,
      object: "chat.completion.chunk",
      created,
      model,
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish ?? null }],
      ...(withUsage ? { usage: null } : {}),
    }),
  };
};

/** Plays the fault that falls before piece `index`; true when the stream goes no further. */
const misbehave = (
  fault: ModelFault | null,
  index: number,
  response: ServerResponse,
  frames: Frames,
): boolean => {
  if (fault?.kind === "hang-before-first-token") return true;
  if (fault?.kind === "broken-stream" && index >= fault.afterPieces) {
    response.write(": cut\n\n", () => response.destroy());
    return true;
  }
  if (index === 0) return false;
  if (fault?.kind === "truncated-json") {
    frames.raw(JSON.stringify(frames.delta({ content: "…" })).slice(0, 40));
    response.end();
    return true;
  }
  if (fault?.kind === "stream-error") {
    const { message, code = null } = fault;
    frames.send({ error: { message, type: "server_error", param: null, code } });
    response.end("data: [DONE]\n\n");
    return true;
  }
  return fault?.kind === "hang-after-first-token";
};

/** What the end of a server's process looks like behind a proxy, and without one. */
const faultOf = (fault: ModelFault | null, kind: ServerKind, index: number): ModelFault | null => {
  if (fault?.kind !== "killed") return fault;
  if (kind !== "litellm") return { kind: "broken-stream", afterPieces: fault.afterPieces };
  const message = "litellm.APIConnectionError: APIConnectionError: OpenAIException - peer closed connection";
  return index < fault.afterPieces ? null : { kind: "stream-error", message, code: "500" };
};

/** Sends the reply piece by piece as server-sent events, with the usage as the last chunk when asked for. */
export const sendStream = async (
  response: ServerResponse,
  reply: Reply,
  fault: ModelFault | null,
  withUsage: boolean,
  { msPerPiece, sleep, kind }: Pick<ServerSettings, "sleep" | "kind"> & { readonly msPerPiece: number },
): Promise<void> => {
  if (!response.headersSent) response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
  response.flushHeaders();
  const frames = openFrames(response, reply, withUsage);
  if (fault?.kind !== "hang-before-first-token")
    frames.send(frames.delta({ role: "assistant", content: "" }));
  if (reply.reasoning !== "") frames.send(frames.delta({ reasoning_content: reply.reasoning }));
  const pace = fault?.kind === "slow" ? fault.msPerPiece : msPerPiece;
  for (const [index, piece] of [...reply.pieces, ""].entries()) {
    if (response.destroyed || misbehave(faultOf(fault, kind, index), index, response, frames)) return;
    if (piece === "") break;
    if (pace > 0) await sleep(pace);
    frames.send(frames.delta({ content: piece }));
  }
  if (fault?.kind === "no-finish") {
    response.end(fault.isDone === true ? "data: [DONE]\n\n" : "");
    return;
  }
  for (const [index, { id, name, arguments: text }] of reply.calls.entries()) {
    const call = (more: object): object => frames.delta({ tool_calls: [{ index, ...more }] });
    frames.send(call({ id, type: "function", function: { name, arguments: "" } }));
    for (const piece of splitPieces(text)) frames.send(call({ function: { arguments: piece } }));
  }
  frames.send(frames.delta({}, reply.finishReason));
  if (withUsage) frames.send({ ...frames.delta({}), choices: [], usage: reply.usage });
  response.end("data: [DONE]\n\n");
};
