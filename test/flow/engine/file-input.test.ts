import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileVariable } from "../../../src/flow/engine/file-input.ts";
import { JsonObject } from "../../../src/base/json.ts";

const nameOf = (url: string): unknown => JsonObject.parse(fileVariable("f", { url }).value)["filename"];

describe("a file input", () => {
  it("takes its name from the URL, also where that is no valid percent-encoding", () => {
    assert.equal(nameOf("https://files.example/a%20b.md"), "a b.md");
    assert.equal(nameOf("https://files.example/50%.md"), "50%.md");
  });
});
