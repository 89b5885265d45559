import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import type { Refusal } from "./chat-request.ts";
import type { ModelFault } from "./faults.ts";

/** A request on its way to an answer. */
export type Exchange = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly key: string | null;
  readonly body: unknown;
};

/** The body of a request as JSON; null when it is none. */
export const readBody = async (request: IncomingMessage): Promise<unknown> => {
  const raw = await text(request);
  try {
    const value: unknown = JSON.parse(raw);
    return value;
  } catch {
    return null;
  }
};

/** Answers with a JSON value. */
export const sendJson = (
  response: ServerResponse,
  status: number,
  value: object,
  headers: Record<string, string> = {},
): void => {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(value));
};

const errorType = (status: number): string => {
  if (status === 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
};

/** Answers with an error in the form of OpenAI's API. */
export const sendRefusal = (
  response: ServerResponse,
  refusal: Refusal,
  headers: Record<string, string> = {},
): void => {
  const { status, message, param, code } = refusal;
  sendJson(response, status, { error: { message, type: errorType(status), param, code } }, headers);
};

/** The key of a request, null without one. */
export const bearer = (request: IncomingMessage): string | null =>
  /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? null;

/** What is said of a model that is not offered; Ollama has its own words. */
export const notFound = (model: string, isOllama = false): Refusal => ({
  status: 404,
  message: isOllama
    ? `model '${model}' not found`
    : `The model \`${model}\` does not exist or you do not have access to it.`,
  param: null,
  code: "model_not_found",
});

/** Plays the faults that leave no room for an answer; true when it did. */
export const playRefusal = (exchange: Exchange, fault: ModelFault | null): boolean => {
  const { response, key } = exchange;
  if (fault?.kind === "hang") return true;
  if (fault?.kind === "garbage") {
    response.writeHead(200, { "content-type": "text/html" });
    response.end("<html><body>Please sign in to the network</body></html>");
    return true;
  }
  if (fault?.kind !== "status") return false;
  const echo = fault.echoKey === true && key !== null ? ` Incorrect API key provided: ${key}.` : "";
  sendRefusal(
    response,
    {
      status: fault.status,
      message: (fault.message ?? `Scripted fault ${fault.status}.`) + echo,
      param: null,
      code: fault.code ?? null,
    },
    {
      ...(fault.retryAfter === undefined ? {} : { "retry-after": fault.retryAfter }),
      ...(fault.retryAfterMs === undefined ? {} : { "retry-after-ms": fault.retryAfterMs }),
    },
  );
  return true;
};
