import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  dropNodes,
  EMPTY_POOL,
  poolChanges,
  readPool,
  resolveText,
  selectorsInText,
  writePool,
  writesOf,
} from "../../src/flow/pool.ts";
import { FILE_IDENTITY, variableAs, variableOf } from "../../src/flow/value-type.ts";

const file = {
  dify_model_identity: FILE_IDENTITY,
  type: "document",
  filename: "notes.md",
  extension: ".md",
  remote_url: "https://files.example/notes.md",
  size: 3,
};

const pool = writePool(
  EMPTY_POOL,
  writesOf("node", {
    text: variableOf("T"),
    object: variableOf({ a: { b: 1 }, file }),
    list: variableOf([{ a: 1 }]),
    file: variableOf(file),
    float: variableAs("float", 2),
  }),
);

describe("the pool", () => {
  it("walks into objects and reads attributes of files, but enters no lists", () => {
    assert.equal(readPool(pool, ["node", "object", "a", "b"])?.value, 1);
    assert.equal(readPool(pool, ["node", "file", "name"])?.value, "notes.md");
    assert.equal(readPool(pool, ["node", "file", "url"])?.value, "https://files.example/notes.md");
    assert.equal(readPool(pool, ["node", "object", "file", "extension"])?.value, ".md");
    assert.equal(readPool(pool, ["node", "list", "a"]), undefined);
    assert.equal(readPool(pool, ["node", "file", "filename"]), undefined);
    assert.equal(readPool(pool, ["node", "object", "toString"]), undefined);
    assert.equal(readPool(pool, ["node"]), undefined);
    assert.equal(readPool(pool, []), undefined);
  });

  it("is left alone by writes, and tells what they changed", () => {
    const more = writePool(pool, writesOf("node", { text: variableOf("U") }));
    assert.equal(readPool(pool, ["node", "text"])?.value, "T");
    assert.equal(readPool(more, ["node", "text"])?.value, "U");
    assert.deepEqual(poolChanges(pool, more), [{ selector: ["node", "text"], variable: variableOf("U") }]);
    assert.equal(readPool(dropNodes(more, ["node"]), ["node", "text"]), undefined);
  });
});

describe("references in texts", () => {
  it("are replaced by texts, or by their bare path", () => {
    assert.equal(resolveText(pool, "{{#node.text#}}-{{#node.float#}}-{{#node.gone#}}"), "T-2.0-node.gone");
    assert.equal(resolveText(pool, "{{#node.text#}}{{#node.text#}}"), "TT");
  });

  it("have Dify's form; everything else is text", () => {
    const long = "x".repeat(51);
    const texts = [
      "{{#node#}}",
      "{{ #node.text# }}",
      "{{node.text}}",
      "{#node.text#}",
      "{{#no-de.text#}}",
      "{{#node.1st#}}",
      `{{#${long}.text#}}`,
      "{{#context#}}",
    ];
    for (const text of texts) assert.equal(resolveText(pool, text), text);
  });

  it("are listed once each, in order", () => {
    assert.deepEqual(selectorsInText("{{#b.x#}} {{#a.y.z#}} {{#b.x#}}"), [
      ["b", "x"],
      ["a", "y", "z"],
    ]);
  });
});
