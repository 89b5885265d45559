import type { Json } from "../../base/json.ts";
import { type JsonNode, toJson } from "../../base/model-json/json-node.ts";
import { type Message, message } from "../../messages/message.ts";

/** One object that a flow reported. Keys are in `plainKey`'s form. */
export type RawRecord = { readonly fields: ReadonlyMap<string, Json>; readonly text: string };

/** What was left out of a flow's output, and why; the text is shortened. */
export type Rejection = { readonly reason: Message; readonly text: string };

/** What is looked for. All keys are in `plainKey`'s form. */
export type RecordShape = {
  /** Keys under which lists of records stand. */
  readonly listKeys: ReadonlySet<string>;
  /** Whether an object with these keys is meant as a record. */
  readonly isRecord: (keys: ReadonlySet<string>) => boolean;
  /** Keys whose value the objects around a list pass on to the records in it. */
  readonly inherited: ReadonlySet<string>;
};

/** The records of an output. */
export type Records = {
  /** Whether there was a list or record at all; an empty list is one. */
  readonly relevant: boolean;
  /** Whether a record was there, be it cut. */
  readonly filled: boolean;
  readonly records: readonly RawRecord[];
  readonly rejected: readonly Rejection[];
};

export const NO_RECORDS: Records = { relevant: false, filled: false, records: [], rejected: [] };

const MAX_REJECTED_TEXT = 300;

const CUT_OFF = message("findings.cut-off");
const NO_FINDING = message("findings.not-one");

/** A key without case, spaces and punctuation: `start_line`, `startLine` and `Start Line` are one. */
export const plainKey = (key: string): string => key.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");

/** A rejection with its text shortened. */
export const toRejection = (reason: Message, text: string): Rejection => {
  const plain = text.replace(/\s+/g, " ").trim();
  const short = plain.length > MAX_REJECTED_TEXT ? `${plain.slice(0, MAX_REJECTED_TEXT)}…` : plain;
  return { reason, text: short.toWellFormed() };
};

/** A JSON value as a node that is whole. Deep values are not followed. */
export const toNode = (value: Json, depth = 0): JsonNode => {
  const whole = { cut: false, start: 0, end: 0 };
  if (typeof value === "number") return { kind: "number", value, text: String(value), ...whole };
  if (value === null || typeof value !== "object") return { kind: "scalar", value, ...whole };
  if (depth > 60) return { kind: "scalar", value: null, ...whole };
  if (isList(value)) return { kind: "array", items: value.map((item) => toNode(item, depth + 1)), ...whole };
  const entries = Object.entries(value).map(([key, item]) => [key, toNode(item, depth + 1)] as const);
  return { kind: "object", entries, ...whole };
};

/** `Array.isArray` for lists that may not be changed. */
export const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

type Walk = {
  readonly source: string;
  readonly shape: RecordShape;
  readonly nested: (text: string) => Records;
  readonly records: RawRecord[];
  readonly rejected: Rejection[];
  filled: boolean;
  listed: boolean;
};

type Fields = ReadonlyMap<string, Json>;

/** The records under a node. `nested` reads strings that stand where a list or a record should. */
export const recordsOf = (
  node: JsonNode,
  source: string,
  shape: RecordShape,
  nested: (text: string) => Records,
): Records => {
  const walk: Walk = { source, shape, nested, records: [], rejected: [], filled: false, listed: false };
  if (node.kind === "array") walkList(walk, node, new Map());
  else if (node.kind === "object") walkObject(walk, node, new Map(), false);
  const relevant = walk.filled || walk.listed;
  return relevant
    ? { relevant, filled: walk.filled, records: walk.records, rejected: walk.rejected }
    : { ...NO_RECORDS, rejected: walk.rejected };
};

const walkList = (walk: Walk, list: JsonNode & { kind: "array" }, inherited: Fields): void => {
  if (list.items.length === 0) walk.listed = true;
  for (const item of list.items) {
    if (item.kind === "array") walkList(walk, item, inherited);
    else if (item.kind === "object") walkObject(walk, item, inherited, true);
    else if (typeof item.value === "string" && !item.cut) walkText(walk, item.value);
    else if (item.value !== null && !item.cut) reject(walk, item, NO_FINDING);
  }
  if (list.cut && list.items.at(-1)?.cut !== true)
    reject(walk, { ...list, start: Math.max(list.start, list.end - 80) }, message("findings.list-open"));
};

const walkObject = (
  walk: Walk,
  node: JsonNode & { kind: "object" },
  inherited: Fields,
  inList: boolean,
): void => {
  const { shape } = walk;
  const entries = node.entries.map(([key, value]) => [plainKey(key), value] as const);
  const keys = new Set(entries.map(([key]) => key));
  const lists = entries.filter(([key, value]) => shape.listKeys.has(key) && mayBeList(value));
  const isRecord = shape.isRecord(keys);
  const passedOn = [...keys].filter((key) => shape.inherited.has(key));
  if (
    lists.length > 0 &&
    !(isRecord && passedOn.length > 0 && shape.isRecord(without(keys, passedOn, lists)))
  )
    return walkLists(walk, node, entries, lists, inherited);
  if (isRecord) return addRecord(walk, node, inherited);
  if (node.entries.length === 0 && !node.cut) walk.listed = true;
  else if (inList) reject(walk, node, node.cut ? CUT_OFF : message("findings.keys-unknown"));
};

const without = (
  keys: ReadonlySet<string>,
  some: readonly string[],
  lists: readonly (readonly [string, JsonNode])[],
): ReadonlySet<string> => keys.difference(new Set([...some, ...lists.map(([key]) => key)]));

/** Prose under a list's key is no list, JSON in a string is; an absent list is an empty one. */
const mayBeList = (value: JsonNode): boolean =>
  value.kind === "array" ||
  value.kind === "object" ||
  value.cut ||
  value.value === null ||
  value.value === "" ||
  looksLikeJson(value.value);

const looksLikeJson = (value: string | number | boolean): boolean =>
  typeof value === "string" && /^\s*(?:```\w*\s*)?[[{]/.test(value);

const walkLists = (
  walk: Walk,
  node: JsonNode,
  entries: readonly (readonly [string, JsonNode])[],
  lists: readonly (readonly [string, JsonNode])[],
  inherited: Fields,
): void => {
  walk.listed = true;
  const own = entries.filter(([key]) => walk.shape.inherited.has(key));
  const passed = new Map([...inherited, ...own.map(([key, value]) => [key, toJson(value)] as const)]);
  for (const [, value] of lists) {
    if (value.kind === "array") walkList(walk, value, passed);
    else if (value.kind === "object") walkObject(walk, value, passed, value.entries.length > 0);
    else if (value.cut) reject(walk, node, CUT_OFF);
    else if (typeof value.value === "string") walkText(walk, value.value);
  }
};

const walkText = (walk: Walk, text: string): void => {
  if (text.trim() === "") return;
  const read = looksLikeJson(text) ? walk.nested(text) : NO_RECORDS;
  walk.filled ||= read.filled;
  walk.listed ||= read.relevant;
  walk.records.push(...read.records);
  walk.rejected.push(...read.rejected);
  if (!read.relevant) walk.rejected.push(toRejection(NO_FINDING, text));
};

const addRecord = (walk: Walk, node: JsonNode & { kind: "object" }, inherited: Fields): void => {
  walk.filled = true;
  if (node.cut) return reject(walk, node, CUT_OFF);
  const own = node.entries.map(([key, value]) => [plainKey(key), toJson(value)] as const);
  // Its own path under another key counts for more than the path of what it stands in.
  const passed = own.some(([key]) => walk.shape.inherited.has(key)) ? [] : [...inherited];
  walk.records.push({ fields: new Map([...passed, ...own]), text: textOf(walk, node) });
};

const reject = (walk: Walk, node: JsonNode, reason: Message): void => {
  walk.rejected.push(toRejection(reason, textOf(walk, node)));
};

const textOf = (walk: Walk, node: JsonNode): string =>
  node.end > node.start ? walk.source.slice(node.start, node.end) : JSON.stringify(toJson(node));
