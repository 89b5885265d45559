import { likedLanguages } from "../../../../base/liked-languages.ts";
import { english, type PageTexts } from "./english.ts";
import { japanese } from "./japanese.ts";
import { korean } from "./korean.ts";

/** Every language of the page. */
export const LANGUAGES: readonly PageTexts[] = [english, japanese, korean];

/** The language of a tag such as `ja-JP` or `ja_JP.UTF-8`, if we have it. */
export const textsOf = (tag: string): PageTexts | undefined => {
  const name = tag.trim().toLowerCase().split(/[-_.]/)[0];
  return LANGUAGES.find(({ language }) => language === name);
};

/** In the language that was chosen, else in what the browser likes best (RFC 9110), else in English. */
export const chooseTexts = (chosen: string | undefined, acceptLanguage: string | undefined): PageTexts => {
  const known = [chosen ?? "", ...likedLanguages(acceptLanguage)]
    .map(textsOf)
    .find((texts) => texts !== undefined);
  return known ?? english;
};
