import { rulesForPolicy, type TriggerRules } from "../triggers.ts";

/** How notes are answered. */
export type ConversationOptions = {
  /** After so many answers of ours in one thread no more is said there. */
  readonly maxTurns: number;
  /** The rules of a project, by its path: who may give commands, and what a command `review` passes. */
  readonly rules: (projectPath: string) => Omit<TriggerRules, "self">;
};

/** Commands and questions are taken from Developers and above; six answers in a thread. */
export const DEFAULT_CONVERSATION: ConversationOptions = {
  maxTurns: 6,
  rules: () => ({ ...rulesForPolicy("every-push"), command: true }),
};
