import { z } from "zod";
import { longIntegersAsTexts } from "../exact.ts";
import { flowMessage } from "../messages/message.ts";
import type { VariableUse } from "../node.ts";
import { NodeError } from "../node-error.ts";
import { type Pool, readPool, type Selector, selectorsInText } from "../pool.ts";
import type { Variable } from "../value-type.ts";

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

/** The variable that a selector leads to. Throws a NodeError where none is there, as Dify does. */
export const readNeeded = (pool: Pool, selector: readonly string[], errorType?: string): Variable => {
  const variable = readPool(pool, selector);
  if (variable !== undefined) return variable;
  throw new NodeError(
    flowMessage("flow.tool.variable-missing", { selector: showSelector(selector) }),
    errorType,
  );
};
