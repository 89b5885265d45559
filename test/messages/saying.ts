import { type MessageFormatElement, parse, TYPE } from "@formatjs/icu-messageformat-parser";
import { readTexts, translator } from "../../src/messages/format-message.ts";
import type { MessageCode } from "../../src/messages/message.ts";

/** A text as part of an expression that finds just it. */
export const escape = (text: string): string => text.replaceAll(/[$()*+.?[\\\]^{|}]/gu, String.raw`\$&`);

const sourceOf = (elements: readonly MessageFormatElement[]): string =>
  elements
    .map((element) => {
      switch (element.type) {
        case TYPE.literal:
          return escape(element.value);
        case TYPE.plural:
        case TYPE.select:
          return `(?:${Object.values(element.options)
            .map(({ value }) => sourceOf(value))
            .join("|")})`;
        default:
          return String.raw`[\s\S]*?`;
      }
    })
    .join("");

/**
 * What finds a message in an output by its code, whatever its parameters are: tests that name codes need no change
 * when a sentence is reworded.
 */
export const saying = (code: MessageCode, language = "en"): RegExp =>
  new RegExp(sourceOf(parse(readTexts(language).get(code) ?? "", { ignoreTag: true })), "u");

/** The catalogue in English, as commands have it that tests call without a locale. */
export const english = translator("en");
