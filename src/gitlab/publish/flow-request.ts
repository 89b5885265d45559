import { z } from "zod";
import { isReading } from "../../base/http-method.ts";
import { parseJson } from "../../base/json.ts";
import { type Message, message } from "../../messages/message.ts";
import { publishPosted } from "../../review/publish-text.ts";

/** A request that a flow sends by itself, as it goes over the wire. */
export type FlowRequest = {
  readonly method: string;
  readonly url: URL;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array | null;
};

/** The last answer to a request. */
export type FlowResponse = {
  readonly status: number;
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
};

/** A request that is not sent, with what to change in the flow. */
export type RefusedRequest = { readonly refused: Message };

/** The fields of GitLab's API that become notes and descriptions, in which quick actions, mentions and links act. */
const TEXT_FIELDS: ReadonlySet<string> = new Set(["body", "note", "description"]);
// Servers take several slashes for one.
const API = /\/api\/+(?:v4\/+(?:projects|groups|snippets)\b|graphql\b)/iu;
const GRAPHQL = /\/api\/+graphql\b/iu;

/**
 * What flows that post by themselves (the contract `classic`) send to GitLab, with its texts made harmless as those of
 * all other notes are: in JSON, forms and queries, at `gitlabUrl` and at whatever looks like GitLab's API. A body
 * that cannot be read as GitLab would read it is refused. Everything else passes as it is.
 */
export const createFlowRequestPublisher = (
  gitlabUrl: string,
): ((request: FlowRequest) => Promise<FlowRequest | RefusedRequest>) => {
  const { hostname } = new URL(gitlabUrl);
  return async (request) => {
    const { url, method } = request;
    const path = decodePath(url.pathname);
    if (url.hostname !== hostname && !API.test(path)) return request;
    const isGraphql = GRAPHQL.test(path);
    // GitLab takes an operation from the query of any method.
    if (isGraphql && MUTATION.test(decodePath(url.search))) return NO_MUTATION;
    if (isReading(method)) return request;
    const asked = new URL(url);
    const query = publishForm(url.search.slice(1));
    if (query !== null) asked.search = query;
    const body = await publishBody(request, isGraphql);
    if (body !== null && "refused" in body) return body;
    return { ...request, url: asked, ...body };
  };
};

const NO_MUTATION: RefusedRequest = {
  refused: message("gitlab.flow-mutation"),
};
const NOT_READABLE: RefusedRequest = {
  refused: message("gitlab.flow-body-unreadable"),
};

const decodePath = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

type Changed = Pick<FlowRequest, "headers" | "body">;

/** The body with harmless texts; null where nothing changes. */
const publishBody = async (
  request: FlowRequest,
  isGraphql: boolean,
): Promise<Changed | RefusedRequest | null> => {
  const { headers, body } = request;
  if (body === null || body.length === 0) return null;
  const [type = "", ...others] = headers
    .filter(([name]) => name.trim().toLowerCase() === "content-type")
    .map(([, value]) => value);
  // Which of two types counts is the server's choice.
  if (others.length > 0) return NOT_READABLE;
  if (isGraphql && !/json/iu.test(type)) return NO_MUTATION;
  if (/^\s*multipart\/form-data/iu.test(type)) return publishMultipart(request, type);
  // GitLab reads parameters from `mixed` and `related`, too.
  if (/^\s*multipart\//iu.test(type)) return NOT_READABLE;
  // Files of a repository, packages: nobody reads them as a note.
  if (/^\s*(?:application\/octet-stream|image\/|application\/(?:zip|gzip|x-tar))/iu.test(type)) return null;
  const text = Buffer.from(body).toString("utf8");
  const changed =
    /json/iu.test(type) || /^\s*[[{"]/u.test(text) ? publishJson(text, isGraphql) : publishForm(text);
  if (changed === null) return null;
  return typeof changed === "string" ? { headers, body: Buffer.from(changed, "utf8") } : changed;
};

const publishJson = (text: string, isGraphql: boolean): string | RefusedRequest | null => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return NOT_READABLE;
  }
  if (isGraphql && writesLiterally(value)) return NO_MUTATION;
  const published = publishValue(value, (key) => TEXT_FIELDS.has(key.toLowerCase()), isGraphql);
  const next = JSON.stringify(published);
  return next === JSON.stringify(value) ? null : next;
};

const MUTATION = /mutation/iu;
/** Comments and texts of a GraphQL document; a text is in one of the last two groups. */
const LITERALS = /#[^\r\n]*|"""((?:\\"""|[^])*?)"""|"((?:\\.|[^"\\\r\n])*)"/gu;
/** What names a thing to GraphQL: an id, a path, a word. */
const IDENTIFIER = /^(?:gid:\/\/gitlab\/[\w:/-]+|\w[\w.:-]*(?:\/[\w.:-]+)*)$/u;

/** Whether an operation anywhere in a request changes something with a text that stands in its document. */
const writesLiterally = (value: unknown, key = ""): boolean => {
  if (typeof value === "string")
    return (
      key === "query" &&
      MUTATION.test(value) &&
      [...value.matchAll(LITERALS)].some(([, block, line]) => {
        const text = block ?? line ?? "";
        return text !== "" && !IDENTIFIER.test(text);
      })
    );
  if (Array.isArray(value)) return value.some((one) => writesLiterally(one, key));
  return isRecord(value) && Object.entries(value).some(([name, inner]) => writesLiterally(inner, name));
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A value with harmless texts under keys of texts; under `variables` of GraphQL, whose names are the flow's, everywhere. */
const publishValue = (
  value: unknown,
  isText: (key: string) => boolean,
  isGraphql: boolean,
  key = "",
): unknown => {
  if (typeof value === "string") return isText(key) ? publishPosted(value) : value;
  if (Array.isArray(value)) return value.map((one) => publishValue(one, isText, isGraphql, key));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      isGraphql && name === "variables"
        ? publishVariables(inner, true)
        : publishValue(inner, isText, isGraphql, name),
    ]),
  );
};

/** GitLab takes variables as JSON in a text, too. */
const publishVariables = (value: unknown, isWhole = false): unknown => {
  const parsed = typeof value === "string" && isWhole ? parseJson(value) : null;
  if (isRecord(parsed)) return JSON.stringify(publishVariables(parsed));
  if (typeof value === "string") return IDENTIFIER.test(value) ? value : publishPosted(value);
  if (Array.isArray(value)) return value.map((one) => publishVariables(one));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, publishVariables(inner)]));
};

/** Whether a name such as `note[body]`, whose brackets GitLab reads wherever they stand, is a text's. */
const isTextName = (name: string): boolean =>
  name
    .toLowerCase()
    .split(/[[\]]+/u)
    .some((part) => TEXT_FIELDS.has(part));

/** A form or a query with harmless texts; null where nothing changes. GitLab takes a semicolon for an ampersand, too. */
const publishForm = (text: string): string | null => {
  let isChanged = false;
  const pairs = text.split(/[&;]/u).map((pair) => {
    const [[name, value] = ["", ""]] = [...new URLSearchParams(pair)];
    if (!isTextName(name)) return pair;
    const published = publishPosted(value);
    if (published === value) return pair;
    isChanged = true;
    return new URLSearchParams([[name, published]]).toString();
  });
  return isChanged ? pairs.join("&") : null;
};

const publishMultipart = async (
  { headers, body }: FlowRequest,
  type: string,
): Promise<Changed | RefusedRequest | null> => {
  let form: FormData;
  try {
    form = await new Response(Buffer.from(body ?? []), { headers: { "content-type": type } }).formData();
  } catch {
    return NOT_READABLE;
  }
  const next = new FormData();
  let isChanged = false;
  for (const [name, value] of form) {
    if (typeof value !== "string") {
      next.append(name, value);
      continue;
    }
    const published = isTextName(name) ? publishPosted(value) : value;
    isChanged ||= published !== value;
    next.append(name, published);
  }
  if (!isChanged) return null;
  const sent = new Response(next);
  const others = headers.filter(([name]) => name.toLowerCase() !== "content-type");
  return {
    headers: [...others, ["Content-Type", sent.headers.get("content-type") ?? type]],
    body: new Uint8Array(await sent.arrayBuffer()),
  };
};

const NOTES = /\/api\/+v4\/+projects\/[^/]+\/+merge_requests\/+\d+\/+notes\/*$/iu;
const Posted = z.looseObject({ body: z.string(), system: z.boolean() });

/**
 * How to find a note that a request to GitLab has made, where its answer was lost: among the newest hundred of the merge
 * request, by its text, which GitLab keeps without the white space around it. Null for every other request.
 *
 * @see https://docs.gitlab.com/api/notes/#list-all-merge-request-notes
 */
export const findPostedNote =
  (gitlabUrl: string) =>
  async (
    request: FlowRequest,
  ): Promise<{
    readonly ask: FlowRequest;
    readonly find: (response: FlowResponse) => FlowResponse | null;
  } | null> => {
    const { hostname } = new URL(gitlabUrl);
    if (request.method !== "POST" || request.url.hostname !== hostname) return null;
    if (!NOTES.test(request.url.pathname)) return null;
    const text = await textOfNote(request);
    if (text === null) return null;
    const url = new URL(request.url);
    url.search = new URLSearchParams({
      order_by: "created_at",
      sort: "desc",
      per_page: "100",
      ...secretsOf(request.url),
    }).toString();
    const headers = request.headers.filter(([name]) => !/^content-/iu.test(name));
    const find = (response: FlowResponse): FlowResponse | null => {
      const notes = z
        .array(z.unknown())
        .catch([])
        .parse(parseJson(Buffer.from(response.body).toString("utf8")));
      const found = notes.find((note) => {
        const { data } = Posted.safeParse(note);
        return data !== undefined && !data.system && textIn(data.body) === text;
      });
      if (response.status !== 200 || found === undefined) return null;
      return {
        status: 201,
        url: request.url.href,
        headers: [["content-type", "application/json"]],
        body: Buffer.from(JSON.stringify(found), "utf8"),
      };
    };
    return { ask: { method: "GET", url, headers, body: null }, find };
  };

/** What says who asks, where a query does. */
const secretsOf = ({ searchParams }: URL): Readonly<Record<string, string>> =>
  Object.fromEntries(
    ["private_token", "access_token", "job_token"].flatMap((name) => {
      const value = searchParams.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );

/** The text of the note that a request makes, without the white space around it; null where it is in none of the places. */
const textOfNote = async ({ url, headers, body }: FlowRequest): Promise<string | null> => {
  const type = headers.find(([name]) => name.toLowerCase() === "content-type")?.[1] ?? "";
  const inBody = body === null ? null : await bodyField(body, type);
  const text = textIn(inBody ?? url.searchParams.get("body") ?? "");
  return text === "" ? null : text;
};

/** Forms end lines by CR LF. */
const textIn = (text: string): string => text.replaceAll("\r\n", "\n").trim();

const bodyField = async (body: Uint8Array, type: string): Promise<string | null> => {
  const text = Buffer.from(body).toString("utf8");
  if (/^\s*multipart\/form-data/iu.test(type)) {
    const form = await new Response(Buffer.from(body), { headers: { "content-type": type } }).formData();
    const field = form.get("body");
    return typeof field === "string" ? field : null;
  }
  const { data } = z.looseObject({ body: z.string() }).safeParse(parseJson(text));
  return data?.body ?? new URLSearchParams(text).get("body");
};
