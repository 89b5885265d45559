import { z } from "zod";
import { scopeJournal, type Journal } from "../../../base/journal.ts";
import { Json, JsonObject } from "../../../base/json.ts";
import { addUsage, type FlowUsage, NO_USAGE } from "../../flow-event.ts";
import { FlowUsage as KeptUsage, ModelAnswer as KeptAnswer } from "../../flow-usage.ts";
import type { NodeContext } from "../../node.ts";
import type { ModelAnswer, ModelMessage, ModelRequest } from "../../ports.ts";
import { type LogEntry, openAgentLog, priceOf } from "./agent-log.ts";
import { type AgentTool, parametersOf, PortFailed, withinTime } from "./agent-tools.ts";
import { fenced, limitReached, noSuchTool, resultOf, tooManyAtOnce, tooManyCalls } from "./prompt.ts";

/** The most calls of tools that one agent makes, and those of one answer. */
const MAX_CALLS = 200;
const MAX_CALLS_AT_ONCE = 16;

/** What an agent works with, whatever its strategy. */
export type AgentRun = {
  readonly instruction: string;
  readonly query: string;
  /** What was said before in a chat, where the agent has memory. */
  readonly history: NodeContext["turns"];
  readonly maxIterations: number;
  readonly tools: readonly AgentTool[];
  readonly begin: (number: number) => Round;
  readonly end: (round: Round, data: JsonObject) => void;
  /** Asks the model in a round. An answer that the journal has is not asked for again. Throws PortFailed. */
  readonly ask: (
    round: Round,
    request: Pick<ModelRequest, "messages" | "tools" | "toolChoice"> & {
      /** Words at which the answer is to end, besides those of the file. */
      readonly stop?: string;
    },
    onText: (chunk: string) => void,
  ) => Promise<ModelAnswer>;
  /** Calls a tool in a round, or says why not; what the journal has is not called again. */
  readonly call: (round: Round, call: AgentCall) => Promise<CallResult>;
  /** Adds to the text of the node. `isShown` where its pieces have been shown already. */
  readonly say: (text: string, isShown?: boolean) => void;
  readonly show: (chunk: string) => void;
  /** The log as the node puts it out. */
  readonly logged: () => readonly Json[];
};

/** The messages of what was said before. */
export const historyOf = ({ history }: AgentRun): readonly ModelMessage[] =>
  history.flatMap(({ query, answer }) => [
    { role: "user" as const, content: query },
    { role: "assistant" as const, content: answer },
  ]);

/** How an agent comes to its text. */
export type AgentStrategy = (run: AgentRun) => Promise<void>;

/** A round of an agent: an answer of the model, and the calls of tools that it asks for. */
export type Round = {
  readonly number: number;
  readonly log: LogEntry;
  readonly startedAtMs: number;
  calls: number;
  usage: FlowUsage;
};

/** What a model gives to a tool, as far as it can be read. */
export type AgentInput =
  | { readonly ok: true; readonly value: JsonObject }
  | { readonly ok: false; readonly why: string };

/** A call that a model asks for. */
type AgentCall = {
  /** The offered name. */
  readonly name: string;
  /** What the tool is to be given, or why that cannot be read, in words for the model. */
  readonly input: AgentInput;
  /** What the log tells of the call beside its result. */
  readonly entry: (result: string, input: JsonObject) => JsonObject;
};

/** What came of a call: as it is, and as the model is shown it. */
export type CallResult = { readonly text: string; readonly shown: string };

const KeptTimes = { startedAtMs: z.number(), endedAtMs: z.number() };
const AnswerEntry = z.object({ ...KeptTimes, answer: KeptAnswer });
const CallEntry = z.object({
  ...KeptTimes,
  text: z.string(),
  input: JsonObject,
  files: z.array(JsonObject),
  usage: KeptUsage,
});

/** Does a part of the work, or takes what the journal has of it. */
const once = async <Entry>(
  journal: Journal,
  key: string,
  type: z.ZodType<Entry>,
  work: () => Promise<Entry>,
): Promise<{ readonly entry: Entry; readonly isResumed: boolean }> => {
  const known = type.safeParse(await journal.read(key));
  if (known.success) return { entry: known.data, isResumed: true };
  const entry = await work();
  await journal.write(key, Json.parse(entry));
  return { entry, isResumed: false };
};

/** What an agent has done and said so far. */
export type AgentTally = {
  text: string;
  /** What the model took. */
  usage: FlowUsage;
  /** What tools took beside it. */
  toolUsage: FlowUsage;
  readonly files: JsonObject[];
};

/** The file's parameters with one more word at which the answer ends. */
const withStop = (parameters: JsonObject, word: string): JsonObject => {
  const { stop = [] } = parameters;
  const words = [stop].flat().filter((one) => typeof one === "string" && one !== "");
  return { ...parameters, stop: words.includes(word) ? words : [...words, word] };
};

/** Makes ready what the strategies share: asking and calling once a run, counting, telling. */
export const openAgentRun = (
  context: NodeContext,
  settings: Pick<AgentRun, "instruction" | "query" | "history" | "maxIterations" | "tools"> & {
    readonly model: Pick<ModelRequest, "provider" | "name" | "parameters">;
  },
  tally: AgentTally,
): AgentRun => {
  const { clock, signal, ports, journal, mask } = context;
  const { model, tools } = settings;
  const log = openAgentLog(context);
  let calls = 0;

  const ask: AgentRun["ask"] = async (round, { stop, ...request }, onText) => {
    const parameters = stop === undefined ? model.parameters : withStop(model.parameters, stop);
    const thought = log.begin(`${model.name} Thought`, round.log, { provider: model.provider });
    const { entry, isResumed } = await once(
      journal,
      `round/${round.number}/answer`,
      AnswerEntry,
      async () => {
        const startedAtMs = clock.now();
        const result = await ports.model.generate({
          ...model,
          ...request,
          parameters,
          responseSchema: null,
          signal,
          onText,
        });
        if (!result.ok) throw new PortFailed(result);
        return { startedAtMs, endedAtMs: clock.now(), answer: result.value };
      },
    );
    const { answer } = entry;
    tally.usage = addUsage(tally.usage, answer.usage);
    round.usage = answer.usage;
    if (isResumed && answer.text !== "") onText(answer.text);
    thought.end(
      {
        output: answer.text,
        tool_name: answer.toolCalls.map(({ name }) => name).join(";"),
        tool_input: answer.toolCalls.map(({ name, arguments: args }) => ({ name, args })),
      },
      entry,
      { provider: model.provider, ...priceOf(answer.usage) },
    );
    return answer;
  };

  const invoke = async (
    tool: AgentTool,
    input: JsonObject,
    key: string,
  ): Promise<z.infer<typeof CallEntry>> => {
    const startedAtMs = clock.now();
    const answer = await withinTime(context, (limited) =>
      ports.tools.invoke({
        ...tool.reference,
        parameters: input,
        settings: tool.settings,
        signal: limited,
        callDepth: context.callDepth,
        journal: scopeJournal(journal, `${key}/`),
      }),
    );
    return {
      startedAtMs,
      endedAtMs: clock.now(),
      text: mask(resultOf(answer)),
      input,
      files: answer.ok ? [...answer.value.files] : [],
      usage: (answer.ok ? answer.value.usage : answer.usage) ?? NO_USAGE,
    };
  };

  /** Why a call is not made, null when it is. */
  const refusalOf = (
    round: Round,
    { name, input }: AgentCall,
    tool: AgentTool | undefined,
  ): string | null => {
    const isLast = round.number === settings.maxIterations && settings.maxIterations > 1;
    if (isLast) return limitReached(settings.maxIterations, name);
    if (tool === undefined) return noSuchTool(name);
    if (round.calls > MAX_CALLS_AT_ONCE) return tooManyAtOnce(MAX_CALLS_AT_ONCE);
    if (calls >= MAX_CALLS) return tooManyCalls(MAX_CALLS);
    return input.ok ? null : input.why;
  };

  const call: AgentRun["call"] = async (round, asked) => {
    const tool = tools.find(({ offered }) => offered.name === asked.name);
    const provider = tool?.reference.providerId ?? "";
    const entryLog = log.begin(`CALL ${tool?.reference.toolName ?? asked.name}`, round.log, { provider });
    round.calls += 1;
    const key = `round/${round.number}/call/${round.calls}`;
    const refusal = refusalOf(round, asked, tool);
    if (refusal !== null || tool === undefined) {
      const now = clock.now();
      const text = refusal ?? noSuchTool(asked.name);
      entryLog.end(asked.entry(text, {}), { startedAtMs: now, endedAtMs: now }, { provider });
      return { text, shown: text };
    }
    calls += 1;
    const given = parametersOf(tool, asked.input.ok ? asked.input.value : {});
    const { entry } = await once(journal, key, CallEntry, () => invoke(tool, given, key));
    tally.toolUsage = addUsage(tally.toolUsage, entry.usage);
    tally.files.push(...entry.files);
    entryLog.end(asked.entry(entry.text, entry.input), entry, { provider });
    return { text: entry.text, shown: fenced(entry.text) };
  };

  const show = (chunk: string): void => context.emitText("text", chunk);
  return {
    ...settings,
    begin: (number) => ({
      number,
      log: log.begin(`ROUND ${number}`, null),
      startedAtMs: clock.now(),
      calls: 0,
      usage: NO_USAGE,
    }),
    end: (round, data) =>
      round.log.end(data, { startedAtMs: round.startedAtMs, endedAtMs: clock.now() }, priceOf(round.usage)),
    logged: log.output,
    ask,
    call,
    show,
    say: (text, isShown = false) => {
      tally.text += text;
      if (!isShown && text !== "") show(text);
    },
  };
};
