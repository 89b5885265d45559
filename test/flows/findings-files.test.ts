import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { describeFlow } from "../../src/flow/describe/describe-flow.ts";
import { parseFlow } from "../../src/flow/parse/parse-flow.ts";
import { FINDINGS_FLOWS, flowText, type FindingsFlow } from "./flow-setup.ts";

const REVIEW_INPUTS = [
  "title",
  "description",
  "diff",
  "language",
  "rules",
  "said",
  "lessons",
  "max_findings",
  "nonce",
  "correction",
] as const;
const CONTRACT: Readonly<
  Record<FindingsFlow, { inputs: readonly string[]; required: readonly string[]; outputs: readonly string[] }>
> = {
  review: { inputs: REVIEW_INPUTS, required: ["diff", "nonce"], outputs: ["findings", "overview"] },
  mentor: { inputs: REVIEW_INPUTS, required: ["diff", "nonce"], outputs: ["findings", "overview"] },
  verify: {
    inputs: ["diff", "findings", "language", "nonce", "correction"],
    required: ["diff", "findings", "nonce"],
    outputs: ["verdicts"],
  },
  summary: {
    inputs: ["title", "description", "files", "findings", "language", "nonce", "correction"],
    required: ["files", "nonce"],
    outputs: ["summary"],
  },
};

const Point = z.strictObject({ x: z.number(), y: z.number() });
const Node = z.object({
  id: z.string().regex(/^[a-z]\w{0,49}$/),
  type: z.literal("custom"),
  position: Point,
  positionAbsolute: Point,
  sourcePosition: z.literal("right"),
  targetPosition: z.literal("left"),
  width: z.number(),
  height: z.number(),
  data: z.looseObject({ type: z.string(), title: z.string().min(1), desc: z.string() }),
});
const Edge = z.object({
  id: z.string(),
  source: z.string(),
  sourceHandle: z.literal("source"),
  target: z.string(),
  targetHandle: z.literal("target"),
  type: z.literal("custom"),
  data: z.object({ sourceType: z.string(), targetType: z.string() }),
});
const Exported = z.object({
  version: z.string(),
  kind: z.literal("app"),
  app: z.object({ name: z.string(), mode: z.literal("workflow"), icon: z.string(), icon_type: z.string() }),
  dependencies: z.array(z.unknown()),
  workflow: z.object({
    conversation_variables: z.array(z.unknown()),
    environment_variables: z.array(z.unknown()),
    features: z.record(z.string(), z.unknown()),
    graph: z.object({ nodes: z.array(Node), edges: z.array(Edge), viewport: z.unknown() }),
  }),
});
const Llm = z.object({
  model: z.object({ provider: z.string(), name: z.string(), mode: z.string() }),
  reasoning_format: z.literal("separated"),
  structured_output_enabled: z.literal(false),
  prompt_template: z.tuple([
    z.object({ id: z.string(), role: z.literal("system"), text: z.string() }),
    z.object({ id: z.string(), role: z.literal("user"), text: z.string() }),
  ]),
});

const read = (text: string) => Exported.parse(parse(text));
const Classic = z.object({
  version: z.string(),
  workflow: z.object({
    features: z.record(z.string(), z.unknown()),
    graph: z.object({ nodes: z.array(z.object({ data: z.looseObject({ type: z.string() }) })) }),
  }),
});
const classic = Classic.parse(
  parse(readFileSync(new URL("../../flows/classic.yml", import.meta.url), "utf8")),
);
const classicModel = z
  .object({ model: Llm.shape.model })
  .parse(classic.workflow.graph.nodes.find(({ data }) => data.type === "llm")?.data).model;

for (const name of FINDINGS_FLOWS) {
  describe(`flows/${name}.yml as a file`, () => {
    const flow = parseFlow(flowText(name));
    const report = describeFlow(flow);
    const file = read(flowText(name));
    const llm = Llm.parse(file.workflow.graph.nodes.find(({ data }) => data.type === "llm")?.data);

    it("keeps the contract's inputs and outputs, and is read without a warning", () => {
      const { inputs, required, outputs } = CONTRACT[name];
      assert.deepEqual(
        report.inputs.map((input) => input.name),
        inputs,
      );
      assert.deepEqual(
        report.inputs.filter((input) => input.required).map((input) => input.name),
        required,
      );
      assert.deepEqual(report.outputs, outputs);
      assert.deepEqual(report.warnings, []);
    });
    it("shows the form of an answer without an id that a finding has", () => {
      const shown = [...flowText(name).matchAll(/"id": "([^"]*)"/g)].map(([, id]) => id);
      assert.equal(shown.length, name === "verify" ? 2 : 0);
      for (const id of shown) assert.doesNotMatch(id ?? "", /^[a-z]*\d/i);
    });
    it("never asks for a token, reaches no network, and needs no secret", () => {
      for (const input of report.inputs) assert.doesNotMatch(input.name, /token|secret|key|password|auth/i);
      assert.deepEqual(report.secrets, []);
      for (const kind of Object.keys(report.kinds)) {
        assert.ok(["start", "llm", "code", "end"].includes(kind), kind);
      }
    });
    it("takes a whole unit: no text that the caller cannot shorten is cut at a form's usual length", () => {
      const texts = report.inputs.filter(({ type, name }) => type === "paragraph" && name !== "correction");
      for (const input of texts) {
        assert.ok((input.maxLength ?? 0) >= 20_000, input.name);
      }
    });
    it("is exported as the classic flow is: version, features, model, positions, ids", () => {
      assert.equal(file.version, classic.version);
      assert.deepEqual(file.workflow.features, classic.workflow.features);
      assert.deepEqual(llm.model, classicModel);
      const { nodes, edges } = file.workflow.graph;
      assert.equal(new Set(nodes.map(({ position: { x, y } }) => `${x} ${y}`)).size, nodes.length);
      assert.equal(new Set(edges.map(({ id }) => id)).size, edges.length);
      const typeOf = (id: string): string | undefined => nodes.find((node) => node.id === id)?.data.type;
      for (const { source, target, data } of edges) {
        assert.deepEqual([data.sourceType, data.targetType], [typeOf(source), typeOf(target)]);
      }
    });
    it("asks a first question without a sign of the correction that a second one ends with", () => {
      const [, user] = llm.prompt_template;
      // Kept answers are found by the whole prompt; what parts the two is the correction's own.
      assert.match(user.text, /\S\{\{#start\.correction#\}\}\n?$/);
    });
    it("puts what a merge request brings into the user's message alone, each input once between its tags", () => {
      const [system, user] = llm.prompt_template;
      const trusted = new Set(["nonce", "language", "max_findings", "correction"]);
      const used = [...system.text.matchAll(/\{\{#start\.(\w+)#\}\}/g)].map(([, input = ""]) => input);
      for (const input of used) assert.ok(trusted.has(input), `${input} stands in the instructions`);
      for (const input of CONTRACT[name].inputs.filter((one) => !trusted.has(one))) {
        const block = `<${input}-{{#start.nonce#}}>\n{{#start.${input}#}}\n</${input}-{{#start.nonce#}}>`;
        assert.equal(user.text.split(block).length, 2, input);
        assert.equal(user.text.split(`{{#start.${input}#}}`).length, 2, input);
      }
    });
  });
}
