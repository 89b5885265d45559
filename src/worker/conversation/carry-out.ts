import { reasonOf } from "../../base/reason.ts";
import { renderHelp } from "../../review/conversation/render-help.ts";
import { isAnswered } from "../../review/conversation/reply-marker.ts";
import type { NoteIntent } from "../../review/decide.ts";
import { publishName } from "../../review/publish-text.ts";
import { PAUSED_KEY } from "../../store/merge-request-states.ts";
import { answerNote, hasAnswer, type ReplyTask } from "./answer-note.ts";
import type { Reaction, Talk } from "./conversation.ts";
import { dismiss, findingOf } from "./dismiss.ts";
import { requestReview } from "./request-review.ts";

/** Does what a note asks for, as far as it is not to be said in the thread. Each can be done again. */
export const carryOut = async (talk: Talk, intent: NoteIntent): Promise<Reaction> => {
  const { t, claim, event, bot, clock } = talk;
  if (intent.kind !== "command") return answer(talk, { kind: "answer", question: event.text }, null);
  const { command } = intent;
  switch (command.name) {
    case "review":
      return requestReview(talk, command);
    case "ask":
      return answer(talk, { kind: "answer", question: command.text }, t("conversation.no-answers"));
    case "describe":
      return answer(
        talk,
        { kind: "describe", question: "", write: command.write, language: command.language },
        t("conversation.no-answers"),
      );
    case "resolve":
      return dropFinding(talk, "resolved");
    case "ignore":
      return dropFinding(talk, "ignored");
    case "pause":
      await claim.memory.write(PAUSED_KEY, { byUserId: event.user.id, atMs: clock.now() });
      return {
        reason: reasonOf("reviews-paused"),
        text: t("conversation.paused", { resume: publishName(`@${bot.username} resume`) }),
        done: true,
      };
    case "resume":
      await claim.memory.write(PAUSED_KEY, null);
      return { reason: reasonOf("reviews-resumed"), text: t("conversation.resumed"), done: true };
    case "help": {
      const text = renderHelp(t, bot.username, command.problem);
      return { reason: reasonOf("help-given"), text, done: true };
    }
    default:
      return command satisfies never;
  }
};

const dropFinding = async (talk: Talk, why: "resolved" | "ignored"): Promise<Reaction> => {
  const finding = findingOf(talk);
  if (finding === null)
    return { reason: reasonOf("no-finding-here"), text: talk.t("conversation.no-finding") };
  await dismiss(talk, finding, why);
  return {
    reason: reasonOf(`finding-${why}`),
    text: talk.t(`conversation.${why}`),
    resolve: true,
    done: true,
  };
};

/** Another delivery of a note that was answered pays for no second answer. */
const answer = async (talk: Talk, task: ReplyTask, withoutFlow: string | null): Promise<Reaction> => {
  const { conversation, thread, event } = talk;
  if (conversation.answers === null) return { reason: reasonOf("no-flow-for-answers"), text: withoutFlow };
  if (isAnswered(thread, event.noteId) && !(await hasAnswer(talk)))
    return { reason: reasonOf("answered-already"), text: null };
  return answerNote(talk, conversation.answers, task);
};
