import { type Reason, reasonOf } from "../../base/reason.ts";
import { scopeJournal } from "../../base/journal.ts";
import { type Json, JsonObject } from "../../base/json.ts";
import type { Logger } from "../../base/logger.ts";
import { fitInputs } from "../../review/fit-inputs.ts";
import type { FlowInput, FlowOutcome } from "../../review/flow-runner.ts";
import { dropThoughts } from "../../review/read-outcome.ts";
import type { Claim } from "../../store/store.ts";
import { type FlowCall, createEventRecorder, recordedBy } from "../record-events.ts";
import { composeRunner } from "../../review/compose-runner.ts";
import { StoredOutcome } from "../stored-outcome.ts";
import { readSpentInVain, rejectTransient } from "../transient-outcome.ts";
import type { FindingsFlow, FlowPart } from "./findings-flow.ts";
import { type UsageMeter, createUsageMeter } from "./usage-meter.ts";

/** What a flow is asked. */
export type Question = Omit<FlowCall, "digest">;

/** Asks the flows of one run, each question once over all attempts of the run. */
export type FlowDesk = {
  readonly meter: UsageMeter;
  /** The flows that were run in place of the configured ones. */
  readonly fallbacks: () => readonly Reason[];
  /**
   * Runs the flow, or returns how it ended in an earlier attempt. Of the inputs only those are sent that
   * the flow declares.
   */
  readonly ask: (part: FlowPart, question: Question, inputs: JsonObject) => Promise<FlowOutcome>;
  /** The input as the flow declares it, null when it does not. */
  readonly declared: (part: FlowPart, name: string) => Promise<FlowInput | null>;
  /** What people taught the reviewer: from now on every question has it, as far as its flow takes it. */
  readonly tell: (lessons: string) => void;
};

const ASKED = "asked:";

/** Opens the desk of a run with what its journal knows. */
export const openFlowDesk = async (claim: Claim, flow: FindingsFlow, logger: Logger): Promise<FlowDesk> => {
  const answers = new Map<string, FlowOutcome>();
  for (const [key, value] of await claim.journal.entries(ASKED)) {
    const parsed = StoredOutcome.safeParse(value);
    if (parsed.success) answers.set(key.slice(ASKED.length), parsed.data);
  }
  const meter = createUsageMeter(flow.limits, [
    await readSpentInVain(claim),
    ...[...answers.values()].map(({ usage }) => usage),
  ]);
  const inputsOf = describeOnce(claim.signal);
  const recorder = createEventRecorder(claim, logger);
  let lessons = "";
  return {
    meter,
    fallbacks: () =>
      [...new Set([...answers.values()].flatMap(({ fallbackUsed }) => fallbackUsed ?? []))].map((flow) =>
        reasonOf("fallback-used", { flow }),
      ),
    declared: async (part, name) => (await inputsOf(part)).find((input) => input.name === name) ?? null,
    tell: (told) => {
      lessons = told;
    },
    ask: async (part, question, inputs) => {
      const { key } = question;
      const known = answers.get(key);
      if (known !== undefined) return known;
      const declared = await inputsOf(part);
      const fitted = fitInputs(pickDeclared({ ...inputs, lessons }, declared), declared);
      for (const cut of fitted.cuts) logger.warn({ key, cut }, "Flow input cut");
      const record = recordedBy(recorder, { ...question, digest: part.digest });
      const ended = await composeRunner(part.runner, { record }).run({
        // A runner looks a lost answer up by this name, so that no two questions may share it.
        runId: `${claim.run.id}-${key}`,
        inputs: fitted.inputs,
        lessons,
        journal: scopeJournal(claim.journal, `flow:${key}:`),
        signal: claim.signal,
        onEvent: (event) =>
          logger.debug(
            { key, event: event.event, node: "node" in event ? event.node.title : undefined },
            "Flow event",
          ),
      });
      meter.add(ended.usage);
      await rejectTransient(claim, key, ended);
      const outcome = dropThoughts(ended);
      await claim.journal.write(`${ASKED}${key}`, JsonObject.parse(outcome));
      answers.set(key, outcome);
      return outcome;
    },
  };
};

const describeOnce = (signal: AbortSignal): ((part: FlowPart) => Promise<readonly FlowInput[]>) => {
  const known = new Map<FlowPart, Promise<readonly FlowInput[]>>();
  return (part) => {
    const described = known.get(part) ?? part.runner.describe(signal);
    known.set(part, described);
    return described;
  };
};

/** The inputs that a flow declares, numbers as texts where it wants a text. */
const pickDeclared = (inputs: JsonObject, declared: readonly FlowInput[]): JsonObject =>
  Object.fromEntries(
    declared.flatMap(({ name, type }): [string, Json][] => {
      const value = inputs[name];
      if (value === undefined) return [];
      return [[name, typeof value === "number" && type !== "number" ? String(value) : value]];
    }),
  );
