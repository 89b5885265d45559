import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { describeFlow } from "../../../src/flow/describe/describe-flow.ts";
import { askingFlow, conformanceFlow } from "../engine/flow-files.ts";

describe("describeFlow", () => {
  it("says what a flow takes, gives and needs", () => {
    const report = describeFlow(askingFlow("iteration", 2));
    assert.deepEqual(report.outputs, ["out", "text"]);
    assert.deepEqual(report.models, [{ provider: "p", name: "m", nodes: ["ask", "after"] }]);
    assert.equal(report.kinds["llm"], 2);
    assert.deepEqual(report.languages, ["javascript", "jinja2"]);
  });

  it("lists the secrets that some node reads, and only those", () => {
    assert.deepEqual(describeFlow(conformanceFlow("secrets-from-outside")).secrets, ["KEY"]);
  });

  it("calls the output of a chatflow its answer", () => {
    assert.deepEqual(describeFlow(conformanceFlow("answer-streams")).outputs, ["answer"]);
  });
});
