import { parseCommand } from "../commands/parse-command.ts";
import { isMentioned } from "../commands/is-mentioned.ts";
import type { MergeRequestEvent, NoteEvent } from "../delivery-event.ts";
import { isBotUser } from "./bot-user.ts";
import type { TriggerDecision, TriggerHistory } from "./trigger-decision.ts";
import type { TriggerRules } from "./trigger-rules.ts";

const ignore = (reason: string): TriggerDecision => ({ kind: "ignore", reason });

/** Decides about a note: a command, something that may want an answer, or nothing for us. */
export const judgeNote = (
  event: NoteEvent,
  rules: TriggerRules,
  history: TriggerHistory,
): TriggerDecision => {
  const kept = judgeNoteAuthor(event, rules) ?? judgeEdit(event, history);
  if (kept !== null) return ignore(kept);
  const { self } = rules;
  if (self === null) return ignore("bot-unknown: it is not known yet who the bot is at GitLab");
  const command = parseCommand(event.text, self.username, { slash: rules.commands.slash });
  const place = { user: event.user, noteId: event.noteId, discussionId: event.discussionId };
  if (command !== null) {
    if (!rules.command) return ignore("trigger-off: a command was given, and commands are turned off");
    return judgeEnded(event, command.name) ?? { kind: "command", command, ...place };
  }
  if (!rules.command) return ignore("trigger-off: answers to notes are turned off");
  if (isMentioned(event.text, self.username)) return { kind: "reply", why: "mention", ...place };
  const { discussionId, standsAlone } = event;
  if (discussionId === null || standsAlone || history.ourDiscussions?.includes(discussionId) === false)
    return ignore("note-not-for-us: the note neither mentions the bot nor answers it");
  return { kind: "reply", why: "thread", ...place };
};

const judgeNoteAuthor = (event: NoteEvent, { self, bots }: TriggerRules): string | null => {
  if (event.system) return "system-note: GitLab wrote this note itself";
  if (self !== null && event.user.id === self.id) return "own-event: the note is one of Reviewflow's own";
  return isBotUser(event.user, bots)
    ? `from-a-bot: ${event.user.username} is a bot and is not answered`
    : null;
};

/** Editing a note, or a repeat of its event, must not do again what the note has done. */
const judgeEdit = (event: NoteEvent, { handledNotes }: TriggerHistory): string | null => {
  if (handledNotes?.includes(event.noteId) === true)
    return "note-already-handled: this note was acted on before";
  if (event.action !== "update" || handledNotes !== undefined) return null;
  return "note-edited: an edited note starts nothing; write a new one";
};

const AFTER_THE_END: ReadonlySet<string> = new Set(["ask", "help"]);

const judgeEnded = (event: NoteEvent, command: string): TriggerDecision | null => {
  const { state } = event.mergeRequest;
  if (AFTER_THE_END.has(command) || (state !== "closed" && state !== "merged")) return null;
  return ignore(`merge-request-${state}: ${command} does nothing any more, the merge request is ${state}`);
};

/**
 * The event that a run over the noted merge request is made for. Its user is who wrote the note.
 */
export const toReviewEvent = (event: NoteEvent): MergeRequestEvent => ({
  ...event.mergeRequest,
  kind: "merge_request",
  project: event.project,
  user: event.user,
  iid: event.iid,
  action: null,
  // GitLab has always said the state; a run is made for open ones.
  state: event.mergeRequest.state === "" ? "opened" : event.mergeRequest.state,
  headSha: event.headSha,
  oldRev: null,
  labelsAdded: [],
  reviewersAdded: [],
  reviewersAskedAgain: [],
  becameReady: false,
});
