/**
 * What the stand-in can do wrong on demand, one fault for one request. `status` covers every refusal
 * (401, 429, 5xx, …); the others answer 200 and then misbehave, or answer something awkward.
 */
export type ModelFault =
  | {
      readonly kind: "status";
      readonly status: number;
      readonly message?: string;
      readonly code?: string;
      /** Sent as `retry-after` (seconds or an HTTP date) and `retry-after-ms`. */
      readonly retryAfter?: string;
      readonly retryAfterMs?: string;
      /** Repeat the key that the request carried in the message, as some servers do. */
      readonly echoKey?: boolean;
    }
  /** The request is read and nothing is ever answered. */
  | { readonly kind: "hang" }
  /** The head of the stream is sent and nothing more. */
  | { readonly kind: "hang-before-first-token" }
  | { readonly kind: "hang-after-first-token" }
  /** The socket is destroyed after so many pieces of text. */
  | { readonly kind: "broken-stream"; readonly afterPieces: number }
  /** The server's process ends in the middle of an answer: the connection breaks off, or a proxy tells of it in the stream. */
  | { readonly kind: "killed"; readonly afterPieces: number }
  /** The server is down or loads its model, each in its way. */
  | { readonly kind: "not-ready" }
  /** The answer ends in good order, without a finish reason: what a proxy makes of a cut answer. */
  | { readonly kind: "no-finish"; /** Whether `[DONE]` says that it is whole. */ readonly isDone?: true }
  /** One JSON body although a stream was asked for. */
  | { readonly kind: "json-for-stream" }
  /** The text of the answer is cut in the middle, with finish reason `stop`. */
  | { readonly kind: "truncated-text" }
  /** A frame of the stream (or the body) is cut in the middle of its JSON. */
  | { readonly kind: "truncated-json" }
  /** An `error` object in the stream after the first piece of text. */
  | { readonly kind: "stream-error"; readonly message: string; readonly code?: string }
  | { readonly kind: "content-filter" }
  | { readonly kind: "length" }
  /** A tool is called, though none was offered, in the place of an answer. */
  | { readonly kind: "tool-call" }
  /** The answer inside a Markdown fence. */
  | { readonly kind: "fenced" }
  /** The answer with a sentence before and after it. */
  | { readonly kind: "prose-wrapped" }
  /** A page of HTML with status 200. */
  | { readonly kind: "garbage" }
  /** No answer at all: an empty text with finish reason `stop`. */
  | { readonly kind: "empty" }
  | { readonly kind: "slow"; readonly msPerPiece: number };

/** The text of an answer after the faults that change only the text. */
export const distortText = (text: string, fault: ModelFault | null): string => {
  const kind = fault?.kind;
  if (kind === "fenced") return "```json\n" + text + "\n```";
  if (kind === "prose-wrapped") {
    return `Of course! Here is the result:\n\n${text}\n\nLet me know if you need anything else.`;
  }
  if (kind === "truncated-text" || kind === "length") return text.slice(0, Math.ceil(text.length / 2));
  return kind === "content-filter" || kind === "empty" || kind === "tool-call" ? "" : text;
};
