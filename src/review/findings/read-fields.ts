import type { Json } from "../../base/json.ts";
import { CATEGORIES, type Category, type Severity } from "../finding.ts";
import { isList } from "./walk-records.ts";

/** No line of a reviewed file has a higher number. */
const MAX_LINE = 10_000_000;

const SEVERITY_WORDS: Readonly<Record<Severity, string>> = {
  critical:
    "critical blocker blocking fatal severe catastrophic urgent emergency highest veryhigh p0 s0 crit 致命 致命的 緊急 重大 严重 嚴重 紧急 치명적 심각",
  major: "major high error err important serious significant p1 s1 bug danger must 高 重要 主要 높음 중요",
  minor:
    "minor medium moderate mid med normal warning warn average p2 s2 should noncritical nonblocking 中 警告 一般 次要 중간 보통 경고",
  info: "info low lowest verylow informational information note notice hint nit nitpick nits trivial cosmetic style suggestion p3 p4 s3 s4 could optional negligible 低 軽微 情報 提示 轻微 建议 낮음 정보 사소",
};

const CATEGORY_WORDS: Readonly<Record<Exclude<Category, "other">, string>> = {
  bug: "bug bugs logic logicerror correctness functional defect error nullpointer nullsafety typeerror types datatype possiblebug possibleissue regression crash edgecase バグ 不具合 버그 缺陷 错误",
  security:
    "security secure vulnerability vuln injection sqlinjection xss csrf ssrf auth authentication authorization secrets secret privacy crypto cryptography セキュリティ 보안 安全",
  performance:
    "performance perf efficiency optimization optimisation speed memory latency scalability パフォーマンス 性能 성능",
  concurrency:
    "concurrency race racecondition threading threadsafety deadlock async parallelism synchronization 並行性 동시성 并发",
  "error-handling":
    "errorhandling exceptionhandling exception exceptions robustness reliability resilience validation inputvalidation resourceleak resourcemanagement エラー処理 예외처리 错误处理",
  design:
    "design architecture maintainability structure modularity coupling duplication duplicate refactor refactoring api compatibility breakingchange solid 設計 설계 设计",
  readability:
    "readability naming clarity complexity simplification codequality cleancode quality 可読性 가독성 可读性",
  test: "test tests testing coverage testcoverage テスト 테스트 测试",
  documentation: "documentation docs doc comment comments docstring ドキュメント 문서 文档",
  style:
    "style formatting format lint convention conventions bestpractice bestpractices cosmetic typo スタイル 스타일 风格",
};

const wordMap = <Value extends string>(words: Readonly<Record<Value, string>>): ReadonlyMap<string, string> =>
  new Map(
    Object.entries<string>(words).flatMap(([value, list]) =>
      [value, value.replaceAll("-", ""), ...list.split(" ")].map((word) => [word, value] as const),
    ),
  );

const SEVERITY_MAP = wordMap(SEVERITY_WORDS);
const CATEGORY_MAP = wordMap(CATEGORY_WORDS);

const squeeze = (text: string): string =>
  text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, "");

const lookUp = (map: ReadonlyMap<string, string>, value: Json | undefined): string | undefined => {
  const word = value !== undefined && isList(value) ? value[0] : value;
  if (typeof word !== "string" || word.length > 200) return undefined;
  const parts = [word, ...word.split(/[^\p{L}\p{N}-]+/u)].map(squeeze);
  return parts.map((part) => map.get(part)).find((found) => found !== undefined);
};

/** A severity from a model's word for it; `minor` when there is none that is known. */
export const readSeverity = (value: Json | undefined): Severity => {
  const found = lookUp(SEVERITY_MAP, value);
  return found === "critical" || found === "major" || found === "info" ? found : "minor";
};

/** A category from a model's word for it; `other` when there is none that is known. */
export const readCategory = (value: Json | undefined): Category => {
  const found = lookUp(CATEGORY_MAP, value);
  return CATEGORIES.find((category) => category === found) ?? "other";
};

const CONFIDENCE_WORDS: ReadonlyMap<string, number> = new Map([
  ["certain", 0.95],
  ["veryhigh", 0.95],
  ["high", 0.9],
  ["medium", 0.6],
  ["moderate", 0.6],
  ["low", 0.3],
  ["verylow", 0.1],
]);

/**
 * A confidence from 0 to 1: a fraction, a percentage ("85%", 85), a mark out of ten ("8/10", 8) or a word;
 * 0.5 for everything else.
 */
export const readConfidence = (value: Json | undefined): number => {
  if (typeof value === "number") return fromScale(value);
  if (typeof value !== "string") return 0.5;
  const [, number, unit, scale] = /^\s*(\d+(?:\.\d+)?)\s*(?:(%)|\/\s*(\d+))?\s*$/.exec(value) ?? [];
  if (number === undefined) return CONFIDENCE_WORDS.get(squeeze(value)) ?? 0.5;
  if (unit !== undefined) return within(Number(number) / 100);
  return scale === undefined ? fromScale(Number(number)) : within(Number(number) / Number(scale));
};

const fromScale = (number: number): number => {
  if (number <= 1) return within(number);
  return within(number <= 10 ? number / 10 : number / 100);
};

const within = (fraction: number): number => (fraction >= 0 && fraction <= 1 ? fraction : 0.5);

/** Which lines are meant; both null when none are. `removed` when the number was marked with a minus. */
export type LineReading = {
  readonly line: number | null;
  readonly endLine: number | null;
  readonly removed: boolean;
};

const NO_LINE: LineReading = { line: null, endLine: null, removed: false };

/** A line or a range: 12, "12", "L12", "12-15", "lines 12 to 15", "13 -" (a removed one), [12, 15]. */
export const readLines = (value: Json | undefined, end: Json | undefined): LineReading => {
  const first = readRange(value);
  const last = readRange(end);
  const line = first.line ?? last.line;
  const endLine = last.endLine ?? last.line ?? first.endLine;
  const isRange = line !== null && endLine !== null && endLine > line;
  return { line, endLine: isRange ? endLine : null, removed: first.removed };
};

const readRange = (value: Json | undefined): LineReading => {
  if (typeof value === "number") return { ...NO_LINE, line: toLine(value) };
  if (typeof value === "string") return readRangeText(value);
  if (value === undefined || value === null || typeof value !== "object") return NO_LINE;
  const [start, end] = isList(value)
    ? [value[0], value.at(-1)]
    : [value["start"] ?? value["from"] ?? value["line"], value["end"] ?? value["to"]];
  const from = typeof start === "object" ? NO_LINE : readRange(start);
  const to = typeof end === "object" ? NO_LINE : readRange(end);
  return { line: from.line, endLine: to.line, removed: from.removed };
};

const readRangeText = (text: string): LineReading => {
  const pattern =
    /^\D{0,12}?(?<![-\d.])(\d{1,9})(?!\.\d)(?::\d+)?(?:\s*(?:-|–|—|\.\.+|to|through|~|〜|,)\s*\D{0,6}?(\d{1,9})(?::\d+)?)?(?:\s*([-+]))?(?:\s*\|.*)?\s*$/isu;
  const [, start, end, sign] = pattern.exec(text) ?? [];
  if (start === undefined) return NO_LINE;
  return {
    line: toLine(Number(start)),
    endLine: end === undefined ? null : toLine(Number(end)),
    removed: sign === "-",
  };
};

const toLine = (number: number): number | null =>
  Number.isInteger(number) && number >= 1 && number <= MAX_LINE ? number : null;
