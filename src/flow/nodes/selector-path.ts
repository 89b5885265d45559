import { z } from "zod";
import { longIntegersAsTexts } from "../exact.ts";
import type { VariableUse } from "../node.ts";
import { type Selector, selectorsInText } from "../pool.ts";

/** A selector as files write it; ids that were written as numbers are read as texts. */
export const SelectorPath = z.preprocess(
  longIntegersAsTexts,
  z.array(z.union([z.string(), z.number().transform(String)])),
);

/** A selector as a message shows it, which is how Python prints the list. */
export const showSelector = (selector: Selector): string =>
  `[${selector.map((part) => `'${part}'`).join(", ")}]`;

/** The values that a text of the file refers to. Dify goes on when they are missing. */
export const readsOfText = (field: string, text: string): readonly VariableUse[] =>
  selectorsInText(text).map((selector) => ({ selector, field, needed: false }));
