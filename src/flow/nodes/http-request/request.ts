import type { Pool } from "../../pool.ts";
import { resolveText, splitText } from "../../pool.ts";
import type { HttpRequest } from "../../ports.ts";
import type { BodySources } from "./body.ts";
import { buildBody } from "./body.ts";
import { encodeForm } from "./encode-form.ts";
import { RequestProblem } from "./request-problem.ts";
import type { HttpRequestData } from "./schema.ts";

/** Dify's limits in seconds, which are the defaults too. */
export const TIMEOUT_LIMITS = { connect: 10, read: 600, write: 600 } as const;
/** Dify's limit of a binary answer; a text has less, which is checked when the kind is known. */
export const MAX_BINARY_BYTES = 10 * 1024 * 1024;

type Pair = readonly [name: string, value: string];

/** The part of a line before its first colon and the part behind it, both trimmed. */
const splitLine = (line: string): Pair => {
  const [name = "", ...rest] = line.split(":");
  return [name.trim(), rest.join(":").trim()];
};

const linesOf = (text: string): readonly string[] =>
  text.split(/\r\n|\r|\n/).filter((line) => line.trim() !== "");

/** Where a template line has its colon: behind the references in front of it, whose paths hold none. */
const isOnlyReference = (line: string): boolean => {
  const parts = splitText(line.trim());
  return parts.length === 1 && parts[0]?.kind === "reference";
};

/**
 * Headers of the form `name:value`, one a line. A line that is nothing but a reference may bring several headers; in all
 * others a value stays in its line, so that text of a merge request cannot add headers of its own.
 */
const buildHeaders = (text: string, pool: Pool): readonly Pair[] => {
  const pairs = linesOf(text).flatMap((line) =>
    isOnlyReference(line)
      ? linesOf(resolveText(pool, line.trim())).map(splitLine)
      : [splitLine(resolveText(pool, line).replace(/[\r\n]+/g, " "))],
  );
  return [...new Map(pairs.map((pair) => [pair[0].toLowerCase(), pair])).values()].filter(
    ([name]) => name !== "",
  );
};

/** Query parameters; unlike headers, a name may come twice and a value may hold line breaks. */
const buildParams = (text: string, pool: Pool): readonly Pair[] =>
  linesOf(text)
    .map(splitLine)
    .filter(([name]) => name !== "")
    .map(([name, value]) => [resolveText(pool, name), resolveText(pool, value)]);

const buildUrl = (data: HttpRequestData, pool: Pool): string => {
  const text = resolveText(pool, data.url);
  if (text === "") throw new RequestProblem("InvalidURLError", "url is required");
  if (!/^https?:\/\//.test(text)) {
    throw new RequestProblem("InvalidURLError", "url should start with http:// or https://");
  }
  const params = buildParams(data.params, pool);
  if (params.length === 0 || !URL.canParse(text)) return text;
  const url = new URL(text);
  // Where there are parameters, httpx sends them in the place of the address's own query.
  url.search = encodeForm(params);
  return url.href;
};

const encodeBasic = (credentials: string): string =>
  credentials.includes(":") ? Buffer.from(credentials, "utf8").toString("base64") : credentials;

const buildAuthorization = (data: HttpRequestData, pool: Pool): Pair | null => {
  if (data.authorization?.type !== "api-key") return null;
  const { config } = data.authorization;
  if (config === null || config === undefined) {
    throw new RequestProblem("AuthorizationConfigError", "authorization config is required");
  }
  const key = resolveText(pool, config.api_key);
  if (key.trim() === "") {
    throw new RequestProblem(
      "AuthorizationConfigError",
      "API key is required for authorization but was empty. Please provide a valid API key.",
    );
  }
  const header = config.header === "" ? "Authorization" : config.header;
  if (config.type === "bearer") return [header, `Bearer ${key}`];
  return [header, config.type === "basic" ? `Basic ${encodeBasic(key)}` : key];
};

const withHeader = (headers: readonly Pair[], [name, value]: Pair): readonly Pair[] => [
  ...headers.filter(([key]) => key.toLowerCase() !== name.toLowerCase()),
  [name, value],
];

/** Headers carry ASCII only; Dify's client refuses anything else, too. */
const checkHeaders = (headers: readonly Pair[]): void => {
  // oxlint-disable-next-line no-control-regex -- this is the range of ASCII
  const odd = headers.find((pair) => !/^[\u0000-\u007f]*$/.test(pair.join("")));
  if (odd === undefined) return;
  throw new RequestProblem(
    "WorkflowNodeError",
    `the header ${odd[0]} holds characters beyond ASCII, which no header may`,
  );
};

const hasHeader = (headers: readonly Pair[], name: string): boolean =>
  headers.some(([key]) => key.toLowerCase() === name);

const timeoutMs = (data: HttpRequestData, kind: keyof typeof TIMEOUT_LIMITS): number => {
  const stated = data.timeout?.[kind] ?? 0;
  return Math.min(stated === 0 ? TIMEOUT_LIMITS[kind] : stated, TIMEOUT_LIMITS[kind]) * 1000;
};

/** Builds the request that the node's data and the values of the run make. Throws `RequestProblem`. */
export const buildRequest = async (data: HttpRequestData, sources: BodySources): Promise<HttpRequest> => {
  const { pool, signal } = sources;
  const authorization = buildAuthorization(data, pool);
  const url = buildUrl(data, pool);
  const plain = buildHeaders(data.headers, pool);
  const body = await buildBody(data.body ?? null, sources);
  const authorized = authorization === null ? plain : withHeader(plain, authorization);
  checkHeaders(authorized);
  const needsType =
    body.contentType !== null && (body.ownsContentType || !hasHeader(authorized, "content-type"));
  return {
    method: data.method.toUpperCase(),
    url,
    headers: needsType ? withHeader(authorized, ["Content-Type", body.contentType ?? ""]) : authorized,
    body: body.bytes,
    connectTimeoutMs: timeoutMs(data, "connect"),
    readTimeoutMs: timeoutMs(data, "read"),
    writeTimeoutMs: timeoutMs(data, "write"),
    verifyTls: data.ssl_verify ?? true,
    maxResponseBytes: MAX_BINARY_BYTES,
    signal,
  };
};
