import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../properties.ts";
import { advance } from "../../../src/flow/engine/advance.ts";
import type { FrameCommand } from "../../../src/flow/engine/advance.ts";
import { type FrameState, INITIAL_FRAME } from "../../../src/flow/engine/frame-state.ts";
import { createPlan, type FramePlan, type NodePolicy } from "../../../src/flow/engine/plan.ts";
import { inItsWords } from "../../../src/flow/messages/message.ts";

const PLAIN: NodePolicy = { branches: false, errorStrategy: null, maxRetries: 0, retryIntervalMs: 0 };

/** A graph over n0…nN whose edges lead from smaller to larger numbers; n0 is the start. */
type Graph = {
  readonly policies: readonly NodePolicy[];
  readonly edges: readonly { readonly from: number; readonly to: number; readonly handle: string }[];
  /** By node: what a choosing node leaves by, and whether the node fails. */
  readonly choices: readonly string[];
  readonly fails: readonly boolean[];
};

const HANDLES = ["source", "other", "fail-branch"] as const;

const graphs = (failing: boolean): fc.Arbitrary<Graph> =>
  fc.integer({ min: 1, max: 9 }).chain((size) =>
    fc.record({
      policies: fc.array(
        fc.record({
          branches: fc.boolean(),
          errorStrategy: fc.constantFrom(null, "fail-branch" as const, "default-value" as const),
          maxRetries: fc.integer({ min: 0, max: failing ? 2 : 0 }),
          retryIntervalMs: fc.constant(0),
        }),
        { minLength: size, maxLength: size },
      ),
      edges: fc
        .array(
          fc.record({
            a: fc.nat(size - 1),
            b: fc.nat(size - 1),
            handle: fc.constantFrom(...HANDLES),
          }),
          { maxLength: 20 },
        )
        .map((pairs) =>
          pairs
            .filter(({ a, b }) => a !== b)
            .map(({ a, b, handle }) => ({ from: Math.min(a, b), to: Math.max(a, b), handle })),
        ),
      choices: fc.array(fc.constantFrom("source", "other"), { minLength: size, maxLength: size }),
      fails: fc.array(failing ? fc.boolean() : fc.constant(false), { minLength: size, maxLength: size }),
    }),
  );

const planOf = (graph: Graph, parallelLimit: number, stopOnFailure: boolean): FramePlan =>
  createPlan({
    startNodeId: "n0",
    nodes: new Map(
      graph.policies.map((policy, i) => [
        `n${i}`,
        { ...policy, branches: policy.branches || policy.errorStrategy === "fail-branch" },
      ]),
    ),
    edges: graph.edges.map(({ from, to, handle }, i) => ({
      id: `e${i}`,
      source: `n${from}`,
      sourceHandle: handle,
      target: `n${to}`,
    })),
    parallelLimit,
    stopOnFailure,
  });

type Run = { readonly state: FrameState; readonly started: readonly string[]; readonly widest: number };

/** Plays a graph to its end, completing running nodes in the order that `picks` says. */
const play = (plan: FramePlan, graph: Graph, picks: readonly number[]): Run => {
  const running: string[] = [];
  const started: string[] = [];
  let widest = 0;
  let finishes = 0;
  const obey = (commands: readonly FrameCommand[]): void => {
    for (const command of commands) {
      if (command.kind === "run") started.push(command.nodeId);
      if (command.kind === "run" || command.kind === "retry") running.push(command.nodeId);
      if (command.kind === "finish") finishes += 1;
    }
    widest = Math.max(widest, running.length);
  };
  let { state, commands } = advance(plan, INITIAL_FRAME, { kind: "started" });
  obey(commands);
  for (let turn = 0; !state.isFinished; turn += 1) {
    assert.ok(turn < 1000, "the frame does not end");
    const [nodeId] = running.splice((picks[turn % picks.length] ?? 0) % running.length, 1);
    assert.ok(nodeId !== undefined, "nothing runs, but the frame has not ended");
    const index = Number(nodeId.slice(1));
    const isFailing = graph.fails[index] === true;
    ({ state, commands } = advance(
      plan,
      state,
      isFailing
        ? { kind: "failed", nodeId, message: inItsWords(nodeId), extraFailures: 0, isFinal: false }
        : { kind: "succeeded", nodeId, handle: graph.choices[index] ?? "source", extraFailures: 0 },
    ));
    obey(commands);
  }
  assert.equal(finishes, 1);
  return { state, started, widest };
};

const picks = fc.array(fc.nat(20), { minLength: 1, maxLength: 12 });

const outcome = ({ state }: Run) => ({
  nodes: Object.fromEntries(state.nodes),
  edges: Object.fromEntries(state.edges),
  failures: state.failures,
});

describe("advance", () => {
  it("runs each node at most once, and exactly those whose edges say so", () => {
    fc.assert(
      fc.property(graphs(true), picks, fc.integer({ min: 1, max: 4 }), (graph, order, limit) => {
        const plan = planOf(graph, limit, false);
        const { state, started, widest } = play(plan, graph, order);
        assert.equal(new Set(started).size, started.length);
        assert.ok(widest <= limit);
        for (const nodeId of plan.nodes.keys()) {
          const edges = (plan.incoming.get(nodeId) ?? []).map((edge) => state.edges.get(edge.id));
          const shouldRun = edges.every((edge) => edge !== undefined) && edges.includes("taken");
          if (nodeId !== "n0") assert.equal(started.includes(nodeId), shouldRun, nodeId);
        }
      }),
      { numRuns: 400 },
    );
  });

  it("ends the same way in whatever order nodes complete", () => {
    fc.assert(
      fc.property(graphs(true), picks, picks, (graph, one, other) => {
        const left = play(planOf(graph, 10, false), graph, one);
        const right = play(planOf(graph, 2, false), graph, other);
        assert.deepEqual(outcome(left), outcome(right));
      }),
      { numRuns: 400 },
    );
  });

  it("skips what is behind a skipped node, and leaves nothing undecided behind a finished one", () => {
    fc.assert(
      fc.property(graphs(false), picks, (graph, order) => {
        const plan = planOf(graph, 10, true);
        const { state } = play(plan, graph, order);
        for (const [nodeId, node] of state.nodes) {
          const edges = (plan.outgoing.get(nodeId) ?? []).map((edge) => state.edges.get(edge.id));
          if (node === "skipped") assert.ok(edges.every((edge) => edge === "skipped"));
          if (node === "done") assert.ok(edges.every((edge) => edge !== undefined));
        }
      }),
      { numRuns: 300 },
    );
  });

  it("ends at the first failure that nothing catches at the top level", () => {
    fc.assert(
      fc.property(graphs(true), picks, (graph, order) => {
        const { state } = play(planOf(graph, 10, true), graph, order);
        const failed = [...state.nodes.values()].filter((node) => node === "failed");
        assert.equal(failed.length, state.error === null ? 0 : 1);
      }),
      { numRuns: 300 },
    );
  });

  it("retries, then catches, and counts every failure", () => {
    const policy: NodePolicy = {
      ...PLAIN,
      errorStrategy: "default-value",
      maxRetries: 1,
      retryIntervalMs: 7,
    };
    const plan = createPlan({
      startNodeId: "a",
      nodes: new Map([["a", policy]]),
      edges: [],
      parallelLimit: 1,
      stopOnFailure: true,
    });
    const failed = {
      kind: "failed",
      nodeId: "a",
      message: inItsWords("no"),
      extraFailures: 0,
      isFinal: false,
    } as const;
    const first = advance(plan, advance(plan, INITIAL_FRAME, { kind: "started" }).state, failed);
    assert.deepEqual(first.commands, [{ kind: "retry", nodeId: "a", retryIndex: 1, delayMs: 7 }]);
    const second = advance(plan, first.state, failed);
    assert.deepEqual(second.commands, [
      { kind: "catch", nodeId: "a", strategy: "default-value" },
      { kind: "finish", error: null },
    ]);
    assert.equal(second.state.failures, 2);
  });

  it("lets events for a finished frame or a node that does not run change nothing", () => {
    const plan = createPlan({
      startNodeId: "a",
      nodes: new Map([["a", PLAIN]]),
      edges: [],
      parallelLimit: 1,
      stopOnFailure: true,
    });
    const { state } = advance(plan, INITIAL_FRAME, { kind: "started" });
    const stray = { kind: "succeeded", nodeId: "b", handle: "source", extraFailures: 0 } as const;
    assert.deepEqual(advance(plan, state, stray), { state, commands: [] });
    const ended = advance(plan, state, { ...stray, nodeId: "a" }).state;
    assert.deepEqual(advance(plan, ended, { ...stray, nodeId: "a" }), { state: ended, commands: [] });
  });
});
