import type { Pool } from "../../pool.ts";
import { resolveText, splitText } from "../../pool.ts";
import type { HttpRequest } from "../../ports.ts";
import { pythonRepr } from "../../value-text.ts";
import type { BodySources, BuiltBody } from "./body.ts";
import { buildBody } from "./body.ts";
import { encodeForm } from "./encode-form.ts";
import type { HttpRequestData } from "./schema.ts";
import { NodeError } from "../../node-error.ts";
import { type FlowMessage, flowMessage } from "../../messages/message.ts";

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

/** One header of a line of the file. */
const headerOf = (line: string): Pair => {
  const text = line.trim();
  const [name, value] = splitLine(text);
  if (!/[\r\n]/.test(text)) return [name, value];
  const header = splitLine(linesOf(text)[0] ?? "")[0];
  throw new NodeError(flowMessage("flow.http.header-line-break", { header }), "RequestHeadersError");
};

/**
 * Headers of the form `name:value`, one a line. A line that is nothing but a reference may bring several headers. In all
 * others a value with several lines fails: Dify sends the further ones as headers of their own, which would let a text of
 * a merge request add some.
 */
const buildHeaders = (text: string, pool: Pool): readonly Pair[] => {
  const pairs = linesOf(text).flatMap((line) =>
    isOnlyReference(line)
      ? linesOf(resolveText(pool, line.trim())).map(splitLine)
      : [headerOf(resolveText(pool, line))],
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

const invalidUrl = (what: FlowMessage): NodeError => new NodeError(what, "InvalidURLError");

/** An address that means to URL what it means to Dify's client; others would go elsewhere than they say, or do so in Dify. */
const checkUrl = (text: string): void => {
  if (text === "") throw invalidUrl(flowMessage("flow.http.url-missing"));
  if (!/^https?:\/\//.test(text)) throw invalidUrl(flowMessage("flow.http.url-scheme"));
  // oxlint-disable-next-line no-control-regex -- these are the characters that URL drops in silence
  const control = /[\u0000-\u001f\u007f]/.exec(text);
  if (control !== null) {
    const [character] = control;
    const named = { character: pythonRepr(character), position: control.index };
    throw invalidUrl(flowMessage("flow.http.url-character", named));
  }
  if (/^https?:\/\/(?:[/?#]|$)/.test(text)) throw invalidUrl(flowMessage("flow.http.url-no-host"));
  if (/^[^?#]*\\/.test(text)) {
    throw invalidUrl(flowMessage("flow.http.url-backslash"));
  }
};

const buildUrl = (data: HttpRequestData, pool: Pool): string => {
  const resolved = resolveText(pool, data.url);
  checkUrl(resolved);
  const text = resolved.replace(/ +$/, (spaces) => "%20".repeat(spaces.length));
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
    throw new NodeError(flowMessage("flow.http.authorization-missing"), "AuthorizationConfigError");
  }
  const key = resolveText(pool, config.api_key);
  if (key.trim() === "") {
    throw new NodeError(flowMessage("flow.http.key-missing"), "AuthorizationConfigError");
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
  throw new NodeError(flowMessage("flow.http.header-not-ascii", { header: odd[0] }));
};

/** A length that the flow states has to be that of the body; the client states it in any case. */
const checkLength = (headers: readonly Pair[], body: BuiltBody): void => {
  const stated = headers.find(([name]) => name.toLowerCase() === "content-length")?.[1];
  const length = body.bytes?.length ?? 0;
  if (stated === undefined || stated === String(length)) return;
  const excess = String(Number(stated) < length);
  throw new NodeError(
    flowMessage("flow.http.content-length", { excess, stated, length }),
    "HttpRequestNodeError",
  );
};

const hasHeader = (headers: readonly Pair[], name: string): boolean =>
  headers.some(([key]) => key.toLowerCase() === name);

const timeoutMs = (data: HttpRequestData, kind: keyof typeof TIMEOUT_LIMITS): number => {
  const stated = data.timeout?.[kind] ?? 0;
  return Math.min(stated === 0 ? TIMEOUT_LIMITS[kind] : stated, TIMEOUT_LIMITS[kind]) * 1000;
};

/** Builds the request that the node's data and the values of the run make. Throws NodeError. */
export const buildRequest = async (data: HttpRequestData, sources: BodySources): Promise<HttpRequest> => {
  const { pool, signal } = sources;
  if (data.method === "options") {
    throw new NodeError(flowMessage("flow.http.method", { method: data.method }), "InvalidHttpMethodError");
  }
  const authorization = buildAuthorization(data, pool);
  const url = buildUrl(data, pool);
  const plain = buildHeaders(data.headers, pool);
  const body = await buildBody(data.body ?? null, sources);
  const authorized = authorization === null ? plain : withHeader(plain, authorization);
  checkHeaders(authorized);
  checkLength(authorized, body);
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
