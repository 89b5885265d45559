import { toPython } from "./convert.ts";
import type { TemplateJob } from "./template-messages.ts";
import type { Environment, Filter, Test } from "./environment.ts";
import { execute } from "./execute.ts";
import { HTML_FILTERS } from "./filters-html.ts";
import { LIST_FILTERS } from "./filters-list.ts";
import { NUMBER_FILTERS } from "./filters-number.ts";
import { TEXT_FILTERS } from "./filters-text.ts";
import { GLOBALS } from "./globals.ts";
import { parseTemplate } from "./parse-template.ts";
import { Output, OutputTooLong, Scope } from "./scope.ts";
import { TESTS } from "./tests.ts";
import { textLength, textOf } from "./types.ts";
import { PyError, PyObject } from "./values.ts";
import type { PyValue } from "./values.ts";

/** A rendered template, or why there is none, in the words of Python and Jinja2. */
export type RenderOutcome =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly message: string };

const FILTERS: ReadonlyMap<string, Filter> = new Map(
  [TEXT_FILTERS, LIST_FILTERS, NUMBER_FILTERS, HTML_FILTERS].flatMap((filters) => Object.entries(filters)),
);

const isKnown =
  (known: (name: string) => boolean): Test =>
  (value) => {
    const name = textOf(value);
    return name !== null && known(name);
  };

const ALL_TESTS: ReadonlyMap<string, Test> = new Map([
  ...Object.entries(TESTS),
  ["filter", isKnown((name) => FILTERS.has(name))],
  ["test", isKnown((name) => ALL_TESTS.has(name))],
]);

const ENVIRONMENT: Environment = {
  hasFilter: (name) => FILTERS.has(name),
  hasTest: (name) => ALL_TESTS.has(name),
  callFilter: (name, value, args) => {
    const filter = FILTERS.get(name);
    if (filter === undefined) throw new PyError("TemplateRuntimeError", `No filter named '${name}'.`);
    return filter(value, args, ENVIRONMENT);
  },
  callTest: (name, value, args) => {
    const test = ALL_TESTS.get(name);
    if (test === undefined) throw new PyError("TemplateRuntimeError", `No test named '${name}'.`);
    return test(value, args, ENVIRONMENT);
  },
};

/** The template itself, for which Jinja2 takes the name `self` from every variable. */
const TEMPLATE_REFERENCE = new PyObject({
  typeName: "TemplateReference",
  get: () => undefined,
  print: () => "<TemplateReference None>",
});

const tooLong = (maxCharacters: number): RenderOutcome => ({
  ok: false,
  message: `Output length exceeds ${maxCharacters} characters`,
});

const describeFailure = (error: unknown, maxCharacters: number): RenderOutcome => {
  if (error instanceof OutputTooLong) return tooLong(maxCharacters);
  if (error instanceof PyError) return { ok: false, message: `${error.pyType}: ${error.message}` };
  // The engine below ran out of its stack or of what a text can hold: Python says so in these words.
  if (error instanceof RangeError)
    return {
      ok: false,
      message: error.message.includes("call stack")
        ? "RecursionError: maximum recursion depth exceeded"
        : `MemoryError: ${error.message}`,
    };
  throw error;
};

/**
 * Renders a template as Jinja2 3.1 does with its defaults: silent undefined, no autoescape, one newline
 * at the end stripped. Takes as long as the template asks for: run it where it can be ended.
 */
export const renderTemplate = (
  template: string,
  variables: TemplateJob["variables"],
  maxCharacters: number,
): RenderOutcome => {
  try {
    const root = new Scope(new Scope(null));
    for (const [name, value] of [
      ...GLOBALS,
      ...Object.entries(variables).map(([key, item]): [string, PyValue] => [key, toPython(item)]),
    ])
      root.set(name, value);
    root.set("self", TEMPLATE_REFERENCE);
    // A character takes one or two units; the exact count is made once, at the end.
    const maxOutput = maxCharacters * 2;
    const output = new Output(maxOutput);
    execute(parseTemplate(template), root, output, { environment: ENVIRONMENT, root, maxOutput });
    const text = output.text();
    return textLength(text) > maxCharacters ? tooLong(maxCharacters) : { ok: true, text };
  } catch (error) {
    return describeFailure(error, maxCharacters);
  }
};
