import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { nodeOf, readFlow, runCode } from "../../standins/dify/flow-program.ts";
import { flowUrl, NONCE, startEngine, type FindingsFlow } from "./flow-setup.ts";
import { englishOf } from "../../src/flow/messages/message.ts";

const LIST = '[{"path":"a.js","line":1,"title":"Say \\"hi\\" }"}]';
const WHOLE = `{"overview":"Adds a.","findings":${LIST}}`;
const FENCED = `\`\`\`json\n${WHOLE}\n\`\`\``;

/** What a model may answer, and what is made of it: the findings as text, the overview. */
const ANSWERS: Readonly<Record<string, readonly [string, string, string]>> = {
  "a fence": [FENCED, LIST, "Adds a."],
  "no fence": [WHOLE, LIST, "Adds a."],
  "prose around it": [
    `Here are the findings: {see below}\n${FENCED}\nGood luck {you}!`.replace(" {you}", ""),
    LIST,
    "Adds a.",
  ],
  "its thoughts in tags": [`<think>Maybe {"findings": [1]}?</think>${FENCED}`, LIST, "Adds a."],
  "a draft before the answer": [
    `First {"overview": "x", "findings": []} but no.\n${FENCED}`,
    LIST,
    "Adds a.",
  ],
  "findings first": [`{"findings":${LIST},"overview":"Adds a."}`, LIST, "Adds a."],
  "an empty list": ['{"overview":"Adds a.","findings":[]}', "[]", "Adds a."],
  "no overview": [`{"findings":${LIST}}`, LIST, ""],
  "a bare list": [LIST, LIST, ""],
  "a text that is cut off": [
    `{"overview":"Adds a.","findings":[{"path":"a.js","ti`,
    '[{"path":"a.js","ti',
    "Adds a.",
  ],
  "a stray quotation mark": [
    '{"overview":"Adds a.","findings":[{"title":"Say "hi""}]}',
    '[{"title":"Say "hi""}]}',
    "Adds a.",
  ],
  "prose only": ["All is well.", "All is well.", ""],
};

const MARKDOWN: Readonly<Record<string, readonly [string, string]>> = {
  "plain Markdown": ["Adds a.\n\n### Risks\n\n- None.", "Adds a.\n\n### Risks\n\n- None."],
  "a fence around all": ["```markdown\nAdds a.\n```", "Adds a."],
  "a fence around all with one inside": [
    "```md\nAdds:\n```js\na\n```\nDone.\n```",
    "Adds:\n```js\na\n```\nDone.",
  ],
  "fences at both ends": ["```\na\n```\nand\n```\nb\n```", "```\na\n```\nand\n```\nb\n```"],
};

describe("what a model answers", () => {
  let said = "";
  let engine: Awaited<ReturnType<typeof startEngine>>;
  before(async () => {
    engine = await startEngine(() => said);
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
  });

  /** The outputs on our engine, and those of the node's code by itself, which must be the same. */
  const outputsFor = async (name: FindingsFlow, answer: string, inputs: Record<string, string>) => {
    said = answer;
    const { status, outputs } = await engine.run(name, { ...inputs, nonce: NONCE });
    assert.equal(status, "succeeded");
    if (!answer.includes("<think>")) {
      const file = await readFlow(flowUrl(name));
      const alone = runCode(nodeOf(file, "read", "code"), file.newPool().set("llm", { text: answer }));
      assert.deepEqual(alone.outputs, outputs);
    }
    return outputs;
  };

  for (const [form, [answer, findings, overview]] of Object.entries(ANSWERS)) {
    it(`becomes findings and an overview: ${form}`, async () => {
      for (const name of ["review", "mentor"] as const) {
        assert.deepEqual(await outputsFor(name, answer, { diff: "d" }), { findings, overview });
      }
    });
  }
  for (const [form, [answer, summary]] of Object.entries(MARKDOWN)) {
    it(`becomes a walk-through: ${form}`, async () => {
      assert.deepEqual(await outputsFor("summary", answer, { files: "[]" }), { summary });
    });
  }
  it("fails the run when it is empty: nothing read is not nothing found", async () => {
    said = "<think>Nothing comes to mind.</think>";
    for (const name of ["review", "mentor", "summary"] as const) {
      const { status, error } = await engine.run(name, { diff: "d", files: "[]", nonce: NONCE });
      assert.equal(status, "failed");
      assert.match(error === null ? "" : englishOf(error), /no text/);
    }
  });
});
