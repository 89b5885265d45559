import { type Json, parseJson } from "../../base/json.ts";
import { type Message, message } from "../../messages/message.ts";
import type { Finding } from "../finding.ts";
import { cleanText, firstSentence, saysNothing, shorten, toOneLine } from "./clean-text.ts";
import { readCategory, readConfidence, readLines, readSeverity } from "./read-fields.ts";
import { readRecords } from "./read-records.ts";
import { resolvePath } from "./resolve-path.ts";
import { type RawRecord, type Rejection, isList, toRejection } from "./walk-records.ts";

/** What findings may be about. */
export type ParseFindingsOptions = {
  /** The paths of the files that were reviewed, old ones of renamed files included. */
  readonly paths: readonly string[];
};

/** What a flow reported. Nothing is passed over: what is no finding is rejected with a reason. */
export type ParsedFindings = {
  readonly findings: readonly Finding[];
  readonly rejected: readonly Rejection[];
};

/** Limits in UTF-16 units. A longer suggestion is left out, the others are shortened. */
export const FINDING_LIMITS = { title: 200, body: 8_000, quote: 8_000, suggestion: 20_000 } as const;

const KEYS = {
  path: "path file filename filepath newpath newfile oldpath relevantfile location",
  line: "line linenumber lineno startline linestart newline fromline oldline lines linerange range linenumbers",
  endLine: "endline lineend endlinenumber toline lastline",
  side: "side linetype",
  quote: "quote code codesnippet snippet existingcode quotedcode originalcode currentcode excerpt",
  severity: "severity level priority importance impact",
  category: "category type kind label tag",
  confidence: "confidence certainty score probability",
  title: "title headline heading subject name onesentencesummary",
  body: "body message description comment content text detail details explanation issue problem reason suggestioncontent",
  suggestion:
    "suggestion suggestedcode improvedcode suggestedfix fix fixedcode replacement newcode codesuggestion correctedcode",
} as const;

type Field = keyof typeof KEYS;

const aliases = (field: Field): readonly string[] => KEYS[field].split(" ");

const TELLING = new Set(
  (["path", "line", "quote", "severity", "body", "suggestion"] as const).flatMap(aliases),
);

const SHAPE = {
  listKeys: new Set(
    "findings finding issues comments results result review reviews reviewcomments problems items data output answer response files".split(
      " ",
    ),
  ),
  isRecord: (keys: ReadonlySet<string>): boolean =>
    keys.has("title") || [...keys].some((key) => TELLING.has(key)),
  inherited: new Set(["path", "file", "filename", "filepath"]),
};

/**
 * The findings in a flow's output, lenient in form and strict in meaning. The form may be broken in every
 * way that models break JSON, or cut off: whole findings before the cut are kept. The meaning must hold: a
 * finding names a file of the diff (or a line, where only one file is given) and says something. Never throws.
 */
export const parseFindings = (output: Json, options: ParseFindingsOptions): ParsedFindings => {
  const read = readRecords(output, SHAPE);
  if (!read.relevant || isBlank(output)) return withoutRecords(output);
  const findings: Finding[] = [];
  const rejected: Rejection[] = [...read.rejected];
  for (const record of read.records) {
    const finding = toFinding(record, options.paths);
    if ("code" in finding) rejected.push(toRejection(finding, record.text));
    else findings.push(finding);
  }
  return { findings, rejected };
};

const FENCED = /^\s*```[^\n]*\n([\s\S]*?)\n?```\s*$/;

/** Whether an answer is an object that says nothing of findings, neither some nor none: `{}`, `{"findings": null}`. */
const isBlank = (output: Json): boolean => {
  const value = typeof output === "string" ? parseJson(FENCED.exec(output)?.[1] ?? output) : output;
  if (value === null || typeof value !== "object" || Array.isArray(value)) return false;
  return Object.entries(value).every(([key, held]) => key === "overview" || held === null);
};

const withoutRecords = (output: Json): ParsedFindings => {
  const text = typeof output === "string" ? output : JSON.stringify(output);
  if (typeof output === "string" && saysNothing(output)) return { findings: [], rejected: [] };
  const empty = text.trim() === "" || output === null;
  const reason = message(empty ? "findings.answer-empty" : "findings.answer-without");
  return { findings: [], rejected: [toRejection(reason, text)] };
};

/** The finding, or why it is none. */
const toFinding = (record: RawRecord, paths: readonly string[]): Finding | Message => {
  const get = (field: Field): Json | undefined =>
    aliases(field)
      .map((key) => record.fields.get(key))
      .find((value) => value !== undefined && value !== null && value !== "");
  const stated = textOf(get("path"));
  const [onlyPath] = paths;
  // A line number tells a finding of the only file from other JSON that a model may show.
  const hasLine = readLines(get("line"), get("endLine")).line !== null;
  if (stated === null && (paths.length !== 1 || onlyPath === undefined || !hasLine))
    return message("findings.path-missing");
  const path = stated === null ? resolvePath(onlyPath ?? "", paths) : resolvePath(stated, paths);
  if (path.kind === "unknown") return path.reason;
  const body = shorten(cleanText(textOf(get("body")) ?? "").trim(), FINDING_LIMITS.body);
  const title =
    toOneLine(textOf(get("title")) ?? "", FINDING_LIMITS.title) || firstSentence(body, FINDING_LIMITS.title);
  if (title === "") return message("findings.text-missing");
  const lines = readLines(get("line") ?? path.lines ?? undefined, get("endLine"));
  return {
    path: path.path,
    side: readSide(record, get("side"), lines.removed),
    line: lines.line,
    endLine: lines.endLine,
    quote: readCode(get("quote"), FINDING_LIMITS.quote, true),
    severity: readSeverity(get("severity")),
    category: readCategory(get("category")),
    confidence: readConfidence(get("confidence")),
    title,
    body,
    suggestion: readCode(suggestionOf(record), FINDING_LIMITS.suggestion, false),
  };
};

/** An empty suggestion is an absent one, as models mean it; a line feed alone deletes the lines. */
const suggestionOf = (record: RawRecord): Json | undefined =>
  aliases("suggestion")
    .map((key) => record.fields.get(key))
    .find((value) => value !== undefined && value !== null && value !== "");

const textOf = (value: Json | undefined): string | null => {
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  if (value !== undefined && value !== null && isList(value))
    return value.filter((item) => typeof item === "string").join("\n");
  return null;
};

const readSide = (record: RawRecord, side: Json | undefined, removed: boolean): "new" | "old" => {
  const word = textOf(side)?.trim().toLowerCase();
  if (word === undefined) return removed || onlyOldLine(record) ? "old" : "new";
  return /^(?:old|left|removed|deleted|deletion|before|base|-|旧|삭제)$/u.test(word) ? "old" : "new";
};

const onlyOldLine = ({ fields }: RawRecord): boolean =>
  fields.has("oldline") && !["line", "newline", "startline"].some((key) => fields.has(key));

/** Code as it stands, without blank lines around it; a quote is cut at whole lines, other code not at all. */
const readCode = (value: Json | undefined, limit: number, mayCut: boolean): string | null => {
  const text = textOf(value);
  if (text === null) return null;
  const code = mayCut ? cleanText(text).replace(/^(?:[ \t]*\n)+|\s+$/g, "") : cleanText(text);
  if (code.length <= limit) return code.trim() === "" && mayCut ? null : code;
  const cut = code.slice(0, limit);
  return mayCut && cut.includes("\n") ? cut.slice(0, cut.lastIndexOf("\n")) : null;
};
