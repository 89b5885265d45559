import { readdirSync } from "node:fs";

/** The catalogue's languages as BCP 47 tags, English among them: each is a file `TAG.json` of this folder. */
export const LANGUAGES: readonly string[] = readdirSync(import.meta.dirname)
  .flatMap((file) => /^([a-z]{2,3}(?:-[A-Za-z0-9]+)*)\.json$/u.exec(file)?.[1] ?? [])
  .toSorted();

/** The language of whatever has no catalogue. */
export const FALLBACK = "en";

/**
 * The catalogue's language for one as people or browsers name it: a tag ("ja-JP", "jpn", "JP") or a name in any
 * of the catalogue's languages ("Japanese", "日本語", "일본어"); null where there is no catalogue of it.
 */
export const findLanguage = (name: string): string | null => {
  const known = found.get(name);
  if (known !== undefined) return known;
  const language = find(name.normalize("NFKC").trim().toLowerCase());
  if (found.size < MOST_REMEMBERED) found.set(name, language);
  return language;
};

/** As `findLanguage`; English where there is no catalogue. */
export const languageOf = (name: string): string => findLanguage(name) ?? FALLBACK;

const MOST_REMEMBERED = 100;
const found = new Map<string, string | null>();

const find = (name: string): string | null =>
  byTag(name) ?? LANGUAGES.find((tag) => namesOf(tag).some((known) => name.startsWith(known))) ?? null;

const byTag = (name: string): string | null => {
  const exact = LANGUAGES.find((tag) => tag.toLowerCase() === name.replaceAll("_", "-"));
  if (exact !== undefined) return exact;
  const [primary = ""] = name.split(/[^a-z]/u);
  const language = canonical(primary);
  const known = language === null ? undefined : LANGUAGES.find((tag) => canonical(tag) === language);
  if (known !== undefined) return known;
  return /^[a-z]{2}$/u.test(name)
    ? (LANGUAGES.find((tag) => regionOf(tag) === name.toUpperCase()) ?? null)
    : null;
};

/** `jpn` is `ja`; null for what is no language's tag. */
const canonical = (tag: string): string | null =>
  /^[a-z]{2,3}(?:-|$)/u.test(tag) ? new Intl.Locale(tag).language : null;

const regionOf = (tag: string): string | undefined => new Intl.Locale(tag).maximize().region;

/** What a language and its country are called in the catalogue's languages, in lower case. */
const namesOf = (tag: string): readonly string[] =>
  LANGUAGES.flatMap((reader) => {
    const region = regionOf(tag);
    return [
      new Intl.DisplayNames([reader], { type: "language" }).of(tag),
      region === undefined ? undefined : new Intl.DisplayNames([reader], { type: "region" }).of(region),
    ];
  }).flatMap((known) => known?.normalize("NFKC").toLowerCase() ?? []);

/** What a language of the catalogue is called in English, as flows are asked for it. */
export const englishName = (tag: string): string =>
  new Intl.DisplayNames(["en"], { type: "language" }).of(tag) ?? tag;
