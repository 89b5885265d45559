import { english, type Texts } from "./english.ts";
import { japanese } from "./japanese.ts";

const CATALOGUE: ReadonlyMap<string, Texts> = new Map([
  ["en", english],
  ["ja", japanese],
]);

/** Browsers send far less. */
const LONGEST_HEADER = 1_000;

/** The language of a tag such as `ja-JP`, if we have it. */
export const textsOf = (tag: string): Texts | undefined =>
  CATALOGUE.get(tag.trim().toLowerCase().split("-")[0] ?? "");

/**
 * The texts for a reader: in the language that was chosen before, else in the one that the browser likes
 * best (RFC 9110, Accept-Language), else in English.
 */
export const chooseTexts = (chosen: string | undefined, acceptLanguage: string | undefined): Texts => {
  const known = chosen === undefined ? undefined : textsOf(chosen);
  if (known !== undefined) return known;
  const liked = (acceptLanguage ?? "")
    .slice(0, LONGEST_HEADER)
    .split(",")
    .map((range) => {
      const [tag = "", ...parameters] = range.split(";").map((part) => part.trim());
      const weight = parameters.find((parameter) => parameter.startsWith("q="));
      return { tag, weight: weight === undefined ? 1 : Number(weight.slice(2)) };
    })
    .filter(({ weight }) => weight > 0)
    .toSorted((left, right) => right.weight - left.weight);
  for (const { tag } of liked) {
    const texts = textsOf(tag);
    if (texts !== undefined) return texts;
  }
  return english;
};
