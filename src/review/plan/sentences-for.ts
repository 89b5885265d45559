import { languageOf } from "./language-of.ts";
import { ENGLISH } from "./sentences-en.ts";
import { JAPANESE } from "./sentences-ja.ts";
import { KOREAN } from "./sentences-ko.ts";
import type { Sentences } from "./sentences.ts";

const SENTENCES = { english: ENGLISH, japanese: JAPANESE, korean: KOREAN } as const;

/** The sentences for a language as people name it; English for every one that the server does not speak. */
export const sentencesFor = (language: string): Sentences => SENTENCES[languageOf(language)];
