import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { normaliseBaseUrl } from "../../src/dify/dify-transport.ts";
import { parseInputForm, writeAsDeclared } from "../../src/dify/input-form.ts";

describe("a flow's declared inputs", () => {
  it("are read from the wrapped and from the flat shape alike", () => {
    const field = { label: "Project", variable: "prjid", required: true, max_length: 48, options: [] };
    const expected = [{ name: "prjid", type: "text-input", required: true, maxLength: 48, options: [] }];
    assert.deepEqual(parseInputForm([{ "text-input": field }]), expected);
    assert.deepEqual(parseInputForm([{ type: "text-input", ...field }]), expected);
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
    assert.deepEqual(writeAsDeclared(declared, { prjid: 7, count: 7, draft: false, other: 1, list: [1] }), {
      prjid: "7",
      count: 7,
      draft: "false",
      other: 1,
      list: [1],
    });
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
