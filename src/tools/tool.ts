import { charsetOf, decodeText } from "../base/decode-text.ts";
import { stated } from "../base/errors.ts";
import type { Json, JsonObject } from "../base/json.ts";
import { NO_USAGE } from "../flow/flow-event.ts";
import type {
  HttpResponse,
  NodeFailure,
  NodeResult,
  ToolAnswer,
  ToolDescription,
  ToolReference,
  ToolRequest,
} from "../flow/ports.ts";
import { type Message, message } from "../messages/message.ts";

/** A tool that is set up. */
export type Tool = {
  readonly describe: (
    request: Pick<ToolRequest, "settings" | "signal">,
  ) => Promise<NodeResult<Omit<ToolDescription, "name">>>;
  readonly invoke: (request: ToolRequest) => Promise<NodeResult<ToolAnswer>>;
};

/** The longest answer that is taken from a server, in bytes. */
export const MAX_ANSWER_BYTES = 10 * 1024 * 1024;

/** How long a server may take to be connected to, in milliseconds. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** The media type that an answer states; the empty text for none. */
export const contentTypeOf = ({ headers }: HttpResponse): string =>
  headers.find(([name]) => name.toLowerCase() === "content-type")?.[1] ?? "";

/** The body of an answer as text. */
export const bodyText = (response: HttpResponse): string =>
  decodeText(response.body, charsetOf(contentTypeOf(response)));

/** What Dify puts in `json` where a tool gave none. */
const NO_JSON: readonly Json[] = [{ data: [] }];

/** An answer of what a tool gave, in Dify's form. */
export const toolAnswer = ({
  text = "",
  json = [],
  ...rest
}: Partial<ToolAnswer>): NodeResult<ToolAnswer> => ({
  ok: true,
  value: {
    text,
    json: json.length === 0 ? NO_JSON : json,
    files: [],
    variables: {},
    usage: NO_USAGE,
    ...rest,
  },
});

/** Dify's names for what fails before a tool is called, and while it is. */
type FailureType = "ToolRuntimeResolutionError" | "ToolRuntimeInvocationError";

/** A failure of ours. */
export const toolFailure = (
  what: Message,
  errorType: FailureType = "ToolRuntimeInvocationError",
): NodeFailure => ({
  ok: false,
  errorType,
  ...stated(what),
  retryable: false,
});

/** The failure of a call that was not answered within its time. */
export const noAnswer = (server: string, timeoutMs: number): NodeFailure => ({
  ...toolFailure(message("tool.no-answer", { server, seconds: timeoutMs / 1000 })),
  timedOut: true,
});

/** What a tool, a server or Dify's own tool fails with, in its words. */
export const failureInItsWords = (text: string): NodeFailure => ({
  ok: false,
  errorType: "ToolRuntimeInvocationError",
  message: text,
  retryable: false,
});

/** The name of a tool as settings have it. */
export const toolKey = ({ providerId, toolName }: Pick<ToolReference, "providerId" | "toolName">): string =>
  `${providerId}/${toolName}`;

/** The JSON schema of an object of these properties. */
export const objectSchema = (properties: JsonObject, required: readonly string[] = []): JsonObject => ({
  type: "object",
  properties,
  required: [...required],
});
