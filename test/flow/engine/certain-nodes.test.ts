import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createCertainty } from "../../../src/flow/engine/certain-nodes.ts";
import { type FrameState, INITIAL_FRAME } from "../../../src/flow/engine/frame-state.ts";
import { type FramePlan, planFrame } from "../../../src/flow/engine/plan.ts";
import { parseFlow } from "../../../src/flow/parse/parse-flow.ts";
import { conformanceFlow } from "./flow-files.ts";

const SIZE = 200;

/** A chain of nodes that do not choose, with a choice in the middle. */
const chain = parseFlow(
  JSON.stringify({
    app: { name: "chain", mode: "workflow" },
    workflow: {
      graph: {
        nodes: Array.from({ length: SIZE }, (_, index) => ({
          id: `n${index}`,
          data:
            index === 0
              ? { type: "start" }
              : index === SIZE / 2
                ? { type: "if-else", cases: [{ case_id: "yes", conditions: [] }] }
                : { type: "variable-aggregator", variables: [] },
        })),
        edges: Array.from({ length: SIZE - 1 }, (_, index) => ({
          source: `n${index}`,
          target: `n${index + 1}`,
          sourceHandle: index === SIZE / 2 ? "yes" : "source",
        })),
      },
    },
  }),
);

/** The plan, with a count of how often the edges of a node are asked for. */
const countingPlan = (): { readonly plan: FramePlan; readonly asked: () => number } => {
  const plan = planFrame(chain, null, chain.startNodeId, 10);
  let count = 0;
  const outgoing = new Map(plan.outgoing);
  const get = outgoing.get.bind(outgoing);
  outgoing.get = (id) => {
    count += 1;
    return get(id);
  };
  return { plan: { ...plan, outgoing }, asked: () => count };
};

const takenUpTo = (plan: FramePlan, last: number): FrameState => ({
  ...INITIAL_FRAME,
  edges: new Map(
    Array.from(
      { length: last },
      (_, index) => [plan.outgoing.get(`n${index}`)?.[0]?.id ?? "", "taken"] as const,
    ),
  ),
});

describe("createCertainty", () => {
  it("is sure of what follows without a choice, and beyond a choice once it is made", () => {
    const { plan } = countingPlan();
    const certain = createCertainty(chain, plan);
    certain.update(INITIAL_FRAME);
    assert.ok(certain.has(`n${SIZE / 2}`));
    assert.ok(!certain.has(`n${SIZE / 2 + 1}`));
    certain.update(takenUpTo(plan, SIZE / 2 + 1));
    assert.ok(certain.has(`n${SIZE - 1}`));
  });

  it("is not sure of the branch that was not taken", () => {
    const flow = conformanceFlow("if-else-branches");
    const plan = planFrame(flow, null, flow.startNodeId, 10);
    const certain = createCertainty(flow, plan);
    const [choice = ""] = [...flow.nodes.values()]
      .filter(({ kind }) => kind === "if-else")
      .map(({ id }) => id);
    const edges = plan.outgoing.get(choice) ?? [];
    certain.update({
      ...INITIAL_FRAME,
      edges: new Map(edges.map(({ id }, index) => [id, index === 1 ? "taken" : "skipped"])),
    });
    assert.deepEqual(
      edges.map(({ target }) => certain.has(target)),
      edges.map((_, index) => index === 1),
    );
  });

  it("looks at each node about once in a whole run, however many steps that has", () => {
    const { plan, asked } = countingPlan();
    const states = Array.from({ length: SIZE }, (_, index) => takenUpTo(plan, index));
    const before = asked();
    const certain = createCertainty(chain, plan);
    for (const state of states) certain.update(state);
    assert.ok(asked() - before < 3 * SIZE, `${asked() - before} looks at ${SIZE} nodes`);
  });
});
