import { NO_HISTORY } from "../../src/review/decide.ts";
import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { createMemoryJournal } from "../../src/base/journal.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { NO_USAGE } from "../../src/flow/flow-event.ts";
import type {
  AcceptRequest,
  Claim,
  NewRun,
  Run,
  Settlement,
  Store,
  WorkOptions,
} from "../../src/store/store.ts";
import { createTelemetry } from "../../src/telemetry/telemetry.ts";
import { observeStore } from "../../src/wiring/observe-store.ts";
import { request } from "../store/store-requests.ts";
import { startCollector } from "./collector.ts";
import { parsePrometheus, valueOf } from "./prometheus-text.ts";

const EMPTY = { queued: 0, waiting: 0, parked: 0, retrying: 0, active: 0, oldestQueuedAtMs: null };
const no = async (): Promise<never> => assert.fail("not asked for");

/** A store that only remembers what it was given. */
const rememberingStore = () => {
  const accepted: AcceptRequest[] = [];
  const workers: WorkOptions[] = [];
  const store: Store = {
    accept: async (asked) => {
      accepted.push(asked);
      return { kind: "ignore", deliveryId: "d1", reason: reasonOf("nothing-to-review") };
    },
    work: async (options) => {
      workers.push(options);
      return { stop: async () => undefined };
    },
    cancelRun: no,
    runAgain: no,
    getRun: no,
    listRuns: no,
    getDelivery: no,
    getDeliveryBody: no,
    listDeliveries: no,
    countRuns: no,
    queueStatus: async () => EMPTY,
    outages: { list: no, resume: no, works: no },
    ping: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
  return { store, accepted, worker: () => workers[0] ?? assert.fail("no worker") };
};

const claimOf = ({ event }: Pick<NewRun, "event">, attempts = 1): Claim => {
  const run: Run = {
    id: "r1",
    kind: "review",
    deliveryId: "d1",
    projectId: 7,
    projectPath: "group/shop",
    iid: 3,
    headSha: "abc",
    flow: "default",
    trigger: "opened",
    state: "active",
    reason: null,
    waitingFor: null,
    waits: 0,
    attempts,
    createdAtMs: Date.now() - 5_000,
    startedAtMs: null,
    finishedAtMs: null,
    nextAttemptAtMs: null,
    event,
    result: null,
    usage: NO_USAGE,
  };
  const { signal } = new AbortController();
  const [journal, memory] = [createMemoryJournal(), createMemoryJournal()];
  return {
    run,
    token: null,
    journal,
    history: async () => NO_HISTORY,
    reviews: async () => undefined,
    memory,
    remembered: async () => [],
    record: async () => 0,
    signal,
  };
};

const setUp = async (otlpEndpoint: string | null) => {
  const telemetry = await createTelemetry({
    otlpEndpoint,
    serviceName: "test",
    now: Date.now,
    logger: silentLogger,
  });
  const remembering = rememberingStore();
  const store = observeStore(remembering.store, { ...telemetry, clock: systemClock });
  const read = async () => parsePrometheus((await telemetry.metrics.render(store.queueStatus)).text);
  return { ...remembering, telemetry, store, read };
};

const work = async (
  { store, worker }: Awaited<ReturnType<typeof setUp>>,
  claim: Claim,
  handle: () => Promise<Settlement>,
): Promise<Settlement> => {
  await store.work({ handle, concurrency: 1, perProject: 1 });
  return worker().handle(claim);
};

suite("an observed store", () => {
  test("is given requests as they are where nothing is traced", async () => {
    const { store, accepted } = await setUp(null);
    const asked = request({});
    await store.accept(asked);
    assert.equal(accepted[0], asked);
  });

  test("gets the trace with a run's event, and the attempts of the run go on with it", async () => {
    await using collector = await startCollector();
    const world = await setUp(collector.url);
    const asked = request({ iid: 9 });
    await world.telemetry.tracing.spanFrom(null, { name: "delivery" }, () => world.store.accept(asked));
    const [stored] = world.accepted;
    const { traceparent, ...event } = stored?.run?.event ?? {};
    assert.deepEqual(event, asked.run?.event);
    assert.ok(typeof traceparent === "string");
    assert.match(traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    const retry = {
      state: "retry",
      reason: reasonOf("model-overloaded", { detail: "the title" }),
      retryAfterMs: 1,
    } as const;
    for (const attempt of [1, 2])
      await work(world, claimOf({ event: { ...event, traceparent } }, attempt), async () =>
        Promise.resolve(retry),
      );
    await world.telemetry.stop();
    assert.deepEqual(
      collector.spans.map(({ name, attributes }) => [name, attributes["error.type"] ?? null]),
      [
        ["delivery", null],
        ["run", "model-overloaded"],
        ["run", "model-overloaded"],
      ],
    );
    assert.equal(new Set(collector.spans.map(({ traceId }) => traceId)).size, 1);
    assert.doesNotMatch(collector.bodies.join(), /the title|group\/shop/);
  });

  test("begins a trace for a run that no delivery of the moment asks for", async () => {
    await using collector = await startCollector();
    const { store, telemetry, accepted } = await setUp(collector.url);
    await store.accept(request({}));
    await telemetry.stop();
    const [span] = collector.spans;
    assert.equal(span?.name, "accept");
    const stored = accepted[0]?.run?.event["traceparent"];
    assert.equal(stored, `00-${span.traceId}-${span.id}-01`);
  });

  test("runs what was stored before there were traces, or by someone who wrote nonsense there", async () => {
    await using collector = await startCollector();
    const world = await setUp(collector.url);
    const done = { state: "succeeded", reason: null, result: null, usage: NO_USAGE } as const;
    for (const event of [{}, { traceparent: "nonsense" }, { traceparent: 7 }])
      assert.equal(await work(world, claimOf({ event }), async () => done), done);
    await world.telemetry.stop();
    assert.deepEqual(
      collector.spans.map(({ parentId }) => parentId),
      [null, null, null],
    );
  });

  test("counts attempts, their wait and their end, also of a handler that throws", async () => {
    const world = await setUp(null);
    const error = new TypeError("a bug");
    await assert.rejects(
      work(world, claimOf({ event: {} }), () => Promise.reject(error)),
      error,
    );
    const { run } = claimOf({ event: {} });
    for (const state of ["retrying", "queued", "failed"] as const) world.worker().onSettled?.(run, state);
    const families = await world.read();
    const flow = "default";
    assert.equal(valueOf(families, "reviewflow_run_attempts_total", { flow, outcome: "failed" }), 1);
    assert.equal(valueOf(families, "reviewflow_active_runs", { flow }), 0);
    assert.ok(valueOf(families, "reviewflow_run_queue_wait_seconds_sum", { flow }) >= 5);
    assert.equal(valueOf(families, "reviewflow_runs_total", { flow, state: "failed" }), 1);
    assert.equal(valueOf(families, "reviewflow_run_seconds_count", { flow }), 1);
  });
});
