import { english, type PageTexts } from "./english.ts";
import { japanese } from "./japanese.ts";
import { korean } from "./korean.ts";

/** Every language of the page. */
export const LANGUAGES: readonly PageTexts[] = [english, japanese, korean];

/** Browsers send far less. */
const LONGEST_HEADER = 1_000;

/** The language of a tag such as `ja-JP` or `ja_JP.UTF-8`, if we have it. */
export const textsOf = (tag: string): PageTexts | undefined => {
  const name = tag.trim().toLowerCase().split(/[-_.]/)[0];
  return LANGUAGES.find(({ language }) => language === name);
};

/** In the language that was chosen, else in what the browser likes best (RFC 9110), else in English. */
export const chooseTexts = (chosen: string | undefined, acceptLanguage: string | undefined): PageTexts => {
  const liked = (acceptLanguage ?? "")
    .slice(0, LONGEST_HEADER)
    .split(",")
    .map((range) => {
      const [tag = "", ...parameters] = range.split(";").map((part) => part.trim());
      const weight = parameters.find((parameter) => parameter.startsWith("q="));
      return { tag, weight: weight === undefined ? 1 : Number(weight.slice(2)) };
    })
    .filter(({ weight }) => weight > 0)
    .toSorted((left, right) => right.weight - left.weight)
    .map(({ tag }) => tag);
  const known = [chosen ?? "", ...liked].map(textsOf).find((texts) => texts !== undefined);
  return known ?? english;
};
