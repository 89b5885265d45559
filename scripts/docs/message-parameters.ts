import { type MessageFormatElement, parse, TYPE } from "@formatjs/icu-messageformat-parser";
import { englishTexts } from "../../src/flow/messages/message.ts";
import { readTexts } from "../../src/messages/format-message.ts";

/** A message's parameters with the TypeScript type of each, in the order of their names. */
export const parametersOf = (text: string): ReadonlyMap<string, string> => {
  const parameters = new Map<string, string>();
  const walk = (elements: readonly MessageFormatElement[]): void => {
    for (const element of elements) {
      const type = typeOf(element);
      if (type !== null && "value" in element && typeof element.value === "string")
        parameters.set(element.value, type === TEXT ? (parameters.get(element.value) ?? TEXT) : type);
      if ("options" in element) for (const { value } of Object.values(element.options)) walk(value);
    }
  };
  walk(parse(text, { ignoreTag: true }));
  return new Map([...parameters].toSorted(([left], [right]) => (left < right ? -1 : 1)));
};

const TEXT = "string | number";

const typeOf = ({ type }: MessageFormatElement): string | null => {
  switch (type) {
    case TYPE.argument:
      return TEXT;
    case TYPE.number:
    case TYPE.plural:
      return "number";
    case TYPE.date:
    case TYPE.time:
      return "Date | number";
    case TYPE.select:
      return "string";
    default:
      return null;
  }
};

/** The module that types each parameter of the product's messages. */
export const renderMessageParameters = (): string =>
  [
    'import type { FlowMessageParameters } from "../flow/messages/message-parameters.ts";',
    "",
    "/** Every message's parameters, null for none. Made from en.json by `npm run docs`; a test compares them. */",
    "export type MessageParameters = FlowMessageParameters & {",
    ...parameterLines([...readTexts("en")].filter(([code]) => !englishTexts().has(code))),
    "};",
    "",
  ].join("\n");

/** The same for those of the engine. */
export const renderFlowMessageParameters = (): string =>
  [
    "/** The parameters of the engine's messages, null for none. Made from en.json by `npm run docs`; a test compares them. */",
    "export type FlowMessageParameters = {",
    ...parameterLines([...englishTexts()]),
    "};",
    "",
  ].join("\n");

const parameterLines = (texts: readonly (readonly [code: string, text: string])[]): readonly string[] =>
  texts.map(([code, text]) => {
    const fields = [...parametersOf(text)].map(([name, type]) => `readonly ${name}: ${type}`);
    return `  readonly ${JSON.stringify(code)}: ${fields.length === 0 ? "null" : `{ ${fields.join("; ")} }`};`;
  });
