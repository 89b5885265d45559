import { createHash } from "node:crypto";
import type { Json } from "../../../src/base/json.ts";
import type { FlowProblem } from "../../../src/flow/flow.ts";
import { describeProblem } from "../../../src/flow/parse/flow-file-error.ts";
import { pythonJson } from "../../../src/flow/value-text.ts";
import { FILE_IDENTITY, isJsonArray, isJsonObject } from "../../../src/flow/value-type.ts";
import type { RecordedNode, RecordedRun } from "./recorded-run.ts";
import type { OwnRun } from "./run-recorded.ts";
import { englishOf } from "../../../src/flow/messages/message.ts";

/** Where a run here is not what it was on Dify's engine. */
export type Difference = {
  /** `load`, `status`, `outputs`, `text`, `prompts`, or a node's id, with its round and what differs. */
  readonly where: string;
  /** The kind of the node; null for the run as a whole. */
  readonly kind: string | null;
  readonly dify: string;
  readonly ours: string;
};

/** Longer texts stand in a record by their length, digest and beginning, or are compared as if they did. */
const LONGEST = 2_000;

/** A file without a URL of its own, as a text links it: each engine stores such files in its way. */
const STORED_FILE = /\[[^\]\n]*\]\((?:\/files\/tools\/|data:)[^)]*\)/g;

/** What the records' engine prints of a group's value: what it knows of the value, and not the value alone. */
const KNOWN_VALUE = /\{\s*"value_type": "\w+",\s*"value": ([^{}[\]]*?)\s*\}/g;

/** How the records' engine shows a file as a text, in a parameter of a tool. */
const SHOWN_FILE = "dify_model_identity='__dify__file__'";

const textValue = (text: string): Json => {
  if (text.startsWith(SHOWN_FILE)) return SHOWN_FILE;
  const masked = text
    .replaceAll(KNOWN_VALUE, "$1")
    .replaceAll(/secret-\w+/g, "[secret]")
    .replaceAll(STORED_FILE, "[a file]");
  const characters = Array.from(masked);
  if (characters.length <= LONGEST) return masked;
  return { $length: characters.length, $sha256: createHash("sha256").update(masked).digest("hex") };
};

/** What is compared of a file; a stored one has no name that both engines know. */
const fileValue = (name: Json, mime: Json, size: Json, url: Json): Json => ({
  file: typeof url === "string" && !url.startsWith("data:") ? name : null,
  mime,
  size,
});

const normalizeObject = (value: { readonly [key: string]: Json }): Json => {
  if ("$sha256" in value) return { $length: value["$length"] ?? null, $sha256: value["$sha256"] ?? null };
  const { file = null, mime = null, size = null, url = null } = value;
  if (value["dify_model_identity"] === FILE_IDENTITY) {
    return fileValue(value["filename"] ?? null, value["mime_type"] ?? null, size, url);
  }
  if ("file" in value && "mime" in value && "ext" in value) return fileValue(file, mime, size, url);
  if ("total_tokens" in value && "prompt_tokens" in value)
    return { total_tokens: value["total_tokens"] ?? 0 };
  if ("_source" in value && "segment_id" in value) {
    const kept = ["_source", "dataset_id", "document_id", "segment_id", "score", "position"];
    return Object.fromEntries(kept.map((key) => [key, normalize(value[key] ?? null)]));
  }
  const entries = Object.entries(value)
    .filter(([key]) => key !== "files" || !("metadata" in value))
    .filter(([key]) => key !== "summary" || !("metadata" in value))
    .filter(([key]) => key !== "content-length")
    .map(([key, item]) => [key, normalize(item)] as const)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries);
};

/** A value without what the records' page says not to compare. */
const normalize = (value: Json): Json => {
  if (typeof value === "string") return textValue(value);
  // The records write these numbers so, which JSON does not have.
  if (typeof value === "number" && !Number.isFinite(value)) return Number.isNaN(value) ? "NaN!" : "Inf!";
  if (isJsonArray(value)) return value.map(normalize);
  return isJsonObject(value) ? normalizeObject(value) : value;
};

/** The most characters of a value that a difference shows. */
const LONGEST_SHOWN = 400;

const clip = (text: string | undefined = ""): string =>
  text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;

const outputsOf = (node: RecordedNode): Json =>
  Object.fromEntries(
    Object.entries(node.outputs).filter(
      ([key]) => node.type !== "start" || !/^(?:env|conversation)\./.test(key),
    ),
  );

const keyOf = ({ id, index }: RecordedNode, hasRounds: boolean): string =>
  hasRounds && index !== undefined && index !== null ? `${id}[${index}]` : id;

const byPlace = (nodes: readonly RecordedNode[], rounds: ReadonlySet<string>) =>
  Map.groupBy(nodes, (node) => keyOf(node, rounds.has(node.id)));

const compareNode = (where: string, dify: RecordedNode, ours: RecordedNode): readonly Difference[] => {
  const kind = dify.type;
  if (dify.status !== ours.status) {
    const why = (node: RecordedNode): string =>
      `${node.status}${node.error === undefined ? "" : ` ${node.error.slice(0, 200)}`}`;
    return [{ where: `${where} status`, kind, dify: why(dify), ours: why(ours) }];
  }
  const [one, other] = [outputsOf(dify), outputsOf(ours)].map(normalize).map(pythonJson);
  const found: Difference[] = [];
  if (dify.status !== "failed" && dify.status !== "retry" && one !== other) {
    found.push({ where: `${where} outputs`, kind, dify: clip(one), ours: clip(other) });
  }
  if ((dify.handle ?? "source") !== (ours.handle ?? "source")) {
    found.push({
      where: `${where} handle`,
      kind,
      dify: dify.handle ?? "source",
      ours: ours.handle ?? "source",
    });
  }
  return found;
};

/** What ran beside the node that failed a run is chance; `isFailed` leaves it out. */
const compareNodes = (
  dify: readonly RecordedNode[],
  ours: readonly RecordedNode[],
  isFailed: boolean,
): readonly Difference[] => {
  // A record has no round where the node runs once only.
  const rounds = new Set(
    dify.filter(({ index }) => index !== undefined && index !== null).map(({ id }) => id),
  );
  const recorded = byPlace(dify, rounds);
  const own = byPlace(ours, rounds);
  const isWithoutEvent = (type: string): boolean => type === "iteration-start" || type === "loop-start";
  return [...new Set([...recorded.keys(), ...own.keys()])].flatMap((where): readonly Difference[] => {
    const one = (recorded.get(where) ?? []).filter(({ type }) => !isWithoutEvent(type));
    const other = own.get(where) ?? [];
    if (isFailed && (one.length === 0 || other.length === 0)) return [];
    if (one.length !== other.length) {
      const kind = one[0]?.type ?? other[0]?.type ?? null;
      const list = (nodes: readonly RecordedNode[]): string => nodes.map(({ status }) => status).join(" ");
      return [{ where: `${where} runs`, kind, dify: list(one), ours: list(other) }];
    }
    return one.flatMap((node, at) => {
      const mine = other[at];
      return mine === undefined ? [] : compareNode(where, node, mine);
    });
  });
};

/** These prompt in words of their own. */
const OWN_WORDS: ReadonlySet<string> = new Set(["question-classifier", "parameter-extractor"]);

const comparePrompts = (dify: RecordedRun, ours: readonly string[]): readonly Difference[] => {
  const kinds = new Map(dify.nodes.map(({ id, type }) => [id, type]));
  const wanted = dify.calls.filter(({ node }) => !OWN_WORDS.has(kinds.get(node) ?? "llm"));
  const left = [...ours];
  const missing = wanted.filter(({ messages }) => {
    const at = left.indexOf(messages);
    if (at !== -1) left.splice(at, 1);
    return at === -1;
  });
  const found: Difference[] = missing.map(({ node, messages }) => ({
    where: `${node} prompt`,
    kind: "llm",
    dify: messages,
    ours: left.join(" "),
  }));
  if (dify.status !== "failed" && dify.calls.length !== ours.length) {
    found.push({ where: "calls", kind: null, dify: String(dify.calls.length), ours: String(ours.length) });
  }
  return found;
};

const isEnded = (status: string): boolean => status === "succeeded" || status === "partial-succeeded";

/** What Dify says of a node's null settings of a tool or of a stale container, which other versions of it take. */
const TAKEN_HERE = /ToolNodeData\s+tool_configurations\s|unknown or cyclic containers/;

/** The fields that Dify names when it refuses a file. */
const refusedFields = (message: string): readonly string[] =>
  message.startsWith("DslError: Duplicate")
    ? ["id"]
    : [...message.matchAll(/^([a-z_][\w.]*)\n {2}\S/gm)].map(([, field]) => field ?? "");

const lineOf = (problem: FlowProblem): string => englishOf(describeProblem(problem));

const compareLoading = (
  buildError: string,
  refused: readonly FlowProblem[] | null,
): readonly Difference[] => {
  const dify = clip(buildError);
  const ours = refused === null ? "loads" : refused.map(lineOf).join("\n");
  const named = new Set(refused?.map(({ field }) => field));
  const isRight = TAKEN_HERE.test(buildError)
    ? refused === null
    : refused !== null && refusedFields(buildError).every((field) => named.has(field));
  return isRight ? [] : [{ where: "load", kind: null, dify, ours }];
};

/** Everything in which two runs differ, of what the records' page says to compare; empty when they are equal. */
export const compareRun = (dify: RecordedRun, ours: OwnRun): readonly Difference[] => {
  if (dify.build_error !== undefined) return compareLoading(dify.build_error, ours.refused);
  if (ours.refused !== null) {
    return [{ where: "load", kind: null, dify: "loads", ours: ours.refused.map(lineOf).join("\n") }];
  }
  const found = [...compareNodes(dify.nodes, ours.nodes, dify.status === "failed")];
  if (dify.status !== ours.status) {
    const why = (status: string, error: string | null | undefined): string =>
      `${status} ${(error ?? "").slice(0, 200)}`.trim();
    found.push({
      where: "status",
      kind: null,
      dify: why(dify.status, dify.error),
      ours: why(ours.status, ours.error),
    });
  } else if (isEnded(dify.status)) {
    const [one, other] = [dify.outputs, ours.outputs].map(normalize).map(pythonJson);
    if (one !== other) found.push({ where: "outputs", kind: null, dify: clip(one), ours: clip(other) });
    const [thought, mineThought] = [dify.reasoning_stream, ours.reasoning];
    if (thought !== mineThought)
      found.push({ where: "reasoning", kind: null, dify: clip(thought), ours: clip(mineThought) });
    if (dify.text_has_random_ids) return [...found, ...comparePrompts(dify, ours.prompts)];
    const [text, mine] = [dify.text, ours.text].map(normalize).map(pythonJson);
    if (text !== mine) found.push({ where: "text", kind: null, dify: clip(text), ours: clip(mine) });
  }
  return [...found, ...comparePrompts(dify, ours.prompts)];
};
