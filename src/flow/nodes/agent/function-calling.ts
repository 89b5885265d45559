import { JsonObject, parseJson } from "../../../base/json.ts";
import { readJsonObject } from "../../../base/model-json/read-json.ts";
import { exactOfNode, plainOf } from "../../exact.ts";
import type { ModelAnswer, ModelMessage, ToolCall } from "../../ports.ts";
import {
  type AgentInput,
  type AgentRun,
  historyOf,
  type AgentStrategy,
  type CallResult,
  type Round,
} from "./agent-run.ts";
import { ARGUMENTS_UNREADABLE, FENCE_NOTE, limitReached } from "./prompt.ts";

/** The arguments of a call, damaged as they may be; nothing at all is an empty object. */
const inputOf = ({ arguments: text }: ToolCall): AgentInput => {
  if (text.trim() === "") return { ok: true, value: {} };
  const strict = JsonObject.safeParse(parseJson(text));
  if (strict.success) return { ok: true, value: strict.data };
  const node = text.includes("{") ? readJsonObject(text) : null;
  const repaired = node === null ? null : JsonObject.safeParse(plainOf(exactOfNode(node)));
  if (repaired?.success === true) return { ok: true, value: repaired.data };
  return { ok: false, why: ARGUMENTS_UNREADABLE };
};

const firstMessages = (run: AgentRun): readonly ModelMessage[] => {
  const { instruction, query, tools } = run;
  return [
    {
      role: "system" as const,
      content: [instruction, ...(tools.length === 0 ? [] : [FENCE_NOTE])]
        .filter((text) => text !== "")
        .join("\n\n"),
    },
    ...historyOf(run),
    { role: "user" as const, content: query },
  ].filter(({ content }) => content !== "");
};

/** Calls the tools that an answer asks for, one after the other. */
const callAll = async (run: AgentRun, round: Round, answer: ModelAnswer) => {
  const results: { readonly call: ToolCall; readonly result: CallResult; readonly told: JsonObject }[] = [];
  for (const call of answer.toolCalls) {
    let told: JsonObject = {};
    const result = await run.call(round, {
      name: call.name,
      input: inputOf(call),
      entry: (text, input) => {
        told = {
          tool_call_id: call.id,
          tool_call_name: call.name,
          tool_call_input: input,
          tool_response: text,
        };
        return { output: told };
      },
    });
    results.push({ call, result, told });
  }
  return results;
};

/** The answer and the results of its calls, as the next request has them. */
const continued = (
  { text, toolCalls, turn }: ModelAnswer,
  results: Awaited<ReturnType<typeof callAll>>,
): readonly ModelMessage[] => [
  { role: "assistant", content: text, toolCalls, ...(turn === undefined ? {} : { turn }) },
  ...results.map(({ call, result }): ModelMessage => ({
    role: "tool",
    content: result.shown,
    callId: call.id,
    toolName: call.name,
  })),
];

/**
 * Dify's strategy `function_calling`: the model is asked with the tools, what it calls is called and told to it, until an
 * answer calls nothing. In the last round the tools are only shown, so that the model answers; with a single round their
 * results are the answer. The text is that of all answers, with a line break behind the calls of each.
 */
export const callFunctions: AgentStrategy = async (run) => {
  const { tools, maxIterations } = run;
  let messages = firstMessages(run);
  for (let number = 1; number <= maxIterations; number += 1) {
    const round = run.begin(number);
    const isLast = number === maxIterations && maxIterations > 1;
    let shown = "";
    const answer = await run.ask(
      round,
      {
        messages,
        ...(tools.length === 0 ? {} : { tools: tools.map(({ offered }) => offered) }),
        toolChoice: isLast ? "none" : "auto",
      },
      (chunk) => {
        shown += chunk;
        run.show(chunk);
      },
    );
    run.say(answer.text, shown !== "");
    const results = await callAll(run, round, answer);
    if (results.length > 0) run.say("\n");
    run.end(round, {
      output: { llm_response: answer.text, tool_responses: results.map(({ told }) => told) },
    });
    if (results.length === 0) return;
    if (maxIterations === 1) run.say(results.map(({ result }) => result.text).join(""));
    else if (isLast && answer.text === "") run.say(limitReached(maxIterations, results[0]?.call.name ?? ""));
    messages = [...messages, ...continued(answer, results)];
  }
};
