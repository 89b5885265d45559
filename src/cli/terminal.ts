import { describeError, explainError, ReviewflowError } from "../base/errors.ts";
import { languageOfTerminal } from "../messages/choose-language.ts";
import { type Translate, translator } from "../messages/format-message.ts";

/** Where a command writes; made of the process's streams when left out, and of an array in tests. */
export type Terminal = {
  /** The command's result, for standard output. */
  readonly write: (text: string) => void;
  /** What went wrong, for standard error. */
  readonly complain: (text: string) => void;
};

/** The terminal of this process. */
export const processTerminal: Terminal = {
  write: (text) => {
    process.stdout.write(text);
  },
  complain: (text) => {
    process.stderr.write(text);
  },
};

/**
 * A text from a file as a terminal may show it: control characters, with which a file could move the
 * cursor or hide lines, are taken out. Line breaks and tabs stay.
 */
export const printable = (text: string): string => text.replaceAll(/(?![\n\t])[\p{Cc}\p{Cs}]/gu, "");

/** The catalogue in the language of a terminal, by its locale. */
export const terminalTexts = (
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Translate => translator(languageOfTerminal(environment));

/**
 * Writes a failure of ours in the terminal's language and returns the exit code; whatever else was thrown is
 * thrown on.
 */
export const tellFailure = (
  error: unknown,
  complain: Terminal["complain"],
  t: Translate = terminalTexts(),
): 1 => {
  if (!(error instanceof ReviewflowError)) throw error;
  complain(printable(`${explainError(t, error)}\n`));
  return 1;
};

/** What ends a command: the sentence of a failure of ours, the whole stack of any other. */
export const failureText = (t: Translate, error: unknown): string => {
  if (error instanceof ReviewflowError) return explainError(t, error);
  return error instanceof Error ? (error.stack ?? error.message) : describeError(error);
};

/**
 * How whoever runs this command calls it: by `npx` only where npm found it installed, since anywhere else npx
 * would fetch whatever package has the name.
 */
export const commandName = (environment: Readonly<Record<string, string | undefined>>): string =>
  ["exec", "run-script", "run"].includes(environment["npm_command"] ?? "") ? "npx reviewflow" : "reviewflow";
