import { type Json, parseJson } from "../../base/json.ts";
import type { JsonNode } from "../../base/model-json/json-node.ts";
import { message } from "../../messages/message.ts";
import { createJsonReader, readJsonText } from "../../base/model-json/read-json.ts";
import {
  type Records,
  type RecordShape,
  NO_RECORDS,
  recordsOf,
  toNode,
  toRejection,
} from "./walk-records.ts";

/** Longer answers are cut; a model's answer is far below. In UTF-16 units. */
const MAX_TEXT = 2_000_000;
/** How much may be read in vain before the search for JSON in prose is given up. In UTF-16 units. */
const MAX_WASTE = 1_000_000;
/** What a reading in vain counts at least, in UTF-16 units. */
const LEAST_WASTE = 200;
/** What a value that is nested too deeply counts. */
const UNREADABLE_WASTE = 5_000;
/** An answer that is a string of JSON in a string of JSON is followed this deep. */
const MAX_NESTING = 3;

const FENCE = /```[ \t]*([\w+#.-]*)[^\n]*\n?/y;
const JSON_FENCES = new Set(["", "json", "json5", "jsonc", "jsonl", "ndjson", "text", "txt", "plaintext"]);
const THINK_START = /<(think|thinking|thought|reasoning)>/iy;
const THINK_END = /<\/(?:think|thinking|thought|reasoning)>/iy;
const THINKING = /<(think|thinking|thought|reasoning)>[\s\S]*?(?:<\/\1>|$)/gi;
/** How an array or object begins that is more than brackets in prose or code. */
const VALUE_START =
  /\{\s*(?:["'\u201c}]|\/[/*]|#|[\p{L}\p{N}_$-]+\s*["']?\s*:)|\[\s*(?:[[{\]"'\u201c]|\/[/*]|#|[\d-])/uy;
/** JSON as it stands inside a string of JSON: the quotes have a backslash in front. */
const ESCAPED_START = /[[{]\s*(?:[[{]\s*)?\\"/y;
const LIST_NAME =
  /(?:^|\n|\b(?:findings|issues|comments|verdicts|results?|answer|output|json)\W{0,5})[ \t]*$/i;

/**
 * The records in a flow's output: JSON already, or text with JSON somewhere in it. Prose, fences, thinking
 * and code are passed over; several lists, single objects and JSON Lines are put together; what was cut
 * off is rejected and what stood whole before it is kept. Never throws.
 */
export const readRecords = (output: Json, shape: RecordShape): Records => readOutput(output, shape, 0);

const readOutput = (output: Json, shape: RecordShape, nesting: number): Records => {
  if (typeof output !== "string") return recordsOf(toNode(output), "", shape, nestedReader(shape, nesting));
  return readText(output.slice(0, MAX_TEXT), shape, nesting);
};

const nestedReader =
  (shape: RecordShape, nesting: number) =>
  (text: string): Records =>
    nesting < MAX_NESTING ? readText(text, shape, nesting + 1) : NO_RECORDS;

const readText = (text: string, shape: RecordShape, nesting: number): Records => {
  const read = (node: JsonNode, source: string): Records =>
    recordsOf(node, source, shape, nestedReader(shape, nesting));
  const whole = parseJson(text);
  const trusted = whole === undefined ? null : trustJson(whole);
  if (trusted !== null)
    return readOutput(trusted, shape, nesting + 1 > MAX_NESTING ? MAX_NESTING : nesting + 1);
  const strict = scan(text, read, true);
  if (strict.relevant) return strict;
  const anywhere = scan(text, read, false);
  if (anywhere.relevant) return anywhere;
  const last = readEscaped(text.replaceAll(THINKING, ""), read);
  return last.records.length > 0 ? last : NO_RECORDS;
};

/** `JSON.parse` yields nothing but JSON; a lone string that is not nested JSON is prose. */
const trustJson = (value: unknown): Json | null => {
  if (typeof value === "string") return /[[{]/.test(value) ? value : null;
  return isJson(value) ? value : null;
};

const isJson = (value: unknown): value is Json =>
  value === null || ["boolean", "number", "string", "object"].includes(typeof value);

/** The last resort: an array or object whose quotes all have a backslash in front, as inside a string of JSON. */
const readEscaped = (text: string, read: Read): Records => {
  const from = text.search(/[[{]\s*(?:[[{]\s*)?\\"/);
  if (from < 0) return NO_RECORDS;
  const plain = text.slice(from).replaceAll('\\"', '"').replaceAll("\\n", "\n");
  const whole = readJsonText(plain.slice(0, Math.max(plain.lastIndexOf("]"), plain.lastIndexOf("}")) + 1));
  return whole.ok ? read(whole.node, plain) : NO_RECORDS;
};

type Read = (node: JsonNode, source: string) => Records;

type ValueRead = {
  readonly records: Records;
  /** Whether the value is an answer, or a part of one. */
  readonly counts: boolean;
  readonly waste: number;
  /** Where the search goes on. */
  readonly next: number;
};

const readValue = (
  text: string,
  at: number,
  readAt: ReturnType<typeof createJsonReader>,
  read: Read,
): ValueRead => {
  const nothing = { records: NO_RECORDS, counts: false, next: at + 1 };
  if (matchAt(VALUE_START, text, at) === null || matchAt(ESCAPED_START, text, at) !== null) {
    return { ...nothing, waste: LEAST_WASTE };
  }
  const reading = readAt(at);
  if (!reading.ok) return { ...nothing, waste: UNREADABLE_WASTE };
  const { node, repaired } = reading;
  const records = read(node, text);
  if (records.relevant && (records.filled || (!repaired && standsAlone(text, node)))) {
    return { records, counts: true, waste: 0, next: node.end };
  }
  const next = repaired ? at + 1 : node.end;
  return { ...nothing, waste: LEAST_WASTE + node.end - at, next };
};

/** Goes over prose and reads every object and array in it that holds records. */
const scan = (text: string, read: Read, skipForeignFences: boolean): Records => {
  const readAt = createJsonReader(text);
  let found = NO_RECORDS;
  let waste = 0;
  let at = 0;
  while (at < text.length && waste < MAX_WASTE) {
    const sign = text[at];
    if (sign === "<") {
      if (matchAt(THINK_END, text, at) !== null) found = NO_RECORDS;
      at = matchAt(THINK_START, text, at) === null ? at + 1 : endOfThinking(text, at);
    } else if (sign === "`" && skipForeignFences) {
      at = endOfForeignFence(text, at);
    } else if (sign === "{" || sign === "[") {
      const value = readValue(text, at, readAt, read);
      if (value.counts) found = join(found, value.records);
      waste += value.waste;
      at = value.next;
    } else at += 1;
  }
  if (at >= text.length || !found.relevant) return found;
  const rest = toRejection(message("findings.unreadable"), text.slice(at, at + 400));
  return { ...found, rejected: [...found.rejected, rest] };
};

/** An empty list counts as an answer on lines of its own or behind a word that announces it. */
const standsAlone = (text: string, node: JsonNode): boolean =>
  LIST_NAME.test(text.slice(Math.max(0, node.start - 40), node.start)) &&
  /^[ \t\r]*(?:\n|$|`|\.)/.test(text.slice(node.end, node.end + 40));

const join = (first: Records, second: Records): Records => ({
  relevant: true,
  filled: first.filled || second.filled,
  records: [...first.records, ...second.records],
  rejected: [...first.rejected, ...second.rejected],
});

/** Thinking that never ends was cut off: nothing after it is an answer. */
const endOfThinking = (text: string, at: number): number => {
  const end = /<\/(?:think|thinking|thought|reasoning)>/i.exec(text.slice(at));
  return end === null ? text.length : at + end.index + end[0].length;
};

/** Past a fence of code that is no JSON; a fence of JSON, or one without an end, is only stepped over. */
const endOfForeignFence = (text: string, at: number): number => {
  const fence = matchAt(FENCE, text, at);
  if (fence === null) return at + 1;
  const inside = at + fence[0].length;
  if (JSON_FENCES.has((fence[1] ?? "").toLowerCase()) || !fence[0].endsWith("\n")) return at + 3;
  const end = text.indexOf("\n```", inside - 1);
  return end < 0 ? at + 3 : end + 4;
};

const matchAt = (pattern: RegExp, text: string, at: number): RegExpExecArray | null => {
  pattern.lastIndex = at;
  return pattern.exec(text);
};
