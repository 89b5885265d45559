import type { Json } from "../../../src/base/json.ts";
import { isJsonArray, isJsonObject } from "../../../src/flow/value-type.ts";

/** One change of a document. Numbers choose: which place, what comes there. */
export type Mutation = {
  readonly kind: "drop" | "replace" | "copy" | "swap" | "repeat" | "retype";
  readonly place: number;
  readonly other: number;
  readonly value: Json;
};

type Path = readonly (string | number)[];

const childrenOf = (value: Json): readonly (readonly [string | number, Json])[] => {
  if (isJsonArray(value)) return value.map((item, index) => [index, item] as const);
  return isJsonObject(value) ? Object.entries(value) : [];
};

/** Every place of a document but its root. */
const placesOf = (value: Json, at: Path = []): readonly Path[] =>
  childrenOf(value).flatMap(([key, child]) => [[...at, key], ...placesOf(child, [...at, key])]);

const readAt = (value: Json, path: Path): Json => {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const child = childrenOf(value).find(([name]) => name === key)?.[1];
  return child === undefined ? null : readAt(child, rest);
};

/** The document with the entries at `path` changed; `change` gives what stands in for the entry. */
const changeAt = (value: Json, path: Path, change: (old: Json) => readonly Json[]): Json => {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const replace = (child: Json): readonly Json[] =>
    rest.length === 0 ? change(child) : [changeAt(child, rest, change)];
  if (isJsonArray(value)) {
    return value.flatMap((item, index) => (index === key ? replace(item) : [item]));
  }
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, child]) => {
      if (name !== key) return [[name, child] as const];
      const [first] = replace(child);
      return first === undefined ? [] : [[name, first] as const];
    }),
  );
};

const pick = <T>(items: readonly T[], index: number): T | undefined => items[index % items.length];

const otherType = (value: Json, index: number): Json => {
  const others: readonly Json[] = [
    null,
    true,
    7,
    -1.5,
    "",
    "text",
    [],
    {},
    [value],
    { value },
    JSON.stringify(value),
  ];
  return pick(others, index) ?? null;
};

/** Applies one change; a document without places stays as it is. */
export const mutate = (document: Json, { kind, place, other, value }: Mutation): Json => {
  const places = placesOf(document);
  const path = pick(places, place);
  const otherPath = pick(places, other);
  if (path === undefined || otherPath === undefined) return document;
  const here = readAt(document, path);
  const there = readAt(document, otherPath);
  switch (kind) {
    case "drop":
      return changeAt(document, path, () => []);
    case "replace":
      return changeAt(document, path, () => [value]);
    case "retype":
      return changeAt(document, path, (old) => [otherType(old, other)]);
    case "copy":
      return changeAt(document, path, () => [there]);
    case "repeat":
      return changeAt(document, path, (old) => [old, old]);
    case "swap":
      return changeAt(
        changeAt(document, path, () => [there]),
        otherPath,
        () => [here],
      );
    default:
      return kind satisfies never;
  }
};
