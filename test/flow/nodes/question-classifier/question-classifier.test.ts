import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "../../../../src/base/json.ts";
import { questionClassifierKind } from "../../../../src/flow/nodes/question-classifier/question-classifier.ts";
import { failureOf, loadNode, modelSaying, outputsOf, poolOf, runNode } from "../llm/bench.ts";

const NODE: JsonObject = {
  type: "question-classifier",
  query_variable_selector: ["start", "q"],
  model: { provider: "p", name: "m", mode: "chat", completion_params: {} },
  classes: [
    { id: "1", name: "bug in {{#start.area#}}" },
    { id: "2", name: "style", label: "Style" },
  ],
  instruction: "Mind {{#start.area#}}",
};
const POOL = poolOf({ "start.q": 'a "quote" {{#start.area#}}', "start.area": "parser" });
const classify = async (text: string) => {
  const said = modelSaying(text);
  return {
    ...said,
    ran: await runNode(questionClassifierKind, NODE, { pool: POOL, ports: { model: said.model } }),
  };
};
const chosen = async (text: string): Promise<unknown> => {
  const { ran } = await classify(text);
  assert.equal(ran.outcome.ok && ran.outcome.handle, outputsOf(ran)["class_id"]);
  return outputsOf(ran)["class_id"];
};

describe("question-classifier", () => {
  it("leaves by the class that the model names, with its name and label", async () => {
    const { ran } = await classify(
      '<think>hm</think>```json\n{"keywords": [], "category_id": "2", "category_name": "style"}\n```',
    );
    const { usage, ...outputs } = outputsOf(ran);
    assert.deepEqual(outputs, { class_name: "style", class_label: "Style", class_id: "2" });
    assert.equal(JSON.stringify(usage).includes('"total_tokens":10'), true);
  });

  it("fills class names and instructions, and asks with a schema of the ids", async () => {
    const { requests, ran } = await classify('{"category_id": "1", "category_name": "x"}');
    assert.equal(outputsOf(ran)["class_name"], "bug in parser");
    assert.equal(outputsOf(ran)["class_label"], "CLASS 1");
    const prompt = requests[0]?.messages.at(-1)?.content ?? "";
    assert.deepEqual(JSON.parse(prompt), {
      input_text: 'a "quote" {{#start.area#}}',
      categories: [
        { category_id: "1", category_name: "bug in parser" },
        { category_id: "2", category_name: "style" },
      ],
      classification_instructions: "Mind parser",
    });
    assert.match(JSON.stringify(requests[0]?.responseSchema), /"enum":\["1","2"\]/);
  });

  it("takes the first class for an id that is none and for an answer without the keys", async () => {
    assert.equal(await chosen('{"category_id": "9", "category_name": "style"}'), "1");
    assert.equal(await chosen('{"category_id": "2"}'), "1");
  });

  it("fails on an answer that is no JSON", async () => {
    const { ran } = await classify("style, I think");
    assert.equal(failureOf(ran), "ValueError: flow.classifier.no-json");
  });

  it("has its classes as handles", () => {
    assert.deepEqual(loadNode(questionClassifierKind, NODE).declaration.handles, ["1", "2"]);
    const empty = loadNode(questionClassifierKind, { ...NODE, classes: [] }).declaration;
    assert.equal(empty.failures[0]?.field, "classes");
  });
});
