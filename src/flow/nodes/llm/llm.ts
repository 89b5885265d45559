import { estimateTokens } from "../../../base/estimate-tokens.ts";
import type { JsonObject } from "../../../base/json.ts";
import { NodeError } from "../../node-error.ts";
import type { NodeContext, NodeDeclaration, NodeOutcome, NodeRemark } from "../../node.ts";
import { defineNodeKind, nodeFailure, portFailure, PLAIN_DECLARATION } from "../../node.ts";
import type { ModelAnswer } from "../../ports.ts";
import { readPool } from "../../pool.ts";
import { readsOfText } from "../selector-path.ts";
import { contextText } from "./context-text.ts";
import {
  declaredModels,
  modelFailures,
  modelRequest,
  modelWarnings,
  readsOfParameters,
} from "./model-settings.ts";
import {
  activeText,
  buildMessages,
  collectInputs,
  jinjaVariables,
  memoryQuery,
  promptTexts,
} from "./prompt.ts";
import { createReasoningFilter, splitReasoning, tagReasoning } from "./reasoning.ts";
import { answerSchema, LlmData } from "./schema.ts";
import { exactOutputs } from "../../value-type.ts";
import { createStructuredReader } from "./structured-output.ts";
import { usageOutput } from "./usage.ts";
import { loadImages, readsOfVision, visionFiles, withImages } from "./vision.ts";
import { type FlowMessage, flowMessage, inItsWords } from "../../messages/message.ts";

const schemaRemarks = (
  data: LlmData,
): { readonly failures: readonly NodeRemark[]; readonly warnings: readonly NodeRemark[] } => {
  const schema = answerSchema(data);
  if (schema === null) return { failures: [], warnings: [] };
  const field = "structured_output.schema";
  const fail = (message: FlowMessage) => ({ failures: [{ field, message }], warnings: [] });
  if (schema === undefined) {
    return fail(flowMessage("flow.llm.schema-not-an-object"));
  }
  const reader = createStructuredReader(schema);
  if (!reader.ok) return fail(flowMessage("flow.llm.schema-invalid", { reason: reader.reason }));
  const warnings = reader.unresolved.map((reference) => ({
    field,
    message: flowMessage("flow.node.unresolved-reference", { reference }),
  }));
  return { failures: [], warnings };
};

const contextSelector = (data: LlmData): readonly string[] | null =>
  data.context?.enabled === true && (data.context.variable_selector ?? []).length > 0
    ? (data.context.variable_selector ?? null)
    : null;

const declare = (data: LlmData): NodeDeclaration => {
  const prompts = promptTexts(data);
  const context = contextSelector(data);
  const schema = schemaRemarks(data);
  const isEmpty = prompts.every((prompt) => activeText(prompt).trim() === "") && memoryQuery(data) === null;
  return {
    ...PLAIN_DECLARATION,
    reads: [
      ...prompts.flatMap((prompt, index) =>
        readsOfText(`prompt_template.${index}`, activeText(prompt)).map((use) => ({ ...use, needed: true })),
      ),
      ...jinjaVariables(data).map(({ variable, value_selector }) => ({
        selector: value_selector,
        field: `prompt_config.jinja2_variables.${variable}`,
        needed: true,
      })),
      ...readsOfText("memory.query_prompt_template", data.memory?.query_prompt_template ?? ""),
      ...(context === null ? [] : [{ selector: context, field: "context.variable_selector", needed: false }]),
      ...readsOfVision(data.vision),
      ...readsOfParameters(data.model),
    ],
    outputs: {
      text: "string",
      reasoning_content: "string",
      usage: "object",
      finish_reason: "string",
      ...(answerSchema(data) === null ? {} : { structured_output: "object" }),
    },
    models: declaredModels(data.model),
    promptTokens: prompts.reduce((sum, prompt) => sum + estimateTokens(activeText(prompt)), 0),
    languages: prompts.some(({ edition_type }) => edition_type === "jinja2") ? ["jinja2"] : [],
    failures: [...modelFailures(data.model), ...schema.failures],
    warnings: [
      ...schema.warnings,
      ...modelWarnings(data),
      ...(isEmpty ? [{ field: "prompt_template", message: flowMessage("flow.llm.prompt-missing") }] : []),
    ],
  };
};

/** What the model said, as the node's outputs; the reasoning lies apart or in think tags. */
const readAnswer = (
  data: LlmData,
  answer: ModelAnswer,
): { readonly text: string; readonly reasoning: string } => {
  if (data.reasoning_format === "tagged")
    return { text: tagReasoning(answer.text, answer.reasoning), reasoning: "" };
  const { text, reasoning } = splitReasoning(answer.text);
  return { text, reasoning: [answer.reasoning.trim(), reasoning].filter((part) => part !== "").join("\n") };
};

/** Passes the model's stream on, reasoning apart where the file wants it so. */
const createStream = (data: LlmData, context: NodeContext) => {
  if (data.reasoning_format === "tagged") {
    return { feed: (chunk: string) => context.emitText("text", chunk), finish: () => undefined };
  }
  const filter = createReasoningFilter();
  const pass = (pieces: ReturnType<typeof filter.feed>): void => {
    for (const { kind, chunk } of pieces) {
      if (kind === "text") context.emitText("text", chunk);
      else context.emitReasoning(chunk);
    }
  };
  return { feed: (chunk: string) => pass(filter.feed(chunk)), finish: () => pass(filter.finish()) };
};

const readContext = (data: LlmData, context: NodeContext): string | NodeOutcome => {
  const selector = contextSelector(data);
  try {
    return selector === null ? "" : contextText(readPool(context.pool, selector));
  } catch (error) {
    if (error instanceof NodeError) return nodeFailure("InvalidContextStructureError", error.what);
    throw error;
  }
};

const finish = (data: LlmData, answer: ModelAnswer, latencyMs: number, inputs: JsonObject): NodeOutcome => {
  const { text, reasoning } = readAnswer(data, answer);
  const outputs = {
    text,
    reasoning_content: reasoning,
    usage: usageOutput(answer.usage, latencyMs),
    finish_reason: answer.finishReason,
  };
  const schema = answerSchema(data) ?? null;
  if (schema === null) return { ok: true, outputs, inputs, usage: answer.usage };
  const reader = createStructuredReader(schema);
  const result = reader.ok
    ? reader.read(answer.text)
    : { ok: false as const, message: inItsWords(reader.reason) };
  if (!result.ok) return nodeFailure("LLMNodeError", result.message, { inputs, usage: answer.usage });
  return {
    ok: true,
    ...exactOutputs({ ...outputs, structured_output: result.value }),
    inputs,
    usage: answer.usage,
  };
};

const execute = async (data: LlmData, context: NodeContext): Promise<NodeOutcome> => {
  const { pool, ports, signal, clock } = context;
  const collected = collectInputs(data, pool);
  if (!collected.ok) {
    const message = flowMessage("flow.node.variable-missing", { variable: collected.missing });
    return nodeFailure("VariableNotFoundError", message);
  }
  const contextOrFailure = readContext(data, context);
  if (typeof contextOrFailure !== "string") return contextOrFailure;
  const files = visionFiles(data.vision, context);
  const inputs = {
    ...collected.inputs,
    ...(contextOrFailure === "" ? {} : { "#context#": contextOrFailure }),
    ...(files.length === 0 ? {} : { "#files#": files }),
    model_provider: data.model.provider,
    model_name: data.model.name,
  };
  const messages = await buildMessages(data, {
    pool,
    context: contextOrFailure,
    renderer: ports.template,
    turns: context.turns,
    loadImages: (found) => loadImages(found, data.vision, context),
    signal,
  });
  if (!messages.ok) return portFailure(messages, { inputs });
  const shown = withImages(messages.value, await loadImages(files, data.vision, context));
  if (shown.length === 0) {
    return nodeFailure("NoPromptFoundError", flowMessage("flow.llm.no-prompt"), { inputs });
  }
  const stream = createStream(data, context);
  const startedAt = clock.now();
  const answer = await ports.model.generate({
    ...modelRequest(pool, data.model),
    messages: shown,
    responseSchema: answerSchema(data) ?? null,
    signal,
    onText: stream.feed,
  });
  stream.finish();
  // Dify repeats these, too; a request that was refused for what it says is refused again, and paid again.
  if (!answer.ok) return portFailure(answer, { inputs, isFinal: !answer.retryable });
  return finish(data, answer.value, clock.now() - startedAt, inputs);
};

/** Asks a language model (Dify's node documentation, "LLM"). */
export const llmKind = defineNodeKind({ type: "llm", retries: true, schema: LlmData, declare, execute });
