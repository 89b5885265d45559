import { jsonrepair } from "jsonrepair";
import { JsonObject, parseJson } from "../../../base/json.ts";
import { splitReasoning } from "./reasoning.ts";

/** More starts than this are not tried: the text is no JSON with words around it. */
const MAX_STARTS = 20;

/** Where the value that starts at `start` ends, or undefined when the text breaks off inside. */
const findEnd = (text: string, start: number): number | undefined => {
  let depth = 0;
  let quoted = false;
  for (let at = start; at < text.length; at += 1) {
    const character = text[at];
    if (quoted) {
      if (character === "\\") at += 1;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === "{" || character === "[") depth += 1;
    else if (character === "}" || character === "]") {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return undefined;
};

const fencesIn = (text: string): readonly string[] =>
  [...text.matchAll(/```[a-z0-9]*\s*\n?([\s\S]*?)(?:```|$)/gi)].map(([, body = ""]) => body.trim());

/**
 * The pieces of a text that start like JSON, in order. A piece that breaks off reaches to the end, and whatever
 * lies inside of another piece comes after it: half of an answer is better than a detail of it.
 */
const piecesIn = (text: string): { readonly outer: readonly string[]; readonly inner: readonly string[] } => {
  const outer: string[] = [];
  const inner: string[] = [];
  let covered = 0;
  for (const { index } of [...text.matchAll(/[{[]/g)].slice(0, MAX_STARTS)) {
    const end = findEnd(text, index) ?? text.length;
    (index < covered ? inner : outer).push(text.slice(index, end));
    covered = Math.max(covered, end);
  }
  return { outer, inner };
};

const repair = (text: string): unknown => {
  if (!/^[{[]/.test(text) || !text.includes(":")) return undefined;
  try {
    return parseJson(jsonrepair(text));
  } catch {
    return undefined;
  }
};

/** The object in a value: itself, or the first one of a list, as Dify takes it. */
const asObject = (value: unknown): JsonObject | undefined => {
  const object: unknown = Array.isArray(value)
    ? value.find((item: unknown) => typeof item === "object" && item !== null && !Array.isArray(item))
    : value;
  const parsed = JsonObject.safeParse(object);
  return parsed.success ? parsed.data : undefined;
};

/**
 * The JSON object that a model's answer means: bare, inside a fence, between prose, after its reasoning, with
 * trailing commas, comments or single quotes, or broken off at the end. Undefined when there is none.
 * Whatever parses as it stands is preferred to what must be repaired.
 */
export const parseObjectLeniently = (answer: string): JsonObject | undefined => {
  const text = splitReasoning(answer).text;
  const { outer, inner } = piecesIn(text);
  const likely = [text, ...fencesIn(text), ...outer];
  const attempts = [
    ...likely.map((piece) => () => parseJson(piece)),
    ...[...likely, ...inner].map((piece) => () => repair(piece)),
  ];
  for (const attempt of attempts) {
    const object = asObject(attempt());
    if (object !== undefined) return object;
  }
  return undefined;
};
