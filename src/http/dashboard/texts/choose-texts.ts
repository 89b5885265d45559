import { likedLanguages } from "../../../base/liked-languages.ts";
import { english, type Texts } from "./english.ts";
import { japanese } from "./japanese.ts";

const CATALOGUE: ReadonlyMap<string, Texts> = new Map([
  ["en", english],
  ["ja", japanese],
]);

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
  for (const tag of likedLanguages(acceptLanguage)) {
    const texts = textsOf(tag);
    if (texts !== undefined) return texts;
  }
  return english;
};
