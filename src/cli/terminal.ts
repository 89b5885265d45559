import { describeError, ReviewflowError } from "../base/errors.ts";

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

/** Tells a failure of ours and returns the exit code; whatever else was thrown is thrown on. */
export const tellFailure = (error: unknown, complain: Terminal["complain"]): 1 => {
  if (!(error instanceof ReviewflowError)) throw error;
  complain(printable(`${describeError(error)}\n`));
  return 1;
};

/**
 * How whoever runs this command calls it: by `npx` only where npm found it installed, since anywhere else npx
 * would fetch whatever package has the name.
 */
export const commandName = (environment: Readonly<Record<string, string | undefined>>): string =>
  ["exec", "run-script", "run"].includes(environment["npm_command"] ?? "") ? "npx reviewflow" : "reviewflow";
