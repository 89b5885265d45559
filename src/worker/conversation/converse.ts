import { z } from "zod";
import type { JsonObject } from "../../base/json.ts";
import { NO_USAGE } from "../../flow/flow-event.ts";
import { isMentioned } from "../../review/commands/is-mentioned.ts";
import { mayCommand, roleOfLevel } from "../../review/commands/may-command.ts";
import { parseCommand } from "../../review/commands/parse-command.ts";
import { countTurns, hasOurs } from "../../review/conversation/reply-marker.ts";
import { renderReply } from "../../review/conversation/render-reply.ts";
import { talkSentencesFor } from "../../review/conversation/sentences.ts";
import { parseStoredNote } from "../../review/conversation/stored-note.ts";
import type { Settlement } from "../../store/store.ts";
import { readTeamSettings } from "../findings/team-settings.ts";
import { type Wish, carryOut, nameOf } from "./carry-out.ts";
import type { Reaction, Talk } from "./conversation.ts";

/** The reactions that show that a note was heard, and that what it asks for is done. */
export const HEARD = "eyes";
export const DONE = "white_check_mark";

/** What answering a note is made from. */
export type ConverseInput = Omit<Talk, "event" | "ref" | "bot" | "thread" | "language" | "say">;

/**
 * Answers a note in its thread: does what the note asks for, if its author may have it, and says so. Every
 * step can be repeated: what was written is found again by its marker, what was answered is in the journal.
 */
export const converse = async (input: ConverseInput): Promise<Settlement> => {
  const { claim, forge } = input;
  const event = parseStoredNote(claim.run.event);
  if (event === null) return failed("event-unreadable", "The stored note cannot be read; write it again.");
  const ref = { projectId: claim.run.projectId, iid: claim.run.iid };
  const { discussionId } = event;
  const thread = discussionId === null ? null : await forge.fetchDiscussion(ref, discussionId, claim.signal);
  if (thread === null || !thread.notes.some(({ id }) => id === event.noteId))
    return settle(null, { outcome: "note-gone", text: null });
  const bot = await forge.currentUser(claim.signal);
  const wish = readWish({ ...input, event, bot });
  // Whether a thread is one of ours is only known now.
  if (wish.kind === "thread" && !hasOurs(thread, bot.id))
    return settle(wish, { outcome: "not-for-us", text: null });
  const { language, isOn } = await readSettings(input, { event, bot });
  if (!isOn) return settle(wish, { outcome: "commands-off", text: null });
  return react({ ...input, event, ref, bot, thread, language, say: talkSentencesFor(language) }, wish);
};

/** What the repository says about answers: their language, and whether there are any. */
const readSettings = async (
  { claim, flow, forge, conversation, logger }: ConverseInput,
  { event, bot }: Pick<Talk, "event" | "bot">,
): Promise<{ readonly language: string; readonly isOn: boolean }> => {
  const { projectId, projectPath } = claim.run;
  const { targetBranch } = event.mergeRequest;
  const rulesOf = { ref: { projectId }, projectPath, targetBranch };
  const settings = await readTeamSettings(flow, forge, rulesOf, { signal: claim.signal, logger });
  const { command } = settings.narrow({ ...conversation.rules(projectPath), self: bot });
  return { language: settings.language, isOn: command };
};

const readWish = ({ event, bot, conversation }: Pick<Talk, "event" | "bot" | "conversation">): Wish => {
  const { slash } = conversation.rules(event.project.path).commands;
  const command = parseCommand(event.text, bot.username, { slash });
  if (command !== null) return { kind: "command", command };
  return { kind: isMentioned(event.text, bot.username) ? "mention" : "thread" };
};

const react = async (talk: Talk, wish: Wish): Promise<Settlement> => {
  const { claim, forge, ref, event, bot, thread, conversation, say } = talk;
  const refusal = await refuse(talk, wish);
  if (refusal !== null) return settle(wish, await speak(talk, refusal));
  const turns = countTurns(thread, bot.id, event.noteId);
  const isTalk = wish.kind !== "command" || wish.command.name === "ask" || wish.command.name === "describe";
  if (isTalk && turns >= conversation.maxTurns) return settle(wish, { outcome: "turn-limit", text: null });
  await forge.react(ref, { noteId: event.noteId, emoji: HEARD }, claim.signal);
  const reaction = await carryOut(talk, wish);
  const isLast = isTalk && turns + 1 === conversation.maxTurns && reaction.text !== null;
  const said = isLast ? { ...reaction, text: `${reaction.text}\n\n${say.lastTurn}` } : reaction;
  await speak(talk, turns >= conversation.maxTurns ? { ...said, text: null } : said);
  if (reaction.done === true) await forge.react(ref, { noteId: event.noteId, emoji: DONE }, claim.signal);
  return settle(wish, reaction);
};

const Refused = z.object({ noteId: z.number() });

/** Who may not have what they ask for is told so once in a merge request; null for who may. */
const refuse = async (
  { claim, forge, event, conversation, say }: Talk,
  wish: Wish,
): Promise<Reaction | null> => {
  const { commands } = conversation.rules(claim.run.projectPath);
  const who = { projectId: claim.run.projectId, userId: event.user.id };
  const role = roleOfLevel(await forge.fetchAccessLevel(who, claim.signal));
  const name = wish.kind === "command" ? wish.command.name : "ask";
  if (mayCommand(role, name, commands).kind === "allowed") return null;
  const key = `refused:${event.user.id}`;
  const known = Refused.safeParse(await claim.memory.read(key));
  if (known.success && known.data.noteId !== event.noteId) return { outcome: "role-too-low", text: null };
  await claim.memory.write(key, { noteId: event.noteId });
  return { outcome: "role-too-low", text: say.refused(commands.per[name] ?? commands.least) };
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

const failed = (reasonCode: string, reason: string): Settlement => ({
  state: "failed",
  reason,
  reasonCode,
  usage: NO_USAGE,
});

const settle = (wish: Wish | null, { outcome, usage = NO_USAGE, failure }: Reaction): Settlement => {
  if (failure !== undefined) return failure;
  const result: JsonObject = { kind: "reply", asked: wish === null ? null : nameOf(wish), outcome };
  return { state: "succeeded", reason: outcome, result, usage };
};
