import { FALLBACK, findLanguage } from "./language.ts";

/**
 * The language of a page for a reader: the one that was chosen before, else the first of the browser's that
 * there is a catalogue of (RFC 9110, Accept-Language), else English.
 */
export const chooseLanguage = (chosen: string | undefined, acceptLanguage: string | undefined): string => {
  for (const tag of [chosen ?? "", ...acceptedLanguages(acceptLanguage)]) {
    const language = findLanguage(tag);
    if (language !== null) return language;
  }
  return FALLBACK;
};

/** Browsers send far less. */
const LONGEST_HEADER = 1_000;

/** The tags of an `Accept-Language`, the preferred first; none with a weight of 0. */
const acceptedLanguages = (acceptLanguage: string | undefined): readonly string[] =>
  (acceptLanguage ?? "")
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

/** The catalogue's language for the terminal's locale, such as `ko_KR.UTF-8`; English for any other. */
export const languageOfTerminal = (environment: Readonly<Record<string, string | undefined>>): string => {
  const { LC_ALL, LC_MESSAGES, LANG } = environment;
  return findLanguage(LC_ALL || LC_MESSAGES || LANG || "") ?? FALLBACK;
};
