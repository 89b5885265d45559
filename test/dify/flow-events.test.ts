import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../properties.ts";
import type { FlowEvent } from "../../src/flow/flow-event.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { endWhenSilent, readFrames } from "../../src/dify/event-stream.ts";
import { createFrameReader } from "../../src/dify/flow-events.ts";
import { StreamFrame } from "../../src/dify/schema.ts";

const readAll = async (chunks: readonly Uint8Array[]): Promise<FlowEvent[]> => {
  const reader = createFrameReader();
  const body = Object.assign(
    (async function* () {
      yield* chunks;
    })(),
    { destroy: () => undefined },
  );
  const events: FlowEvent[] = [];
  for await (const frame of readFrames(body, 1_000, silentLogger, endWhenSilent)) {
    const event = reader.read(frame);
    if (event !== null) events.push(event);
  }
  return events;
};

const frame = (event: string, data: object): object => ({
  event,
  task_id: "t",
  workflow_run_id: "r",
  data,
});
const node = (more: object = {}): object => ({
  id: "x",
  node_id: "n1",
  node_type: "llm",
  title: "검토",
  ...more,
});

const STREAM: readonly object[] = [
  frame("workflow_started", { id: "r", workflow_id: "w", inputs: {}, created_at: 1 }),
  frame("iteration_started", {
    ...node({ node_id: "it", node_type: "iteration" }),
    metadata: { iteration_length: 2 },
  }),
  frame("iteration_next", node({ node_id: "it", node_type: "iteration", index: 1 })),
  frame("node_started", node({ iteration_id: "it", inputs: null })),
  frame("node_retry", node({ iteration_id: "it", error: "again", retry_index: 1, status: "retry" })),
  frame("node_finished", {
    ...node({ iteration_id: "it", status: "succeeded", elapsed_time: 1.5, inputs: { a: 1 } }),
    outputs: {
      text: "좋아요",
      usage: {
        total_tokens: 3,
        prompt_tokens: 2,
        completion_tokens: 1,
        total_price: "0.01",
        currency: "EUR",
      },
    },
    execution_metadata: { total_tokens: 3 },
  }),
  frame(
    "iteration_completed",
    node({ node_id: "it", node_type: "iteration", status: "succeeded", outputs: { output: [1] } }),
  ),
  frame("text_chunk", { text: "🙂", from_variable_selector: ["n1", "text"] }),
  frame("reasoning_chunk", { reasoning: "hm" }),
  frame("agent_log", { id: "l", label: "call", data: {} }),
  frame("human_input_required", { form_id: "f" }),
  frame("brand_new_event", {}),
  frame("workflow_finished", {
    status: "partial-succeeded",
    outputs: '{"answer":1}',
    error: "",
    elapsed_time: 2,
    total_tokens: 9,
    total_steps: 4,
  }),
];

const encode = (frames: readonly object[]): Buffer =>
  Buffer.from(frames.map((one) => `data: ${JSON.stringify(one)}\n\nevent: ping\n\n`).join(""));

describe("Dify's event stream", () => {
  it("becomes FlowEvents, unknown kinds left out", async () => {
    const events = await readAll([encode(STREAM)]);
    assert.deepEqual(
      events.map(({ event }) => event),
      [
        "workflow_started",
        "iteration_started",
        "iteration_next",
        "node_started",
        "node_retry",
        "node_finished",
        "iteration_completed",
        "text_chunk",
        "reasoning_chunk",
        "agent_log",
        "human_input_required",
        "workflow_finished",
      ],
    );
    const started = events.find((event) => event.event === "node_started");
    assert.deepEqual(started?.node, {
      nodeId: "n1",
      nodeType: "llm",
      title: "검토",
      container: { nodeId: "it", index: 1 },
    });
    assert.deepEqual(events.at(-1), {
      event: "workflow_finished",
      status: "partial-succeeded",
      outputs: { answer: 1 },
      error: null,
      elapsedMs: 2_000,
      totalSteps: 4,
      // Of nine tokens three are accounted for by nodes, so that the rest is not known.
      usage: {
        totalTokens: 9,
        promptTokens: null,
        completionTokens: null,
        totalPrice: null,
        currency: "EUR",
      },
    });
  });
  it("gives the same events wherever the bytes are cut", async () => {
    const bytes = encode(STREAM);
    const whole = await readAll([bytes]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 40 }), async (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const chunks = edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
        assert.deepEqual(await readAll(chunks), whole);
      }),
      { numRuns: 60 },
    );
  });
  it("is read without a throw whatever a frame holds", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...STREAM, { event: "error" }, { event: "loop_next" }),
        fc.jsonValue(),
        fc.jsonValue(),
        (known, data, extra) => {
          const raw = { ...known, data, code: extra, status: extra, message: extra };
          const parsed = StreamFrame.safeParse(raw);
          if (parsed.success) createFrameReader().read({ frame: parsed.data, raw });
        },
      ),
      { numRuns: 400 },
    );
  });
});
