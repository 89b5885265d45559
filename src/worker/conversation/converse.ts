import { type Reason, reasonOf } from "../../base/reason.ts";
import { z } from "zod";
import { translator } from "../../messages/format-message.ts";
import { NO_USAGE } from "../../flow/flow-event.ts";
import { mayCommand, roleFor, roleOfLevel } from "../../review/commands/may-command.ts";
import { countTurns, hasOurs } from "../../review/conversation/reply-marker.ts";
import { renderReply } from "../../review/conversation/render-reply.ts";
import { confirmNote, confirmNoted } from "../../review/confirm-event.ts";
import { parseStoredNote } from "../../review/conversation/stored-note.ts";
import { decide, intentName, NO_HISTORY, type NoteIntent, type RunDecision } from "../../review/decide.ts";
import type { NoteEvent } from "../../review/delivery-event.ts";
import type { Settlement } from "../../store/store.ts";
import { readTeamSettings, type TeamSettings } from "../findings/team-settings.ts";
import { carryOut } from "./carry-out.ts";
import type { Reaction, Talk } from "./conversation.ts";

/** The reactions that show that a note was heard, and that what it asks for is done. */
const HEARD = "eyes";
export const DONE = "white_check_mark";

/** What answering a note is made from. */
export type ConverseInput = Omit<
  Talk,
  "event" | "mergeRequest" | "ref" | "bot" | "thread" | "role" | "language" | "t"
>;

/**
 * Answers a note in its thread: does what the note asks for, if its author may have it, and says so. What the event
 * claimed is decided again with the note, its author, its merge request and her role as the forge has them. Every
 * step can be repeated: what was written is found again by its marker, what was answered is in the journal.
 */
export const converse = async (input: ConverseInput): Promise<Settlement> => {
  const { claim, forge } = input;
  const claimed = parseStoredNote(claim.run.event);
  if (claimed === null) return { state: "failed", reason: reasonOf("event-unreadable"), usage: NO_USAGE };
  const ref = { projectId: claim.run.projectId, iid: claim.run.iid };
  const { discussionId } = claimed;
  const thread = discussionId === null ? null : await forge.fetchDiscussion(ref, discussionId, claim.signal);
  const note = thread === null ? null : confirmNote(claimed, thread);
  if (thread === null || note === null) return settle(null, reasonOf("note-gone"));
  const bot = await forge.currentUser(claim.signal);
  const host = { ...input.conversation.rules(claim.run.projectPath), self: bot };
  // Most notes are not for us, which is known without the merge request.
  const first = decide(note, host, NO_HISTORY);
  if (first.kind !== "reply") return settle(null, reasonOfDecision(first));
  // Whether a thread is one of ours is only known now.
  if (first.intent.kind === "thread" && !hasOurs(thread))
    return settle(first.intent, reasonOf("thread-not-ours"));
  const mergeRequest = await forge.fetchMergeRequest(ref, claim.signal);
  const event = confirmNoted(note, mergeRequest);
  const decision = decide(event, host, NO_HISTORY);
  if (decision.kind !== "reply") return settle(null, reasonOfDecision(decision));
  const { intent } = decision;
  const { language, narrow } = await readSettings(input, event);
  const narrowed = decide(event, narrow(host), NO_HISTORY);
  if (narrowed.kind !== "reply") return settle(intent, reasonOfDecision(narrowed));
  const who = { projectId: ref.projectId, userId: event.user.id };
  const role = roleOfLevel(await forge.fetchAccessLevel(who, claim.signal));
  const t = translator(language);
  return react({ ...input, event, mergeRequest, ref, bot, thread, role, language, t }, intent);
};

const reasonOfDecision = (decision: RunDecision): Reason =>
  "reason" in decision ? decision.reason : reasonOf("note-not-for-us");

/** What the repository says about answers: their language, and what it turns off. */
const readSettings = async (
  { claim, flow, forge, logger }: ConverseInput,
  event: NoteEvent,
): Promise<TeamSettings> => {
  const { projectId, projectPath } = claim.run;
  const { targetBranch } = event.mergeRequest;
  const rulesOf = { ref: { projectId }, projectPath, targetBranch };
  return readTeamSettings(flow, forge, rulesOf, { signal: claim.signal, logger });
};

const react = async (talk: Talk, intent: NoteIntent): Promise<Settlement> => {
  const { claim, forge, ref, event, thread, conversation, t } = talk;
  const refusal = await refuse(talk, intent);
  if (refusal !== null) return settle(intent, (await speak(talk, refusal)).reason);
  const turns = countTurns(thread, event.noteId);
  const isTalk =
    intent.kind !== "command" || intent.command.name === "ask" || intent.command.name === "describe";
  if (isTalk && turns >= conversation.maxTurns) return settle(intent, reasonOf("reply-limit"));
  await forge.react(ref, { noteId: event.noteId, emoji: HEARD }, claim.signal);
  const reaction = await carryOut(talk, intent);
  const isLast = isTalk && turns + 1 === conversation.maxTurns && reaction.text !== null;
  const said = isLast
    ? { ...reaction, text: `${reaction.text}\n\n${t("conversation.last-reply")}` }
    : reaction;
  await speak(talk, turns >= conversation.maxTurns ? { ...said, text: null } : said);
  if (reaction.done === true) await forge.react(ref, { noteId: event.noteId, emoji: DONE }, claim.signal);
  return reaction.failure ?? settle(intent, reaction.reason, reaction.usage);
};

const Refused = z.object({ noteId: z.number() });

/** Who may not have what they ask for is told so once in a merge request; null for who may. */
const refuse = async (
  { claim, event, role, conversation, t }: Talk,
  intent: NoteIntent,
): Promise<Reaction | null> => {
  const { commands } = conversation.rules(claim.run.projectPath);
  const name = intent.kind === "command" ? intent.command.name : "ask";
  if (mayCommand(role, name, commands)) return null;
  const key = `refused:${event.user.id}`;
  const known = Refused.safeParse(await claim.memory.read(key));
  const needed = roleFor(name, commands);
  const reason = reasonOf("role-too-low", { command: name, role: needed });
  if (known.success && known.data.noteId !== event.noteId) return { reason, text: null };
  await claim.memory.write(key, { noteId: event.noteId });
  return { reason, text: t("conversation.role-too-low", { role: t(`role.${needed}`) }) };
};

const speak = async (talk: Talk, reaction: Reaction): Promise<Reaction> => {
  const { claim, forge, ref, event, thread, logger } = talk;
  const { text, resolve = false } = reaction;
  claim.signal.throwIfAborted();
  if (text === null) {
    if (resolve) await forge.resolveDiscussion(ref, thread.id, claim.signal);
    return reaction;
  }
  const draft = renderReply({ discussionId: thread.id, noteId: event.noteId }, text, resolve);
  const said = await forge.reply(ref, draft, claim.signal);
  if (said.kind === "refused") logger.warn({ noteId: event.noteId, reason: said.reason }, "Answer refused");
  return reaction;
};

const settle = (intent: NoteIntent | null, reason: Reason, usage = NO_USAGE): Settlement => ({
  state: "succeeded",
  reason,
  result: { kind: "reply", asked: intent === null ? null : intentName(intent), outcome: reason.code },
  usage,
});
