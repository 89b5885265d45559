import { z } from "zod";
import type { JsonObject } from "../../../base/json.ts";
import { readJsonText, readJsonObject } from "../../../base/model-json/read-json.ts";
import { objectOfNode } from "../../exact.ts";
import type { NodeContext, NodeDeclaration, NodeOutcome } from "../../node.ts";
import { defineNodeKind, nodeFailure, portFailure, PLAIN_DECLARATION } from "../../node.ts";
import { readPool, resolveText } from "../../pool.ts";
import { pythonStr } from "../../value-text.ts";
import {
  declaredModels,
  modelFailures,
  MemorySettings,
  modelRequest,
  ModelSettings,
  modelWarnings,
  readsOfParameters,
} from "../llm/model-settings.ts";
import { splitReasoning } from "../llm/reasoning.ts";
import { usageOutput } from "../llm/usage.ts";
import { loadImages, readsOfVision, visionFiles, VisionSettings, withImages } from "../llm/vision.ts";
import { readsOfText, SelectorPath } from "../selector-path.ts";
import { buildMessages, type Category } from "./prompt.ts";
import { type FlowMessage, flowMessage } from "../../messages/message.ts";

const ClassData = z.object({
  id: z.union([z.string(), z.number().transform(String)]),
  name: z.string(),
  label: z.string().nullish(),
});

/** Data of a question classifier (Dify's node documentation, "Question Classifier"). */
const QuestionClassifierData = z.object({
  query_variable_selector: SelectorPath,
  model: ModelSettings,
  classes: z.array(ClassData),
  instruction: z.string().nullish(),
  memory: MemorySettings,
  vision: VisionSettings,
});
type QuestionClassifierData = z.infer<typeof QuestionClassifierData>;

const categoriesOf = (data: QuestionClassifierData, { pool }: NodeContext): readonly Category[] =>
  data.classes.map(({ id, name, label }, index) => ({
    id,
    name: resolveText(pool, name),
    label: label === null || label === undefined || label === "" ? `CLASS ${index + 1}` : label,
  }));

const responseSchema = (categories: readonly Category[]): JsonObject => ({
  type: "object",
  properties: {
    keywords: { type: "array", items: { type: "string" } },
    category_id: { type: "string", enum: categories.map(({ id }) => id) },
    category_name: { type: "string" },
  },
  required: ["keywords", "category_id", "category_name"],
  additionalProperties: false,
});

type Choice =
  | { readonly ok: true; readonly category: Category | undefined }
  | { readonly ok: false; readonly message: FlowMessage };

const refuse = (message: FlowMessage): Choice => ({ ok: false, message });

/** Where Dify looks for JSON: in a fence, else from the first brace or bracket to the last one. */
const jsonBlock = (text: string): string | undefined =>
  /```(?:json)?([\s\S]*?)```/.exec(text)?.[1] ?? /\{[\s\S]*\}|\[[\s\S]*\]/.exec(text)?.[0];

/** The category that an answer names; the first where it names none of them. Dify repairs no answer here. */
const chooseCategory = (categories: readonly Category[], answer: string): Choice => {
  const block = jsonBlock(splitReasoning(answer).text);
  if (block === undefined) return refuse(flowMessage("flow.classifier.no-json"));
  const read = readJsonText(block);
  if (!read.ok || read.repaired) return refuse(flowMessage("flow.classifier.json-invalid", { text: block }));
  const object = readJsonObject(block);
  const named = object === null ? {} : objectOfNode(object);
  if (Object.keys(named).length === 0) {
    return refuse(flowMessage("flow.classifier.object-invalid", { text: block }));
  }
  const id = "category_name" in named ? named["category_id"] : undefined;
  return { ok: true, category: categories.find((category) => category.id === id) ?? categories[0] };
};

const declare = (data: QuestionClassifierData): NodeDeclaration => ({
  ...PLAIN_DECLARATION,
  handles: data.classes.map(({ id }) => id),
  handleNames: new Map(data.classes.map(({ id, name }) => [id, name])),
  reads: [
    { selector: data.query_variable_selector, field: "query_variable_selector", needed: false },
    ...readsOfText("instruction", data.instruction ?? ""),
    ...data.classes.flatMap(({ name }, index) => readsOfText(`classes.${index}.name`, name)),
    ...readsOfParameters(data.model),
    ...readsOfVision(data.vision),
  ],
  outputs: { class_name: "string", class_label: "string", class_id: "string", usage: "object" },
  models: declaredModels(data.model),
  failures: [
    ...modelFailures(data.model),
    ...(data.classes.length > 0
      ? []
      : [{ field: "classes", message: flowMessage("flow.classifier.no-class") }]),
  ],
  warnings: modelWarnings(data),
});

const execute = async (data: QuestionClassifierData, context: NodeContext): Promise<NodeOutcome> => {
  const { pool, ports, signal, clock } = context;
  const query = readPool(pool, data.query_variable_selector)?.value ?? null;
  const inputs = { query, model_provider: data.model.provider, model_name: data.model.name };
  const categories = categoriesOf(data, context);
  const text = query === null ? "" : pythonStr(query);
  const images = await loadImages(visionFiles(data.vision, context), data.vision, context);
  const startedAt = clock.now();
  const answer = await ports.model.generate({
    ...modelRequest(pool, data.model),
    messages: withImages(buildMessages(categories, text, resolveText(pool, data.instruction ?? "")), images),
    responseSchema: responseSchema(categories),
    signal,
  });
  if (!answer.ok) return portFailure(answer, { inputs });
  const { usage } = answer.value;
  const choice = chooseCategory(categories, answer.value.text);
  if (!choice.ok) return nodeFailure("ValueError", choice.message, { inputs, usage });
  const { category } = choice;
  if (category === undefined) throw new Error("a question classifier without classes was loaded");
  const outputs = {
    class_name: category.name,
    class_label: category.label,
    class_id: category.id,
    usage: usageOutput(usage, clock.now() - startedAt),
  };
  return { ok: true, inputs, outputs, usage, handle: category.id };
};

/** Lets a model choose the branch. */
export const questionClassifierKind = defineNodeKind({
  type: "question-classifier",
  role: "branch",
  schema: QuestionClassifierData,
  declare,
  execute,
});
