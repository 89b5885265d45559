import { type Message, message } from "../../src/messages/message.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "../../src/base/json.ts";
import { normaliseBaseUrl } from "../../src/dify/dify-transport.ts";
import { parseInputForm, prepareInputs, toFlowInput } from "../../src/dify/input-form.ts";

describe("a flow's declared inputs", () => {
  it("are read from the wrapped and from the flat shape alike", () => {
    const field = { label: "Project", variable: "prjid", required: true, max_length: 48, options: [] };
    const expected = [{ name: "prjid", type: "text-input", required: true, maxLength: 48, options: [] }];
    assert.deepEqual(parseInputForm([{ "text-input": field }]).flatMap(toFlowInput), expected);
    assert.deepEqual(parseInputForm([{ type: "text-input", ...field }]).flatMap(toFlowInput), expected);
  });
  it("leave out kinds that are not known and fields without a name", () => {
    assert.deepEqual(parseInputForm([{ external_data_tool: { variable: "x" } }, { paragraph: {} }, {}]), []);
  });
  it("make numbers and truth values texts where a text is declared, and only there", () => {
    const declared = parseInputForm([
      { "text-input": { variable: "prjid" } },
      { number: { variable: "count" } },
      { paragraph: { variable: "draft" } },
    ]);
    assert.deepEqual(prepareInputs(declared, { prjid: 7, count: 7, draft: false, other: 1, list: [1] }), {
      prjid: "7",
      count: 7,
      draft: "false",
      other: 1,
      list: [1],
    });
  });
  it("refuse by name what Dify would refuse, before it is asked", () => {
    const declared = parseInputForm([
      { paragraph: { variable: "diff", required: true, max_length: 5 } },
      { select: { variable: "mood", options: ["kind", "stern"] } },
      { number: { variable: "count" } },
    ]);
    const refusals: readonly (readonly [JsonObject, Message])[] = [
      [{}, message("flow.input.required", { input: "diff" })],
      [{ diff: "123456" }, message("flow.input.too-long", { input: "diff", most: 5 })],
      [
        { diff: "a", mood: "cross" },
        message("flow.input.not-an-option", { input: "mood", options: "['kind', 'stern']" }),
      ],
      [{ diff: "a", count: "many" }, message("flow.input.not-a-number", { input: "count" })],
    ];
    for (const [inputs, what] of refusals)
      assert.throws(() => prepareInputs(declared, inputs), { code: "flow-input-invalid", what });
    // A length is counted in characters, as Python does.
    assert.deepEqual(prepareInputs(declared, { diff: "🙂🙂🙂🙂🙂" }), { diff: "🙂🙂🙂🙂🙂" });
  });
});

describe("Dify's address", () => {
  for (const given of [
    "https://dify.test",
    "https://dify.test/",
    "https://dify.test/v1",
    " https://dify.test/v1/ ",
  ]) {
    it(`is understood as ${JSON.stringify(given)}`, () => {
      assert.equal(normaliseBaseUrl(given), "https://dify.test");
    });
  }
});
