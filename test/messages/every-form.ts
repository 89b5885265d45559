import { type MessageFormatElement, parse, TYPE } from "@formatjs/icu-messageformat-parser";
import { readTexts, type Translate } from "../../src/messages/format-message.ts";
import type { MessageCode } from "../../src/messages/message.ts";

type Value = string | number;

/** What each parameter can be: every choice of a select, a count of one and of two, and a sample of anything else. */
const valuesIn = (elements: readonly MessageFormatElement[], found = new Map<string, readonly Value[]>()) => {
  for (const element of elements) {
    if (element.type === TYPE.select) found.set(element.value, Object.keys(element.options));
    else if (element.type === TYPE.plural)
      found.set(
        element.value,
        [0, 1, 2].filter((count) => count > 0 || "=0" in element.options),
      );
    else if (element.type === TYPE.number) found.set(element.value, found.get(element.value) ?? [2]);
    else if (element.type === TYPE.date || element.type === TYPE.time) found.set(element.value, [0]);
    else if (element.type === TYPE.argument)
      found.set(element.value, found.get(element.value) ?? [`«${element.value}»`]);
    if ("options" in element) for (const { value } of Object.values(element.options)) valuesIn(value, found);
  }
  return found;
};

/** A message in all its forms: one parameter after the other takes every value that it can have. */
export const everyForm = (t: Translate, code: MessageCode): readonly string[] => {
  const values = valuesIn(parse(readTexts(t.language).get(code) ?? "", { ignoreTag: true }));
  const first = Object.fromEntries([...values].map(([name, [value = ""]]) => [name, value]));
  const forms = [...values].flatMap(([name, all]) => all.map((value) => ({ ...first, [name]: value })));
  return [...new Set([first, ...forms].map((params) => t.message({ code, params })))];
};
