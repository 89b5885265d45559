import type { Json, JsonObject } from "../../../base/json.ts";
import type { Exact } from "../../exact.ts";
import type { NodeContext } from "../../node.ts";
import type { Pool, Selector } from "../../pool.ts";
import { readPool, resolveText, selectorsInText } from "../../pool.ts";
import type { ModelImage, ModelMessage, NodeResult, TemplateRenderer } from "../../ports.ts";
import { exactOf, isArrayType, isJsonArray, isJsonObject } from "../../value-type.ts";
import type { Variable } from "../../value-type.ts";
import { pythonJson, pythonStr, textOfVariable } from "../../value-text.ts";
import { rememberedTurns } from "./model-settings.ts";
import type { LlmData, PromptText } from "./schema.ts";
import { filesOf } from "./vision.ts";

const CONTEXT_PLACEHOLDER = "{{#context#}}";
const HISTORIES_PLACEHOLDER = "{{#histories#}}";

/** The prompts of a node, however many it has. */
export const promptTexts = (data: LlmData): readonly PromptText[] => [data.prompt_template].flat();

/** The text of a prompt that counts under its edition. */
export const activeText = (prompt: PromptText): string =>
  prompt.edition_type === "jinja2" ? (prompt.jinja2_text ?? "") : prompt.text;

/** The variables of a node's Jinja2 prompts. */
export const jinjaVariables = (
  data: LlmData,
): readonly { readonly variable: string; readonly value_selector: Selector }[] =>
  data.prompt_config?.jinja2_variables ?? [];

/** The query that memory adds to the prompts, as a template; null without memory. */
export const memoryQuery = (data: LlmData): string | null => {
  if (data.memory === null || data.memory === undefined) return null;
  const own = data.memory.query_prompt_template ?? "";
  return own === "" ? "{{#sys.query#}}" : own;
};

const mappingText = (value: JsonObject): string => {
  const metadata = value["metadata"];
  return isJsonObject(metadata) && "_source" in metadata && "content" in value
    ? pythonStr(value["content"] ?? null)
    : pythonJson(value);
};

const jinjaInputText = (variable: Variable): string => {
  const { type, value } = variable;
  if (isJsonObject(value) && type === "object") return mappingText(value);
  if (!isArrayType(type) || !isJsonArray(value)) return textOfVariable(variable);
  return value
    .map((item) => `${isJsonObject(item) ? mappingText(item) : pythonStr(item)}\n`)
    .join("")
    .trim();
};

/** The variables that the prompts use, by the names that Dify's events show; a missing one is named. */
export const collectInputs = (
  data: LlmData,
  pool: Pool,
): { readonly ok: true; readonly inputs: JsonObject } | { readonly ok: false; readonly missing: string } => {
  const inputs: Record<string, Json> = {};
  const texts = [...promptTexts(data).map(activeText), data.memory?.query_prompt_template ?? ""];
  for (const selector of texts.flatMap(selectorsInText)) {
    const name = `#${selector.join(".")}#`;
    const variable = readPool(pool, selector);
    if (variable === undefined) return { ok: false, missing: name };
    inputs[name] = variable.value ?? "";
  }
  for (const { variable: name, value_selector } of jinjaVariables(data)) {
    const variable = readPool(pool, value_selector);
    if (variable === undefined) return { ok: false, missing: name };
    inputs[name] = jinjaInputText(variable);
  }
  return { ok: true, inputs };
};

/**
 * Fills one basic prompt. The context goes in as it is: references inside retrieved documents or a reviewed change
 * are text, not references (Dify would resolve them, secrets of the environment included).
 */
const fillBasic = (text: string, pool: Pool, context: string): string =>
  text
    .split(CONTEXT_PLACEHOLDER)
    .map((part) => resolveText(pool, part))
    .join(context);

/** What prompts are filled from. */
export type PromptSources = {
  readonly pool: Pool;
  readonly context: string;
  readonly renderer: TemplateRenderer;
  readonly turns: NodeContext["turns"];
  /** Fetches the images among files that a prompt refers to. */
  readonly loadImages: (files: readonly Json[]) => Promise<readonly ModelImage[]>;
  readonly signal: AbortSignal;
};

const fill = async (
  prompt: PromptText,
  data: LlmData,
  { pool, context, renderer, signal }: PromptSources,
): Promise<NodeResult<string>> => {
  const text = activeText(prompt);
  if (prompt.edition_type !== "jinja2") return { ok: true, value: fillBasic(text, pool, context) };
  if (text === "") return { ok: true, value: "" };
  const variables = Object.fromEntries(
    jinjaVariables(data).map(({ variable, value_selector }): readonly [string, Exact] => {
      const found = readPool(pool, value_selector);
      return [variable, found === undefined ? "" : exactOf(found)];
    }),
  );
  return renderer.render({ template: text, variables, signal });
};

/** The query that memory adds, filled; empty without memory or without a query. */
const filledQuery = (data: LlmData, pool: Pool): string => {
  const template = memoryQuery(data);
  if (template === null) return "";
  const hasOwn = (data.memory?.query_prompt_template ?? "") !== "";
  if (!hasOwn && readPool(pool, ["sys", "query"]) === undefined) return "";
  return resolveText(pool, template);
};

/** The conversation as a completion model reads it, a line for each side. */
const historyText = ({ memory }: LlmData, turns: NodeContext["turns"]): string => {
  const user = memory?.role_prefix?.user ?? "Human";
  const assistant = memory?.role_prefix?.assistant ?? "Assistant";
  return turns.map(({ query, answer }) => `${user}: ${query}\n${assistant}: ${answer}`).join("\n");
};

/**
 * The text of a completion prompt: the conversation so far stands where `{{#histories#}}` is, else
 * on a line of its own in front; the query that memory adds comes before it. Messages of a chat keep the placeholder.
 */
const completionText = (text: string, query: string, history: string): string => {
  const withHistory = text.includes(HISTORIES_PLACEHOLDER)
    ? text.replaceAll(HISTORIES_PLACEHOLDER, () => history)
    : `${history}\n${text}`;
  return query === "" ? withHistory : `${query}\n${withHistory}`;
};

/** The files that a basic prompt refers to, which stand in its text as nothing. */
const filesInPrompt = (prompt: PromptText, pool: Pool): readonly Json[] =>
  prompt.edition_type === "jinja2"
    ? []
    : selectorsInText(prompt.text).flatMap((selector) => {
        const variable = readPool(pool, selector);
        return variable === undefined ? [] : filesOf(variable);
      });

const hasImages = (message: ModelMessage): boolean =>
  message.role === "user" && (message.images ?? []).length > 0;

/**
 * The messages for the model: prompts in order without empty ones; with memory, the exchanges before and the query as
 * the last message (for a completion text: in front of it).
 */
export const buildMessages = async (
  data: LlmData,
  sources: PromptSources,
): Promise<NodeResult<readonly ModelMessage[]>> => {
  const query = filledQuery(data, sources.pool);
  const turns = rememberedTurns(data.memory, sources.turns);
  const messages: ModelMessage[] = [];
  for (const prompt of promptTexts(data)) {
    const filled = await fill(prompt, data, sources);
    if (!filled.ok) return filled;
    if ("role" in prompt) {
      messages.push({ role: prompt.role, content: filled.value });
      // Images in instructions are taken by no provider.
      const images = await sources.loadImages(filesInPrompt(prompt, sources.pool));
      if (images.length > 0) messages.push({ role: "user", content: "", images });
    } else
      messages.push({ role: "user", content: completionText(filled.value, query, historyText(data, turns)) });
  }
  if (Array.isArray(data.prompt_template)) {
    for (const { query: asked, answer } of turns)
      messages.push({ role: "user", content: asked }, { role: "assistant", content: answer });
    if (query !== "") messages.push({ role: "user", content: query });
  }
  return {
    ok: true,
    value: messages.filter((message) => message.content !== "" || hasImages(message)),
  };
};
