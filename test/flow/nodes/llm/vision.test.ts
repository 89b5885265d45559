import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Json, JsonObject } from "../../../../src/base/json.ts";
import { llmKind } from "../../../../src/flow/nodes/llm/llm.ts";
import { parameterExtractorKind } from "../../../../src/flow/nodes/parameter-extractor/parameter-extractor.ts";
import { questionClassifierKind } from "../../../../src/flow/nodes/question-classifier/question-classifier.ts";
import { failureOf, httpAnswering, modelSaying, poolOf, runNode } from "./bench.ts";

const node = (vision: JsonObject, more: JsonObject = {}): JsonObject => ({
  type: "llm",
  model: { provider: "p", name: "m", mode: "chat", completion_params: {} },
  prompt_template: [
    { role: "system", text: "Look." },
    { role: "user", text: "What is it?" },
  ],
  context: { enabled: false, variable_selector: [] },
  vision,
  ...more,
});

const file = (data: string, more: JsonObject = {}): JsonObject => ({
  dify_model_identity: "__dify__file__",
  type: "image",
  remote_url: `data:image/png;base64,${Buffer.from(data).toString("base64")}`,
  extension: ".png",
  mime_type: "image/png",
  ...more,
});
const image = (data: string, mediaType = "image/png", detail = "high") => ({
  mediaType,
  data: Buffer.from(data).toString("base64"),
  detail,
});

const sentFor = async (data: JsonObject, values: Readonly<Record<string, Json>>, ports = {}) => {
  const { requests, model } = modelSaying("a cat");
  await runNode(llmKind, data, { pool: poolOf(values), ports: { model, ...ports } });
  return requests[0]?.messages;
};

const SHOWN = { enabled: true, configs: { variable_selector: ["start", "pictures"], detail: "low" } };

describe("llm: vision", () => {
  it("puts the images of its variable into the last message of the user, in front", async () => {
    const document = file("no image", { type: "document", extension: ".pdf", mime_type: "application/pdf" });
    assert.deepEqual(await sentFor(node(SHOWN), { "start.pictures": [file("one"), document, file("two")] }), [
      { role: "system", content: "Look." },
      {
        role: "user",
        content: "What is it?",
        images: [image("one", "image/png", "low"), image("two", "image/png", "low")],
      },
    ]);
  });

  it("sends them in a message of their own behind another role's", async () => {
    const data = node(SHOWN, { prompt_template: [{ role: "system", text: "Look." }] });
    assert.deepEqual(await sentFor(data, { "start.pictures": file("one") }), [
      { role: "system", content: "Look." },
      { role: "user", content: "", images: [image("one", "image/png", "low")] },
    ]);
  });

  it("takes the files of the conversation, closely, where nothing is set, and none while it is off", async () => {
    const values = { "sys.files": [file("one")], "start.pictures": [file("two")] };
    assert.deepEqual((await sentFor(node({ enabled: true }), values))?.at(-1), {
      role: "user",
      content: "What is it?",
      images: [image("one")],
    });
    assert.deepEqual((await sentFor(node({ ...SHOWN, enabled: false }), values))?.at(-1), {
      role: "user",
      content: "What is it?",
    });
  });

  it("shows images that a prompt refers to behind it, whether vision is on or not", async () => {
    const data = node(
      { enabled: false },
      {
        prompt_template: [{ role: "user", text: "Compare {{#start.one#}} and {{#start.many#}}" }],
      },
    );
    const values = { "start.one": file("one"), "start.many": [file("two"), file("three")] };
    assert.deepEqual(await sentFor(data, values), [
      { role: "user", content: "Compare  and " },
      { role: "user", content: "", images: [image("one"), image("two"), image("three")] },
    ]);
  });

  it("fetches images through the guarded client, and knows one by its name", async () => {
    const { requests, http } = httpAnswering({ text: "bytes" });
    const remote = file("", {
      remote_url: "https://pictures.example/a.jpg",
      extension: ".jpg",
      mime_type: null,
    });
    const [, user] = (await sentFor(node(SHOWN), { "start.pictures": remote }, { http })) ?? [];
    assert.deepEqual(user, {
      role: "user",
      content: "What is it?",
      images: [image("bytes", "image/jpeg", "low")],
    });
    assert.equal(requests[0]?.url, "https://pictures.example/a.jpg");
    const missing = httpAnswering({ status: 404 });
    const failed = await runNode(llmKind, node(SHOWN), {
      pool: poolOf({ "start.pictures": remote }),
      ports: { http: missing.http },
    });
    assert.equal(
      failureOf(failed),
      "FileDownloadError: flow.download.failed problem=(flow.download.status status=404)",
    );
  });

  it("refuses a variable of another type, and runs without one", async () => {
    assert.equal(
      failureOf(await runNode(llmKind, node(SHOWN), { pool: poolOf({ "start.pictures": "text" }) })),
      "InvalidVariableTypeError: flow.document.not-files selector=['start', 'pictures']",
    );
    assert.deepEqual((await sentFor(node(SHOWN), {}))?.at(-1), { role: "user", content: "What is it?" });
  });

  it("holds for the other nodes that ask a model, too", async () => {
    const common = {
      model: { provider: "p", name: "m", mode: "chat", completion_params: {} },
      vision: SHOWN,
    };
    const pool = poolOf({ "start.pictures": file("one"), "start.text": "What is it?" });
    const classifier = {
      ...common,
      type: "question-classifier",
      query_variable_selector: ["start", "text"],
      classes: [{ id: "1", name: "cat" }],
    };
    const extractor = {
      ...common,
      type: "parameter-extractor",
      query: ["start", "text"],
      reasoning_mode: "prompt",
      parameters: [{ name: "kind", type: "string", description: "", required: true }],
    };
    for (const [kind, data] of [
      [questionClassifierKind, classifier],
      [parameterExtractorKind, extractor],
    ] as const) {
      const { requests, model } = modelSaying("{}");
      await runNode(kind, data, { pool, ports: { model } });
      const last = requests[0]?.messages.at(-1);
      assert.deepEqual(
        last?.role === "user" ? last.images : null,
        [image("one", "image/png", "low")],
        kind.type,
      );
    }
  });
});
