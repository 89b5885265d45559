import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fc } from "../properties.ts";
import { NO_USAGE } from "../../src/flow/flow-event.ts";
import { createMetrics, type Metrics } from "../../src/telemetry/metrics.ts";
import { parsePrometheus, valueOf } from "./prometheus-text.ts";

const QUEUE = { queued: 3, waiting: 0, parked: 0, retrying: 1, active: 2, oldestQueuedAtMs: 40_000 };
const usage = { ...NO_USAGE, totalTokens: 30, promptTokens: 20, completionTokens: 10, totalPrice: 0.5 };

const read = async (metrics: Metrics, queue = async () => QUEUE) => {
  const { text, contentType } = await metrics.render(queue);
  assert.match(contentType, /^text\/plain; version=0\.0\.4/);
  return parsePrometheus(text);
};

suite("metrics", () => {
  test("count what they are told, with durations in seconds", async () => {
    const metrics = createMetrics(() => 100_000);
    metrics.delivery({ outcome: "review", reason: null, ackMs: 30 });
    metrics.delivery({ outcome: "refused", reason: "token-wrong", ackMs: 1 });
    metrics.runStarted("default", 4_000);
    metrics.runStarted("default", null);
    metrics.attemptEnded({ flow: "default", outcome: "retry", elapsedMs: 2_000 });
    metrics.runEnded({ flow: "default", state: "failed", elapsedMs: 9_000 });
    metrics.nodeEnded({ kind: "llm", status: "succeeded", elapsedMs: 1_500 });
    metrics.nodeRetried({ nodeType: "llm" });
    metrics.flowEnded({ flow: "default", status: "succeeded", usage });
    const unsplit = { ...usage, promptTokens: null, completionTokens: null, totalPrice: null };
    metrics.flowEnded({ flow: "blocking", status: "succeeded", usage: unsplit });
    metrics.modelCall({
      model: "main",
      provider: "openai",
      outcome: "ok",
      attempt: 1,
      isFallback: false,
      elapsedMs: 700,
      usage,
    });
    metrics.gitLabCall(
      {
        method: "GET",
        route: "/projects/:id",
        status: 429,
        code: "gitlab-rate-limited",
        durationMs: 20,
        attempt: 1,
        quota: { limit: 600, remaining: 0 },
      },
      "server",
    );
    metrics.published({ failed: false, elapsedMs: 250 });
    metrics.noteWritten("created");
    metrics.threads({ opened: 2, kept: 5, resolved: 1, folded: 0, refused: 1 });
    metrics.storeError("store-unreachable");
    metrics.spansExported(7, false);
    const families = await read(metrics);
    const is = (name: string, labels: Record<string, string>, value: number) =>
      assert.equal(valueOf(families, `reviewflow_${name}`, labels), value, name);
    is("deliveries_total", { outcome: "review", reason: "none" }, 1);
    is("deliveries_total", { outcome: "refused", reason: "token-wrong" }, 1);
    is("delivery_ack_seconds_sum", { outcome: "review" }, 0.03);
    is("queue_runs", { state: "queued" }, 3);
    is("queue_oldest_seconds", {}, 60);
    is("store_up", {}, 1);
    is("active_runs", { flow: "default" }, 1);
    is("run_queue_wait_seconds_count", { flow: "default" }, 1);
    is("run_attempts_total", { flow: "default", outcome: "retry" }, 1);
    is("runs_total", { flow: "default", state: "failed" }, 1);
    is("run_seconds_sum", { flow: "default" }, 9);
    is("node_seconds_sum", { kind: "llm", status: "succeeded" }, 1.5);
    is("node_retries_total", { kind: "llm" }, 1);
    is("flow_tokens_total", { flow: "default", direction: "input" }, 20);
    is("flow_tokens_total", { flow: "blocking", direction: "unsplit" }, usage.totalTokens);
    is("model_calls_total", { model: "main", outcome: "ok" }, 1);
    is("model_tokens_total", { model: "main", direction: "output" }, 10);
    is("model_cost_total", { model: "main", currency: "USD" }, 0.5);
    is("gitlab_calls_total", { method: "GET", route: "/projects/:id", status: "4xx" }, 1);
    is("gitlab_ratelimit_remaining", { token: "server" }, 0);
    is("publications_total", { outcome: "succeeded" }, 1);
    is("publish_threads_total", { result: "kept" }, 5);
    is("publish_notes_total", { outcome: "created" }, 1);
    is("store_errors_total", { code: "store-unreachable" }, 1);
    is("trace_spans_total", { outcome: "failed" }, 7);
    assert.ok(valueOf(families, "process_resident_memory_bytes") > 0);
  });

  test("of a store that does not answer say so, and say nothing of the queue", async () => {
    const metrics = createMetrics(() => 100_000);
    await read(metrics);
    const families = await read(metrics, async () => {
      throw new Error("away");
    });
    assert.equal(valueOf(families, "reviewflow_store_up"), 0);
    assert.equal(families.get("reviewflow_queue_runs")?.samples.length, 0);
    assert.equal(families.get("reviewflow_queue_oldest_seconds")?.samples.length, 0);
    assert.equal(valueOf(await read(metrics), "reviewflow_queue_runs", { state: "queued" }), 3);
  });
});

/** Texts as a hostile or broken other side may send them, and names as ours are. */
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.stringMatching(/^[a-z]{1,8}(-[a-z]{1,8}){0,3}$/),
  fc.constantFrom("ok", 'a"b', "a\\", "a\nb", "/projects/group%2Fshop/merge_requests/7", "Fix the cart", ""),
);
const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(-1, Number.NaN, Infinity));
const usages = fc.record({
  totalTokens: number,
  promptTokens: number,
  completionTokens: number,
  totalPrice: number,
  currency: text,
});

/** Tells metrics of something. */
type Telling = (metrics: Metrics) => void;

const tellings: fc.Arbitrary<Telling> = fc.oneof(
  fc.tuple(text, fc.option(text), number).map(
    ([outcome, reason, ackMs]): Telling =>
      ({ delivery }) =>
        delivery({ outcome, reason, ackMs }),
  ),
  fc.tuple(text, text, number).map(([flow, outcome, elapsedMs]): Telling => (metrics) => {
    metrics.runStarted(flow, elapsedMs);
    metrics.attemptEnded({ flow, outcome, elapsedMs });
    metrics.runEnded({ flow, state: outcome, elapsedMs });
  }),
  fc.tuple(text, text, number).map(([kind, status, elapsedMs]): Telling => (metrics) => {
    metrics.nodeEnded({ kind, status, elapsedMs });
    metrics.nodeRetried({ nodeType: kind });
    metrics.storeError(status);
  }),
  fc.tuple(text, text, usages, number).map(([model, outcome, usage, elapsedMs]): Telling => (metrics) => {
    metrics.modelCall({ model, provider: "x", outcome, attempt: 1, isFallback: false, elapsedMs, usage });
    metrics.flowEnded({ flow: model, status: outcome, usage });
  }),
  fc
    .tuple(text, text, fc.option(number), number)
    .map(([method, route, status, durationMs]): Telling => (metrics) => {
      const quota = { limit: durationMs, remaining: durationMs };
      metrics.gitLabCall({ method, route, status, code: null, durationMs, attempt: 1, quota }, "delivery");
      metrics.threads({ opened: durationMs, kept: 0, resolved: 0, folded: 0, refused: 0 });
      metrics.spansExported(durationMs, true);
    }),
);

/** The most values that a label may ever have; `other` is one of them. */
const MOST: Readonly<Record<string, number>> = {
  flow: 101,
  model: 101,
  route: 81,
  reason: 62,
  code: 45,
  kind: 24,
  outcome: 27,
  currency: 11,
  state: 6,
  status: 7,
};

suite("labels", () => {
  test("stay within their bounds whatever is told, and the text stays Prometheus'", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(tellings, { minLength: 50, maxLength: 250 }), async (all) => {
        const metrics = createMetrics(() => 0);
        for (const tell of all) tell(metrics);
        for (const { name, samples } of (await read(metrics)).values()) {
          if (!name.startsWith("reviewflow_")) continue;
          const values = new Map<string, Set<string>>();
          for (const [label, value] of samples.flatMap(({ labels }) => [...labels]))
            values.set(label, (values.get(label) ?? new Set()).add(value));
          for (const [label, known] of values)
            assert.ok(known.size <= (MOST[label] ?? 20), `${name} ${label}: ${known.size}`);
        }
      }),
      { numRuns: 15, endOnFailure: true },
    );
  });

  test("never hold a path, a title or an id, even as the first of their kind", async () => {
    const metrics = createMetrics(() => 0);
    const said = ["/projects/42/merge_requests/7", "group/shop", "Fix the cart", "0b7e2a66-77aa", "@user"];
    for (const text of said) {
      const call = { method: text, route: text, status: 200, code: text, durationMs: 1, attempt: 1 };
      metrics.gitLabCall({ ...call, quota: null }, "server");
      metrics.delivery({ outcome: text, reason: text, ackMs: 1 });
      metrics.nodeEnded({ kind: text, status: text, elapsedMs: 1 });
      metrics.storeError(text);
    }
    const { text } = await metrics.render(async () => QUEUE);
    for (const one of said) assert.ok(!text.includes(one), one);
  });

  test("of many calls of one kind make no more series than of one", async () => {
    const metrics = createMetrics(() => 0);
    const count = async () => [...(await read(metrics)).values()].flatMap(({ samples }) => samples).length;
    const tell = () => {
      for (let index = 0; index < 500; index += 1)
        metrics.nodeEnded({ kind: `kind-${index}`, status: `status-${index}`, elapsedMs: 1 });
    };
    tell();
    const before = await count();
    tell();
    assert.equal(await count(), before);
    assert.ok(before < 500);
  });
});
