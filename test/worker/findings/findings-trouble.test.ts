import { plainDetail } from "../../messages/plain.ts";
import { verbatim } from "../../../src/messages/message.ts";
import { reasonOf } from "../../../src/base/reason.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { DifyError } from "../../../src/base/errors.ts";
import { RunCancelled } from "../../../src/review/flow-runner.ts";
import { ReviewResult } from "../../../src/review/review-result.ts";
import { createPacking, FINDINGS_INPUTS } from "../../../src/worker/findings/findings-flow.ts";
import { BOT, createPlace } from "./place.ts";
import {
  createWorker,
  fakeFindingsFlow,
  fakeFlow,
  verdictsOn,
  findBugs,
  linesOf,
  resultOf,
  shownLines,
  textInput,
} from "./world.ts";
import { message } from "../../../src/messages/message.ts";

const bugAt = (...lines: readonly number[]): string =>
  linesOf(100, (line) => (lines.includes(line) ? `BUG ${line}` : null));
const clean = linesOf(100);
const longBugAt = (at: number): string =>
  linesOf(100, (line) => (line === at ? `BUG ${line} ${"word ".repeat(200).trim()}` : null));
const SMALL = 500;
const unavailable = () =>
  new DifyError(verbatim("busy"), {
    code: "dify-unavailable",
    retryable: true,
    status: 503,
    retryAfterMs: 5,
  });

suite("a review by findings in trouble", () => {
  test("what is over the limit is left out, said so, and reviewed next time", async () => {
    const world = createPlace(
      Object.fromEntries(["a", "b", "c", "d"].map((name) => [`${name}.ts`, [clean, longBugAt(10)] as const])),
    );
    const worker = createWorker(world);
    const { flow } = fakeFindingsFlow();
    const limits = { ...flow.limits, unitTokens: SMALL, unitsAtOnce: 1, cost: 0.015 };
    const settlement = await worker.review({ ...flow, limits });
    assert.ok(settlement.state === "partial-succeeded" && settlement.reason?.code === "parts-over-limit");
    assert.equal(world.threads().length, 2);
    const { files } = ReviewResult.parse(resultOf(settlement));
    assert.deepEqual(
      files.map(({ outcome }) => ("reason" in outcome ? outcome.reason.code : outcome.kind)),
      ["reviewed", "reviewed", "over-limit", "over-limit"],
    );
    assert.equal((await worker.review({ ...flow, limits })).state, "succeeded");
    assert.equal(world.threads().length, 4);
  });

  test("a part that fails is told in the receipt; when all fail, so does the run", async () => {
    const world = createPlace({ "a.ts": [clean, longBugAt(10)], "b.ts": [clean, longBugAt(20)] });
    const { flow } = fakeFindingsFlow({}, (request, nth) =>
      shownLines(request).some(({ path }) => path === "b.ts")
        ? { status: "failed", error: `broken ${nth}` }
        : findBugs(request, nth),
    );
    const limits = { ...flow.limits, unitTokens: SMALL };
    const settlement = await createWorker(world).review({ ...flow, limits });
    assert.ok(settlement.state === "partial-succeeded" && settlement.reason?.code === "parts-failed");
    const { files } = ReviewResult.parse(resultOf(settlement));
    assert.deepEqual(
      files.map(({ outcome }) => ("reason" in outcome ? outcome.reason.code : outcome.kind)),
      ["reviewed", "flow-failed"],
    );
    const all = await createWorker(createPlace({ "b.ts": [clean, longBugAt(1)] })).review(flow);
    assert.ok(all.state === "failed" && all.reason.code === "no-part-reviewed");
    assert.match(plainDetail(all.reason), /^reason\.flow-failed: broken/);
    assert.equal(all.usage.totalTokens, 100);
  });

  const takes = (most: number): Parameters<typeof fakeFindingsFlow>[1] => {
    const words = `request (9000 tokens) exceeds the available context size (${most} tokens)`;
    return (request, nth) =>
      textInput(request, "diff").length > most * 2
        ? { status: "failed", error: words, contextLimit: { windowTokens: most } }
        : findBugs(request, nth);
  };
  const many = (count: number) =>
    createPlace(
      Object.fromEntries(
        Array.from({ length: count }, (_, index) => [`f${index}.ts`, [clean, longBugAt(10)] as const]),
      ),
    );

  test("parts that are too long for the model are packed again, and the next review starts so", async () => {
    const world = many(6);
    const worker = createWorker(world);
    const { flow, requests } = fakeFindingsFlow({}, takes(1_000));
    const settlement = await worker.review(flow);
    assert.equal(settlement.state, "succeeded", JSON.stringify(settlement));
    assert.equal(world.threads().length, 6);
    const { files } = ReviewResult.parse(resultOf(settlement));
    assert.deepEqual(new Set(files.map(({ outcome }) => outcome.kind)), new Set(["reviewed"]));
    const refused = (): number => requests.filter((one) => textInput(one, "diff").length > 2_000).length;
    const before = refused();
    assert.ok(before > 0 && before <= 4, String(before));
    const next = many(6);
    assert.equal((await createWorker(next).review(flow)).state, "succeeded");
    assert.equal(refused(), before);
  });

  test("a hunk that is longer than the window is cut; an instruction that fills it fails the review", async () => {
    const long = linesOf(400, (line) => `changed BUG ${line}`);
    const world = createPlace({ "a.ts": [linesOf(400), long] });
    const { flow } = fakeFindingsFlow(
      { limits: { ...fakeFindingsFlow().flow.limits, threads: 500 } },
      takes(2_000),
    );
    const settlement = await createWorker(world).review(flow);
    assert.equal(settlement.state, "succeeded", JSON.stringify(settlement).slice(0, 500));
    assert.equal(world.threads().length, 400);
    const none = fakeFindingsFlow({}, takes(10));
    const failed = await createWorker(many(3)).review(none.flow);
    assert.ok(failed.state === "failed" && failed.reason.code === "no-part-reviewed");
    assert.match(plainDetail(failed.reason), /context size/);
    assert.ok(none.requests.length <= 12, String(none.requests.length));
  });

  const CAUSE =
    'The model "main" (qwen3-internal) is not available (HTTP 500). It said: canary at http://10.0.0.7:11434';
  const failing = () => ({ status: "failed", error: CAUSE }) as const;
  const summaryOf = () => fakeFlow(FINDINGS_INPUTS.summary, failing);
  const failsFor =
    (name: string): Parameters<typeof fakeFindingsFlow>[1] =>
    (request, nth) =>
      shownLines(request).some(({ path }) => path === name) ? failing() : findBugs(request, nth);
  const partlyFails = () => {
    const { flow } = fakeFindingsFlow({}, failsFor("b.ts"));
    return { ...flow, limits: { ...flow.limits, unitTokens: SMALL } };
  };

  for (const [name, flow] of [
    ["a part", partlyFails()],
    ["a pass", fakeFindingsFlow({ passes: [fakeFlow(FINDINGS_INPUTS.review, failing)] }).flow],
    ["the summary", fakeFindingsFlow({ summary: summaryOf() }).flow],
    [
      "a step that the flow went on without",
      fakeFindingsFlow({}, async (request, nth) => ({
        ...(await findBugs(request, nth)),
        failedNodes: [message("step.failed", { step: "ASK", error: CAUSE })],
      })).flow,
    ],
    [
      "everything at once",
      { ...partlyFails(), passes: [fakeFlow(FINDINGS_INPUTS.review, failing)], summary: summaryOf() },
    ],
  ] as const)
    test(`of the failure of ${name} the merge request names no model, address or cause; the run does`, async () => {
      const world = createPlace({ "a.ts": [clean, longBugAt(10)], "b.ts": [clean, longBugAt(20)] });
      const settlement = await createWorker(world).review(flow);
      const published = JSON.stringify(world.discussions());
      assert.ok(published.length > 100);
      assert.doesNotMatch(published, /canary|qwen3-internal|10\.0\.0\.7|11434|HTTP 500/);
      assert.ok(settlement.state === "partial-succeeded", settlement.state);
      assert.match(plainDetail(settlement.reason), /qwen3-internal/);
      assert.match(JSON.stringify(ReviewResult.parse(resultOf(settlement))), /canary/);
    });

  test("a failure that may pass is tried again with the rest kept, and told at the last attempt", async () => {
    const world = createPlace({ "a.ts": [clean, longBugAt(10)], "b.ts": [clean, longBugAt(20)] });
    const { flow, requests } = fakeFindingsFlow({}, (request, nth) => {
      if (shownLines(request).some(({ path }) => path === "a.ts")) throw unavailable();
      return findBugs(request, nth);
    });
    const limits = { ...flow.limits, unitTokens: SMALL };
    const run = createWorker(world).startRun();
    const first = await run({ ...flow, limits });
    assert.ok(first.state === "retry" && first.retryAfterMs === 5);
    assert.equal(world.discussions().length, 0);
    const last = await run({ ...flow, limits }, 3);
    assert.ok(last.state === "partial-succeeded" && last.reason?.code === "parts-failed");
    assert.equal(world.threads().length, 1);
    assert.equal(requests.filter((request) => shownLines(request)[0]?.path === "b.ts").length, 1);
  });

  test("a part whose model is busy is tried again with the rest kept, and told at the last attempt", async () => {
    const world = createPlace({ "a.ts": [clean, longBugAt(10)], "b.ts": [clean, longBugAt(20)] });
    const { flow, requests } = fakeFindingsFlow({}, (request, nth) =>
      shownLines(request).some(({ path }) => path === "a.ts")
        ? {
            status: "failed",
            error: "Overloaded",
            transient: { outside: null, pauseMs: 5, mayHavePosted: true },
          }
        : findBugs(request, nth),
    );
    const limits = { ...flow.limits, unitTokens: SMALL };
    const run = createWorker(world).startRun();
    const first = await run({ ...flow, limits });
    assert.ok(
      first.state === "retry" && first.retryAfterMs === 5 && first.reason.code === "model-overloaded",
    );
    assert.equal(world.discussions().length, 0);
    const last = await run({ ...flow, limits }, 3);
    assert.ok(last.state === "partial-succeeded" && last.reason?.code === "parts-failed");
    assert.equal(last.usage.totalTokens, 300);
    assert.equal(requests.filter((request) => shownLines(request)[0]?.path === "b.ts").length, 1);
  });

  test("when the head moves meanwhile, the new one is reviewed and nothing is placed on the old one", async () => {
    const world = createPlace({ "a.ts": [clean, bugAt(10)] });
    const { flow, requests } = fakeFindingsFlow({}, (request, nth) => {
      if (nth === 1) world.push({ "a.ts": [clean, bugAt(10, 60)] });
      return findBugs(request, nth);
    });
    const settlement = await createWorker(world).review(flow);
    assert.equal(settlement.state, "succeeded");
    assert.equal(requests.length, 2);
    assert.equal(world.threads().length, 2);
    assert.ok(world.threads().every(({ position }) => position?.headSha === world.headSha()));
    let count = 0;
    world.place.onFetch = () => {
      count += 1;
      world.push({ "a.ts": [clean, linesOf(100, (line) => (line === count ? `BUG new ${count}` : null))] });
    };
    const before = world.publications.length;
    const restless = await createWorker(world).review(flow);
    assert.ok(restless.state === "retry" && restless.reason.code === "head-moved");
    assert.equal(world.publications.length, before);
  });

  test("a merge request that is closed meanwhile gets nothing", async () => {
    const world = createPlace({ "a.ts": [clean, bugAt(10)] });
    const { flow } = fakeFindingsFlow({}, (request, nth) => {
      world.place.state = "closed";
      return findBugs(request, nth);
    });
    assert.equal((await createWorker(world).review(flow)).state, "cancelled");
    assert.equal(world.discussions().length, 0);
  });

  test("a place that GitLab refuses moves to the summary", async () => {
    const world = createPlace({ "a.ts": [clean, bugAt(10, 60)] });
    world.place.refuse = (body) => body.includes("BUG 10");
    const settlement = await createWorker(world).review(fakeFindingsFlow().flow);
    assert.equal(settlement.state, "succeeded");
    assert.equal(world.threads().length, 1);
    assert.equal(world.publications.length, 2);
    assert.equal(world.publications[1]?.open.length, 0);
    assert.match(world.summaries()[0] ?? "", /BUG 10/);
    assert.equal(ReviewResult.parse(resultOf(settlement)).counts.refused, 1);
  });

  test("no part is longer than the flow takes, and a hunk that is too long is told", async () => {
    const long = `const text = "${"y".repeat(3_000)}";\n`;
    const world = createPlace({ "a.ts": [clean, bugAt(10, 30, 50, 70)], "b.ts": ["", long] });
    const review = fakeFlow(FINDINGS_INPUTS.review, findBugs, 700);
    const { flow } = fakeFindingsFlow();
    const settlement = await createWorker(world).review({ ...flow, ...review });
    assert.ok(review.requests.length >= 2);
    assert.ok(review.requests.every((request) => textInput(request, "diff").length <= 700));
    assert.ok(review.requests.every((request) => !textInput(request, "diff").includes("[cut:")));
    assert.equal(world.threads().length, 4);
    const verify = fakeFlow(
      FINDINGS_INPUTS.verify,
      (request) => verdictsOn(request, { f1: "confirmed" }),
      500,
    );
    await createWorker(world).review({ ...flow, verify });
    assert.ok(verify.requests.length > 0);
    assert.ok(verify.requests.every((request) => !textInput(request, "diff").includes("[cut:")));
    const { files } = ReviewResult.parse(resultOf(settlement));
    assert.ok(
      files.some(
        ({ path, outcome }) => path === "b.ts" && "reason" in outcome && outcome.reason.code === "too-large",
      ),
    );
  });

  test("a run that is told to stop stops at once; the next one goes on from what was finished", async () => {
    const world = createPlace({ "a.ts": [clean, longBugAt(10)], "b.ts": [clean, longBugAt(20)] });
    const worker = createWorker(world);
    const stop = new AbortController();
    const { flow, requests } = fakeFindingsFlow({}, (request, nth) => {
      if (nth === 2) {
        stop.abort(new RunCancelled(reasonOf("merge-request-closed")));
        request.signal.throwIfAborted();
      }
      return findBugs(request, nth);
    });
    const limits = { ...flow.limits, unitTokens: SMALL, unitsAtOnce: 1 };
    const stopped = await worker.startRun()({ ...flow, limits }, 1, stop.signal);
    assert.deepEqual(stopped, { state: "cancelled", reason: reasonOf("merge-request-closed") });
    assert.equal(world.discussions().length, 0);
    world.push({
      "a.ts": [clean, longBugAt(10)],
      "b.ts": [clean, longBugAt(20)],
      "c.ts": [clean, longBugAt(30)],
    });
    assert.equal((await worker.review({ ...flow, limits })).state, "succeeded");
    const sent = requests
      .slice(2)
      .flatMap((request) => [...new Set(shownLines(request).map(({ path }) => path))]);
    assert.deepEqual(sent.toSorted(), ["b.ts", "c.ts"]);
    assert.equal(world.threads().length, 3);
    assert.ok(world.threads().every(({ notes: [note] }) => note?.author?.id === BOT));
  });
});

test("a known window bounds the parts from the start, and refusals make them smaller still", async () => {
  let window: number | null = 8_192;
  let ratio: number | null = null;
  const packing = createPacking({
    windowTokens: async () => window,
    tokenRatio: () => ratio,
    promptTokens: 2_400,
  });
  assert.equal(await packing.fit(12_000), 8_192 - 2_048 - 2_400);
  assert.equal(await packing.fit(1_000), 1_000);
  assert.equal(packing.shrink(3_744, { windowTokens: null }), 1_872);
  assert.equal(packing.shrink(1_872, { windowTokens: 1_024 }), 512);
  assert.equal(packing.shrink(400, { windowTokens: null }), null);
  assert.equal(await packing.fit(12_000), 512);
  window = 16_384;
  assert.equal(await packing.fit(12_000), 16_384 - 4_096 - 2_400);
  window = 1_024;
  assert.equal(await packing.fit(12_000), 256);
  window = null;
  ratio = 0.73;
  assert.equal(await packing.fit(12_000), 16_000);
  assert.equal(await createPacking().fit(12_000), 12_000);
});
