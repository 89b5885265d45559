import { causeOf, reasonOf } from "../../base/reason.ts";
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { scopeJournal } from "../../base/journal.ts";
import { addUsage } from "../../flow/flow-event.ts";
import { type Json, JsonObject } from "../../base/json.ts";
import { mayCommand, roleFor } from "../../review/commands/may-command.ts";
import { renderCodeAround } from "../../review/conversation/code-around.ts";
import { DESCRIPTION_KEY, putDescription } from "../../review/conversation/describe-block.ts";
import { type Answer, readAnswer } from "../../review/conversation/read-answer.ts";
import { publishAnswer } from "../../review/conversation/render-reply.ts";
import { renderThread, showNote } from "../../review/conversation/thread-text.ts";
import { fitInputs } from "../../review/fit-inputs.ts";
import type { FlowOutcome } from "../../review/flow-runner.ts";
import type { MergeRequest } from "../../review/forge.ts";
import { dropThoughts, reasonOfStatus } from "../../review/read-outcome.ts";
import { maskSecrets } from "../../review/units/mask-secrets.ts";
import type { FlowPart } from "../findings/findings-flow.ts";
import { flowRules, reviewRules } from "../findings/review-rules.ts";
import { createEventRecorder, recordedBy } from "../record-events.ts";
import { composeRunner } from "../../review/compose-runner.ts";
import { StoredOutcome } from "../stored-outcome.ts";
import { readSpentInVain, rejectTransient } from "../transient-outcome.ts";
import type { Reaction, Talk } from "./conversation.ts";
import { dismiss, findingOf } from "./dismiss.ts";

/** The inputs that a flow for answers may declare. */
export const REPLY_INPUTS = [
  "task",
  "title",
  "description",
  "question",
  "thread",
  "code",
  "is_finding",
  "language",
  "rules",
  "nonce",
] as const;

/** What a flow is asked to do: to answer a question, or to propose a description. */
export type ReplyTask = {
  readonly kind: "answer" | "describe";
  readonly question: string;
  /** Whether a proposal is put into the description of the merge request, too. */
  readonly write?: boolean;
  /** Null for the flow's language. */
  readonly language?: string | null;
};

/** Key of the flow's answer in the run's journal: a second attempt does not pay for it again. */
const ANSWERED = "answered";

/** Whether the flow answered in an earlier attempt of this run. */
export const hasAnswer = async ({ claim }: Pick<Talk, "claim">): Promise<boolean> =>
  (await claim.journal.read(ANSWERED)) !== undefined;

/**
 * Has the flow answer. Where it takes the finding of the thread back, and who asked may dismiss findings, the
 * finding is dismissed and its thread resolved with the answer.
 */
export const answerNote = async (talk: Talk, part: FlowPart, task: ReplyTask): Promise<Reaction> => {
  const outcome = await askOnce(talk, part, task);
  const { usage } = outcome;
  const failure = reasonOfStatus(outcome);
  const answer = failure === null ? readAnswer(answerOf(outcome)) : null;
  if (answer === null) {
    const reason =
      failure === null ? reasonOf("answer-missing") : reasonOf("answer-failed", { detail: causeOf(failure) });
    const text = talk.t("conversation.answer-failed");
    return { reason, text, usage, failure: { state: "failed", reason, usage } };
  }
  const reaction = await carryOut(talk, answer);
  const isWritten = task.write !== true || (await writeDescription(talk, answer));
  if (isWritten || reaction.text === null) return { ...reaction, usage };
  const text = `${reaction.text}\n\n${talk.t("conversation.description-acts")}`;
  return { ...reaction, text, done: false, usage };
};

/** Whether the description holds the proposal now; false where writing it would make a line of it act. */
const writeDescription = async ({ claim, forge, ref }: Talk, { reply }: Answer): Promise<boolean> => {
  const { description } = await forge.fetchMergeRequest(ref, claim.signal);
  const next = putDescription(description, publishAnswer(reply), await claim.remembered(DESCRIPTION_KEY));
  if (next === null) return false;
  // Known before it is written, so that a text whose writing is repeated takes its own place.
  await claim.memory.write(DESCRIPTION_KEY, next.written);
  if (next.description !== description) await forge.updateDescription(ref, next.description, claim.signal);
  return true;
};

/** The commands that dismiss a finding. */
const DISMISSING = ["resolve", "ignore"] as const;

const carryOut = async (talk: Talk, { reply, withdraw }: Answer): Promise<Reaction> => {
  const text = publishAnswer(reply);
  const finding = withdraw ? findingOf(talk) : null;
  if (finding === null) return { reason: reasonOf("answered"), text, done: true };
  const { commands } = talk.conversation.rules(talk.claim.run.projectPath);
  // What the flow was talked into is worth as much as the command that does the same.
  if (!DISMISSING.some((name) => mayCommand(talk.role, name, commands))) {
    const needed = roleFor("resolve", commands);
    return {
      reason: reasonOf("role-too-low", { command: "resolve", role: needed }),
      text: `${text}\n\n${talk.t("conversation.role-too-low", { role: talk.t(`role.${needed}`) })}`,
    };
  }
  await dismiss(talk, finding, "withdrawn");
  return {
    reason: reasonOf("withdrawn"),
    text: `${text}\n\n${talk.t("conversation.withdrawn")}`,
    resolve: true,
    done: true,
  };
};

const answerOf = ({ outputs }: FlowOutcome): Json => {
  const { answer } = outputs;
  if (answer !== undefined) return answer;
  return Object.values(outputs).find((value) => typeof value === "string") ?? null;
};

const askOnce = async (talk: Talk, part: FlowPart, task: ReplyTask): Promise<FlowOutcome> => {
  const { claim, logger, thread } = talk;
  const known = StoredOutcome.safeParse(await claim.journal.read(ANSWERED));
  if (known.success) return known.data;
  const declared = await part.runner.describe(claim.signal);
  const inputs = await inputsFor(talk, task);
  const names = new Set(declared.map(({ name }) => name));
  const given = Object.fromEntries(Object.entries(inputs).filter(([name]) => names.has(name)));
  const fitted = fitInputs(given, declared);
  for (const cut of fitted.cuts) logger.warn({ cut }, "Flow input cut");
  const call = {
    key: "answer",
    part: { role: "reply", index: 0 },
    files: thread.position === null ? [] : [thread.position.newPath],
    digest: part.digest,
  } as const;
  const record = recordedBy(createEventRecorder(claim, logger), call);
  const outcome = await composeRunner(part.runner, { record }).run({
    runId: `${claim.run.id}-answer`,
    inputs: fitted.inputs,
    journal: scopeJournal(claim.journal, "flow:answer:"),
    signal: claim.signal,
    onEvent: (event) => logger.debug({ event: event.event }, "Flow event"),
  });
  await rejectTransient(claim, call.key, outcome);
  const whole = { ...dropThoughts(outcome), usage: addUsage(outcome.usage, await readSpentInVain(claim)) };
  await claim.journal.write(ANSWERED, JsonObject.parse(whole));
  return whole;
};

/** Never the token: the flow judges words and code, and everything else is done here. */
const inputsFor = async (talk: Talk, { kind, question, language }: ReplyTask): Promise<JsonObject> => {
  const { claim, forge, mergeRequest, thread, event } = talk;
  const diff = await forge.fetchDiff(mergeRequest, claim.signal);
  const nonce = await nonceOf(talk);
  const about =
    thread.position === null ? diff.files.map(({ newPath }) => newPath) : [thread.position.newPath];
  const ruled = await rulesFor(talk, mergeRequest, about);
  return {
    task: kind,
    title: maskSecrets(mergeRequest.title).text,
    description: maskSecrets(mergeRequest.description).text,
    question: showNote(question),
    thread: renderThread(thread, { noteId: event.noteId, askerId: event.user.id }),
    code: renderCodeAround(diff, thread.position, nonce),
    is_finding: findingOf(talk) === null ? "no" : "yes",
    language: language ?? ruled.language,
    rules: ruled.text,
    nonce,
  };
};

/** The team's rules for the files that the thread is about, and the language that holds for it. */
const rulesFor = async (
  { claim, forge, flow, logger }: Talk,
  mergeRequest: MergeRequest,
  paths: readonly string[],
): Promise<{ readonly text: string; readonly language: string }> => {
  if (flow.contract !== "findings") return { text: "", language: flow.language };
  const { teamRules } = flow;
  const rules =
    teamRules === undefined
      ? flowRules(flow)
      : reviewRules(
          flow,
          await teamRules.read(forge, mergeRequest, claim.signal, logger),
          teamRules.language,
        );
  return { text: rules.textFor(paths), language: rules.flow.language };
};

const Nonce = z.string().regex(/^[0-9a-f]{32}$/);

/** Marks where data begins and ends; the same over all attempts, so that a runner finds its run again. */
const nonceOf = async ({ claim }: Talk): Promise<string> => {
  const known = Nonce.safeParse(await claim.journal.read("nonce"));
  if (known.success) return known.data;
  const nonce = randomBytes(16).toString("hex");
  await claim.journal.write("nonce", nonce);
  return nonce;
};
