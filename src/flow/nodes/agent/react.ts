import { z } from "zod";
import { JsonObject, type Json, parseJson } from "../../../base/json.ts";
import { createJsonReader } from "../../../base/model-json/read-json.ts";
import { exactOfNode, plainOf } from "../../exact.ts";
import type { ModelMessage } from "../../ports.ts";
import { isJsonArray, isJsonObject } from "../../value-type.ts";
import { splitReasoning } from "../llm/reasoning.ts";
import { type AgentInput, type AgentRun, historyOf, type AgentStrategy } from "./agent-run.ts";
import type { AgentTool } from "./agent-tools.ts";
import { INPUT_UNREADABLE, limitReached, reactPrompt, TOOLS_WITHDRAWN } from "./prompt.ts";

/** What a model calls. */
type Action = { readonly name: string; readonly input: Json };

/** An answer in the form Thought, Action, Observation, FinalAnswer. */
type ReactAnswer = {
  readonly thought: string;
  readonly action: Action | null;
  /** Null where the answer gives no final one. */
  readonly final: string | null;
};

/** The words that lead a part in, at the beginning or behind white space; "Final Answer:" is the older form. */
const LEAD =
  /(?<=^|\s)(?:(?<thought>thought)|(?<action>action)|(?<final>final ?answer)|(?<seen>observation)):/i;

/** The call in a JSON value: the key with "input" in its name holds the input, another one the tool's name. */
const actionIn = (value: Json): Action | null => {
  const [only, ...more] = isJsonArray(value) ? value : [value];
  if (!isJsonObject(only) || more.length > 0) return null;
  const entries = Object.entries<Json>(only);
  const input = entries.findLast(([key]) => /input/i.test(key))?.[1] ?? null;
  const name = entries.findLast(([key]) => !/input/i.test(key))?.[1] ?? null;
  return typeof name === "string" && name !== "" && input !== null ? { name, input } : null;
};

/**
 * Reads an answer as Dify's agent plugin does: what stands before a call or a final answer is the thought; a JSON value
 * with a name and an input is a call, also without its lead. The first call counts: what a model writes behind it, as if it
 * had been answered, it made up.
 */
const readReact = (answer: string): ReactAnswer => {
  const { text } = splitReasoning(answer);
  const read = createJsonReader(text);
  let thought = "";
  let at = 0;
  let isAwaited = false;
  while (at < text.length) {
    const rest = text.slice(at);
    const lead = LEAD.exec(rest);
    const json = rest.search(/[{[]/);
    if (lead !== null && (json < 0 || lead.index < json)) {
      thought += rest.slice(0, lead.index);
      const behind = at + lead.index + lead[0].length;
      if (lead.groups?.["final"] !== undefined)
        return { thought: thought.trim(), action: null, final: text.slice(behind).trimStart() };
      isAwaited = lead.groups?.["action"] !== undefined;
      at = behind;
      continue;
    }
    if (json < 0) {
      thought += rest;
      break;
    }
    thought += rest.slice(0, json);
    const reading = read(at + json);
    const isValue = reading.ok && (isAwaited || !reading.repaired);
    const action = isValue ? actionIn(plainOf(exactOfNode(reading.node))) : null;
    if (action !== null) return { thought: withoutFence(thought), action, final: null };
    const end = isValue ? reading.node.end : at + json + 1;
    thought += text.slice(at + json, end);
    at = end;
  }
  return { thought: thought.trim(), action: null, final: null };
};

/** A thought without the Markdown fence in which the call behind it begins. */
const withoutFence = (thought: string): string =>
  thought
    .trim()
    .replace(/```(?:json)?$/i, "")
    .trim();

/** Shows a final answer piece by piece as it comes, and nothing else of an answer. */
const createFinalStream = (show: (chunk: string) => void) => {
  let whole = "";
  let shown: string | null = null;
  return {
    feed: (chunk: string): void => {
      whole += chunk;
      // Reading all of it again is for the moment only in which the lead has come.
      if (shown === null && !/final ?answer:/i.test(whole)) return;
      const { final } = readReact(whole);
      if (final === null || !final.startsWith(shown ?? "")) return;
      const piece = final.slice((shown ?? "").length);
      shown = final;
      if (piece !== "") show(piece);
    },
    shown: () => shown ?? "",
  };
};

/** What was thought and done in a round. */
type Step = { readonly thought: string; readonly action: Action; readonly observation: string };

const scratchpad = (steps: readonly Step[]): string =>
  steps
    .map(({ thought, action: { name, input }, observation }) =>
      [
        `Thought: ${thought}`,
        `Action: ${JSON.stringify({ action: name, action_input: input })}`,
        `Observation: ${observation}`,
      ].join("\n\n"),
    )
    .join("\n\n");

const messagesOf = (run: AgentRun, steps: readonly Step[], isLast: boolean): readonly ModelMessage[] => {
  const { instruction, query, tools } = run;
  const messages: readonly ModelMessage[] = [
    {
      role: "system",
      content:
        tools.length === 0
          ? instruction
          : reactPrompt(
              instruction,
              tools.map(({ offered }) => offered),
            ),
    },
    ...historyOf(run),
    {
      role: "user",
      content: steps.length === 0 && isLast && tools.length > 0 ? `${query}\n\n${TOOLS_WITHDRAWN}` : query,
    },
    ...(steps.length === 0
      ? []
      : ([
          { role: "assistant", content: scratchpad(steps) },
          { role: "user", content: isLast ? TOOLS_WITHDRAWN : "continue" },
        ] as const)),
  ];
  return messages.filter(({ content }) => content !== "");
};

const Properties = z.looseObject({ properties: z.record(z.string(), z.unknown()) });

/** The input of a call: an object, its JSON, or the only parameter's value. */
const inputOf = (input: Json, tool: AgentTool | undefined): AgentInput => {
  if (isJsonObject(input)) return { ok: true, value: input };
  const parsed = JsonObject.safeParse(typeof input === "string" ? parseJson(input) : null);
  if (parsed.success) return { ok: true, value: parsed.data };
  const stated = Properties.safeParse(tool?.offered.parameters);
  const [only, ...more] = stated.success ? Object.keys(stated.data.properties) : [];
  if (only === undefined) return { ok: true, value: {} };
  if (more.length === 0) return { ok: true, value: { [only]: input } };
  return { ok: false, why: INPUT_UNREADABLE };
};

/** The text of a final answer that a model gives as if it were a tool. */
const finalInput = ({ name, input }: Action): string | null => {
  if (!/^final ?answer$/i.test(name)) return null;
  return typeof input === "string" ? input : JSON.stringify(input);
};

/**
 * Dify's strategy `ReAct`: the tools stand in the prompt, the model writes what it thinks and calls, and is shown what came of
 * it, until it gives a final answer. The text is that answer alone. In the last round no tool is called any more.
 */
export const reasonAndAct: AgentStrategy = async (run) => {
  const { tools, maxIterations } = run;
  const steps: Step[] = [];
  for (let number = 1; number <= maxIterations; number += 1) {
    const round = run.begin(number);
    const isLast = number === maxIterations;
    const stream = createFinalStream(run.show);
    const messages = messagesOf(run, steps, isLast);
    const stop = tools.length === 0 ? {} : { stop: "Observation:" };
    const { text } = await run.ask(round, { messages, ...stop }, stream.feed);
    const { thought, action, final } = tools.length === 0 ? plainAnswer(text) : readReact(text);
    const answer = action === null ? (final ?? thought) : finalInput(action);
    let observation = "";
    if (answer !== null) {
      run.say(answer, stream.shown() !== "");
    } else if (action !== null) {
      const tool = tools.find(({ offered }) => offered.name === action.name);
      const result = await run.call(round, {
        name: action.name,
        input: inputOf(action.input, tool),
        entry: (output, input) => ({ tool_name: action.name, tool_call_args: input, output }),
      });
      observation = result.text;
      steps.push({ thought, action, observation: result.shown });
      if (isLast) run.say(limitReached(maxIterations, action.name));
    }
    const { name: action_name = "", input: action_input = "" } = action ?? {};
    run.end(round, { action_name, action_input, thought, observation });
    if (answer !== null) return;
  }
};

const plainAnswer = (text: string): ReactAnswer => {
  const { final } = readReact(text);
  return { thought: "", action: null, final: final ?? splitReasoning(text).text };
};
