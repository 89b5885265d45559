/** What can be asked of the bot in a note. */
export const COMMANDS = [
  "review",
  "ask",
  "describe",
  "resolve",
  "ignore",
  "pause",
  "resume",
  "help",
] as const;
export type CommandName = (typeof COMMANDS)[number];

/** A command as it was given. All texts in it are a stranger's and stay texts. */
export type Command =
  | {
      readonly name: "review";
      /** Globs of the files that are meant, see `matchesPaths`; none for all. */
      readonly paths: readonly string[];
      /** Only what has had no review yet; without it everything is reviewed anew. */
      readonly changesOnly: boolean;
      readonly language: string | null;
    }
  | { readonly name: "ask"; readonly text: string }
  | {
      readonly name: "describe";
      /** Write the description of the merge request, instead of proposing one. */
      readonly write: boolean;
      readonly language: string | null;
    }
  | { readonly name: "resolve" | "ignore" | "pause" | "resume"; readonly reason: string }
  | {
      readonly name: "help";
      /** What could not be understood, as a code and a text of the note; null when help was asked for. */
      readonly problem: CommandProblem | null;
    };

/** Why a command could not be understood; `text` is what the note said. */
export type CommandProblem = {
  readonly code: "unknown-command" | "unknown-option" | "option-value" | "too-many-paths";
  readonly text: string;
};
