import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseFlow } from "../../../src/flow/parse/parse-flow.ts";
import { readYamlDocument } from "../../../src/flow/parse/read-yaml.ts";

describe("the YAML of exports", () => {
  it("has the texts and numbers that PyYAML wrote without quotes", () => {
    const written =
      "- 1e3\n- 7e12345\n- 0o17\n- 1.5e3\n- 1.0e+20\n- 1.0e-07\n- -2.5e+3\n- 0.5\n- 12\n- .inf\n- true\n- null\n";
    const texts = ["1e3", "7e12345", "0o17", "1.5e3"];
    const others = [1e20, 1e-7, -2500, 0.5, 12, Infinity, true, null];
    assert.deepEqual(readYamlDocument(written).toJS(), [...texts, ...others]);
  });
  it("keeps a variable that looks like a number in other tongues", () => {
    const flow = parseFlow(`
app: { name: hash, mode: workflow }
workflow:
  graph:
    nodes:
      - { id: start, data: { type: start, title: Start } }
    edges: []
  environment_variables:
    - name: base
      value_type: string
      value: 7e12345
`);
    assert.deepEqual(flow.environment[0]?.variable, { type: "string", value: "7e12345" });
  });
});
