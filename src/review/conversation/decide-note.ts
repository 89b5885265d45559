import type { Decision, ReplyDecision } from "../decide.ts";
import type { NoteEvent } from "../delivery-event.ts";
import { judgeNote } from "../triggers/judge-note.ts";
import type { TriggerHistory } from "../triggers/trigger-decision.ts";
import type { TriggerRules } from "../triggers/trigger-rules.ts";

/**
 * Decides whether a note is answered. Who may give a command, and whether the note stands in a thread of
 * ours, is found out when it is worked on: that takes questions to GitLab.
 */
export const decideNote = (
  event: NoteEvent,
  rules: TriggerRules,
  history: TriggerHistory,
): Decision | ReplyDecision => {
  const judged = judgeNote(event, rules, history);
  switch (judged.kind) {
    case "command":
      return { kind: "reply", trigger: `note:${judged.command.name}` };
    case "reply":
      return { kind: "reply", trigger: `note:${judged.why}` };
    case "outcome":
      return { kind: "ignore", reason: "note-not-for-us: the note neither mentions the bot nor answers it" };
    default:
      return judged;
  }
};
