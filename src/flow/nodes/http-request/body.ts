import { readJsonText } from "../../../base/model-json/read-json.ts";
import { writeJson } from "../../../base/model-json/write-json.ts";
import type { Pool } from "../../pool.ts";
import { readPool, resolveText } from "../../pool.ts";
import type { HttpClient } from "../../ports.ts";
import { isJsonArray } from "../../value-type.ts";
import { fetchFile } from "../document-extractor/file-value.ts";
import { encodeForm, encodeMultipart, type Part } from "./encode-form.ts";
import type { BodyItem, HttpBody } from "./schema.ts";
import { bodyItems } from "./schema.ts";
import { NodeError } from "../../node-error.ts";
import { showSelector } from "../selector-path.ts";
import { flowMessage } from "../../messages/message.ts";

/** A body with the content type that goes with it where the flow sets none (null: none). */
export type BuiltBody = {
  readonly bytes: Uint8Array | null;
  readonly contentType: string | null;
  /** Whether the content type names the body's own boundary and so replaces what the flow sets. */
  readonly ownsContentType: boolean;
};

/** What bodies are built from. */
export type BodySources = { readonly pool: Pool; readonly http: HttpClient; readonly signal: AbortSignal };

const onlyItem = (items: readonly BodyItem[], type: string): BodyItem => {
  const [item] = items;
  if (item === undefined || items.length !== 1) {
    throw new NodeError(flowMessage("flow.http.body-count", { type }), "RequestBodyError");
  }
  return item;
};

const plain = (text: string, contentType: string): BuiltBody => ({
  bytes: Buffer.from(text, "utf8"),
  contentType,
  ownsContentType: false,
});

const CONTENT_TYPE_JSON = "application/json";

/**
 * JSON goes out as Dify writes it anew: a text that is damaged, mostly by a variable inside, is read as json_repair
 * reads it. Where that is not sure the request fails, for nothing else may be sent than Dify sends.
 */
const buildJson = (text: string): BuiltBody => {
  const read = readJsonText(text);
  if (!read.ok) throw new NodeError(flowMessage("flow.http.body-not-json", { text }), "RequestBodyError");
  if (read.doubtful) {
    throw new NodeError(flowMessage("flow.http.body-damaged", { text }), "RequestBodyError");
  }
  // Python's None means no body to httpx.
  if (read.node.kind === "scalar" && read.node.value === null) {
    return { bytes: null, contentType: CONTENT_TYPE_JSON, ownsContentType: false };
  }
  const written = writeJson(read.node);
  if (!written.ok) {
    const code = written.reason === "not-finite" ? "flow.http.body-not-finite" : "flow.http.body-surrogate";
    throw new NodeError(flowMessage(code, { value: written.value }), "RequestBodyError");
  }
  return plain(written.text, CONTENT_TYPE_JSON);
};

/** Fields by name, a later one of the same name winning, as Dify keeps them. */
const fieldsOf = (items: readonly BodyItem[], pool: Pool): ReadonlyMap<string, string> =>
  new Map(items.map((item) => [resolveText(pool, item.key), resolveText(pool, item.value)]));

const fetchItem = async (item: BodyItem, { pool, http, signal }: BodySources) => {
  const value = readPool(pool, item.file ?? [])?.value ?? null;
  const values = isJsonArray(value) ? value : value === null ? [] : [value];
  const fetched = [];
  for (const one of values) {
    const result = await fetchFile(one, http, signal);
    if (!result.ok) throw new NodeError(result.message, "FileFetchError");
    fetched.push(result.value);
  }
  return fetched;
};

/** What Dify sends in a form without a file, so that it stays a multipart one. */
const PLACEHOLDER: Part = {
  name: "__multipart_placeholder__",
  file: { name: "", type: "application/octet-stream" },
  bytes: new Uint8Array(),
};

const buildForm = async (items: readonly BodyItem[], sources: BodySources): Promise<BuiltBody> => {
  const texts = fieldsOf(
    items.filter(({ type }) => type === "text"),
    sources.pool,
  );
  const fields = Array.from(texts, ([name, value]): Part => ({
    name,
    file: null,
    bytes: Buffer.from(value),
  }));
  const files: Part[] = [];
  for (const item of items.filter(({ type }) => type === "file")) {
    const name = resolveText(sources.pool, item.key);
    for (const { file, bytes } of await fetchItem(item, sources)) {
      const type = file.mime_type ?? "application/octet-stream";
      files.push({ name, file: { name: file.filename ?? "file", type }, bytes });
    }
  }
  const { boundary, bytes } = encodeMultipart([...fields, ...(files.length === 0 ? [PLACEHOLDER] : files)]);
  return { bytes, contentType: `multipart/form-data; boundary=${boundary}`, ownsContentType: true };
};

const buildBinary = async (item: BodyItem, sources: BodySources): Promise<BuiltBody> => {
  const [first] = await fetchItem(item, sources);
  if (first === undefined) {
    const selector = showSelector(item.file ?? []);
    throw new NodeError(flowMessage("flow.http.file-missing", { selector }), "FileFetchError");
  }
  return { bytes: first.bytes, contentType: null, ownsContentType: false };
};

/** Builds the body of a request from the node's data. Throws `RequestProblem`. */
export const buildBody = async (body: HttpBody | null, sources: BodySources): Promise<BuiltBody> => {
  const type = body?.type ?? "none";
  const items = body === null ? [] : bodyItems(body);
  switch (type) {
    case "none":
      return { bytes: null, contentType: null, ownsContentType: false };
    case "raw-text":
      return plain(resolveText(sources.pool, onlyItem(items, type).value), "text/plain");
    case "json":
      return buildJson(resolveText(sources.pool, onlyItem(items, type).value));
    case "x-www-form-urlencoded":
      return plain(encodeForm(fieldsOf(items, sources.pool)), "application/x-www-form-urlencoded");
    case "form-data":
      return buildForm(items, sources);
    case "binary":
      return buildBinary(onlyItem(items, type), sources);
    default:
      return type satisfies never;
  }
};
