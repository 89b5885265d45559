import type { Json } from "../../base/json.ts";
import { readRecords } from "./read-records.ts";
import { plainKey } from "./walk-records.ts";

/** What a verifying flow said of one finding. A verdict that is missing or unclear is not a pass. */
export type Verdict = "confirmed" | "refuted" | "missing";

const ID_KEYS = ["id", "findingid", "finding", "key", "ref", "index", "number"];
const VERDICT_KEYS = [
  "verdict",
  "status",
  "result",
  "decision",
  "judgement",
  "judgment",
  "conclusion",
  "confirmed",
  "valid",
  "isvalid",
  "keep",
];
/** Keys that ask whether the finding is wrong, so that yes refutes it. */
const REFUTING_KEYS = ["refuted", "invalid", "falsepositive", "isfalsepositive"];

const CONFIRMED = new Set(
  "confirmed confirm confirms valid true yes correct right real keep kept accept accepted truepositive upheld 確認 妥当 正しい 有効 확인 유효 확인됨 确认 有效 正确".split(
    " ",
  ),
);
const REFUTED = new Set(
  "refuted refute refutes invalid false no incorrect wrong reject rejected drop dropped dismiss dismissed discard falsepositive notconfirmed notvalid unconfirmed 否定 誤り 無効 誤検知 반박 무효 오탐 驳回 无效 误报".split(
    " ",
  ),
);

/**
 * The verdict on each of `ids`, read as leniently as findings: a list of objects, JSON Lines, an object by
 * id, with prose, fences or a missing end. What is not said, not understood or said in two ways is
 * `missing`. Ids that were not asked for are passed over. Never throws.
 */
export const readVerdicts = (output: Json, ids: readonly string[]): ReadonlyMap<string, Verdict> => {
  const known = new Map(ids.map((id) => [plainKey(id), id] as const));
  const read = readRecords(output, {
    listKeys: new Set(["verdicts", "results", "findings", "items", "data", "output", "answer", "response"]),
    isRecord: (keys) =>
      [...keys].some((key) => known.has(key)) ||
      (ID_KEYS.some((key) => keys.has(key)) &&
        [...VERDICT_KEYS, ...REFUTING_KEYS].some((key) => keys.has(key))),
    inherited: new Set(),
  });
  const said = new Map<string, Verdict>();
  for (const { fields } of read.records) {
    for (const [id, verdict] of verdictsOf(fields, known)) {
      const earlier = said.get(id);
      said.set(id, earlier !== undefined && earlier !== verdict ? "missing" : verdict);
    }
  }
  return new Map(ids.map((id) => [id, said.get(id) ?? "missing"] as const));
};

type Fields = ReadonlyMap<string, Json>;

const verdictsOf = (
  fields: Fields,
  known: ReadonlyMap<string, string>,
): readonly (readonly [string, Verdict])[] => {
  const stated = firstOf(fields, ID_KEYS);
  const id =
    typeof stated === "string" || typeof stated === "number"
      ? known.get(plainKey(String(stated)))
      : undefined;
  if (id !== undefined) return [[id, toVerdict(fields)]];
  return [...fields].flatMap(([key, value]) => {
    const named = known.get(key);
    return named === undefined ? [] : [[named, toVerdict(fieldsOf(value))] as const];
  });
};

/** A verdict under its id: the word alone, or an object that holds it. */
const fieldsOf = (value: Json): Fields =>
  value !== null && typeof value === "object"
    ? new Map(Object.entries(value).map(([key, item]) => [plainKey(key), item] as const))
    : new Map([["verdict", value]]);

const toVerdict = (fields: Fields): Verdict => {
  const stated = firstOf(fields, VERDICT_KEYS) ?? negate(firstOf(fields, REFUTING_KEYS));
  const word = wordOf(stated);
  if (CONFIRMED.has(word)) return "confirmed";
  return REFUTED.has(word) ? "refuted" : "missing";
};

const wordOf = (value: Json | undefined): string =>
  typeof value === "string" || typeof value === "boolean" ? plainKey(String(value)) : "";

const negate = (value: Json | undefined): Json | undefined => {
  const word = wordOf(value);
  if (CONFIRMED.has(word)) return false;
  return REFUTED.has(word) ? true : undefined;
};

const firstOf = (fields: Fields, keys: readonly string[]): Json | undefined =>
  keys.map((key) => fields.get(key)).find((value) => value !== undefined && value !== null);
