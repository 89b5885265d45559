import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readFlow } from "../../../src/flow/parse/parse-flow.ts";

const file = (nodes: readonly string[], edges: readonly string[]): string =>
  `kind: app\nversion: 0.3.0\napp: {name: large, mode: workflow}\nworkflow:\n  graph:\n    nodes: [${nodes.join(",")}]\n    edges: [${edges.join(",")}]\n`;

const START = "{id: s, data: {type: start, title: S, variables: []}}";
const END = "{id: e, data: {type: end, title: E, outputs: []}}";
const template = (index: number, from: string): string =>
  `{id: n${index}, data: {type: template-transform, title: T, template: x, variables: [{variable: a, value_selector: [${from}, output]}]}}`;
const edge = (from: string, to: string): string =>
  `{source: ${from}, target: ${to}, sourceHandle: source, targetHandle: target}`;

const chain = (count: number): string => {
  const ids = Array.from({ length: count }, (_, index) => `n${index}`);
  return file(
    [START, ...ids.map((_, index) => template(index, index === 0 ? "s" : `n${index - 1}`)), END],
    ["s", ...ids].map((from, index) => edge(from, ids[index] ?? "e")),
  );
};

const placesOf = (text: string): readonly string[] => {
  const reading = readFlow(text);
  return reading.ok ? [] : reading.problems.map(({ field }) => field);
};

describe("the size of a graph", () => {
  it("may be what nobody draws", () => {
    assert.deepEqual(placesOf(chain(3_000)), []);
  });

  for (const [name, text, place] of [
    ["30,000 nodes", chain(30_000), "workflow.graph.nodes"],
    [
      "30,000 nodes that are none",
      file(
        Array.from({ length: 30_000 }, () => "0"),
        [],
      ),
      "workflow.graph.nodes",
    ],
    [
      "30,000 nodes of one id",
      file(
        Array.from({ length: 30_000 }, () => START),
        [],
      ),
      "workflow.graph.nodes",
    ],
    [
      "60,000 edges",
      file(
        [START, END],
        Array.from({ length: 60_000 }, () => edge("s", "e")),
      ),
      "workflow.graph.edges",
    ],
    [
      "60,000 edges from nowhere",
      file(
        [START],
        Array.from({ length: 60_000 }, () => edge("x", "y")),
      ),
      "workflow.graph.edges",
    ],
  ] as const)
    it(`is refused for ${name} with this one problem`, () => {
      assert.deepEqual(placesOf(text), [place]);
    });
});
