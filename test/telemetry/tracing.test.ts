import { verbatim } from "../../src/messages/message.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fc } from "../properties.ts";
import { createMemoryJournal } from "../../src/base/journal.ts";
import { GitLabError } from "../../src/base/errors.ts";
import { type LogFields, type Logger, silentLogger } from "../../src/base/logger.ts";
import { type FlowEvent, type NodeRef, NO_USAGE } from "../../src/flow/flow-event.ts";
import type { FlowRunner } from "../../src/review/flow-runner.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { observeRunner } from "../../src/telemetry/observe-runner.ts";
import { parseTraceparent, renderTraceparent } from "../../src/telemetry/trace-context.ts";
import { openTracePipeline, type TracePipelineOptions } from "../../src/telemetry/trace-pipeline.ts";
import { noTracing } from "../../src/telemetry/telemetry.ts";
import { createTracing } from "../../src/telemetry/tracing.ts";
import { type CollectedSpan, startCollector } from "./collector.ts";
import { inItsWords } from "../../src/flow/messages/message.ts";

const hear = (lines: string[]): Logger => {
  const take = (_: LogFields, message: string): void => void lines.push(message);
  const logger: Logger = { debug: take, info: take, warn: take, error: take, child: () => logger };
  return logger;
};

const open = (endpoint: string, options: Partial<TracePipelineOptions> = {}) => {
  const pipeline = openTracePipeline({
    endpoint,
    serviceName: "reviews",
    logger: silentLogger,
    onExport: () => undefined,
    delayMs: 20,
    ...options,
  });
  return { ...pipeline, tracing: createTracing(pipeline.tracer, Date.now) };
};

const named = (spans: readonly CollectedSpan[], name: string): CollectedSpan =>
  spans.find((span) => span.name === name) ?? assert.fail(`no span ${name}`);

suite("traces", () => {
  test("nest by what calls what, across waits and beside other work", async () => {
    await using collector = await startCollector();
    const { tracing, stop } = open(collector.url);
    const work = (name: string) =>
      tracing.span({ name }, async () => {
        await delay(5);
        tracing.record({ name: `${name} call`, kind: "client" }, 3, null);
        await tracing.span({ name: `${name} inner` }, () => delay(1));
      });
    await Promise.all([work("a"), work("b")]);
    tracing.record({ name: "of no work" }, 3, null);
    assert.equal(tracing.traceparent(), null);
    await stop();
    assert.deepEqual(collector.mistakes, []);
    assert.equal(collector.spans.length, 6);
    for (const name of ["a", "b"]) {
      const outer = named(collector.spans, name);
      assert.equal(outer.parentId, null);
      assert.equal(outer.service, "reviews");
      for (const inner of [`${name} call`, `${name} inner`]) {
        assert.equal(named(collector.spans, inner).parentId, outer.id);
        assert.equal(named(collector.spans, inner).traceId, outer.traceId);
      }
      assert.equal(named(collector.spans, `${name} call`).elapsedMs, 3);
    }
    assert.notEqual(named(collector.spans, "a").traceId, named(collector.spans, "b").traceId);
  });

  test("go on in another process from what was stored, and begin anew from what is none", async () => {
    await using collector = await startCollector();
    const first = open(collector.url);
    const stored = await first.tracing.span({ name: "first" }, async () => first.tracing.traceparent());
    await first.stop();
    const second = open(collector.url);
    await second.tracing.spanFrom(stored, { name: "second" }, async () => undefined);
    await second.tracing.spanFrom({ not: "a text" }, { name: "third" }, async () => undefined);
    await second.stop();
    assert.equal(named(collector.spans, "second").traceId, named(collector.spans, "first").traceId);
    assert.equal(named(collector.spans, "second").parentId, named(collector.spans, "first").id);
    assert.equal(named(collector.spans, "third").parentId, null);
  });

  test("name failures and repeat no message", async () => {
    await using collector = await startCollector();
    const { tracing, stop } = open(collector.url);
    const error = new GitLabError(verbatim("a title with glpat-secret"), {
      code: "gitlab-timeout",
      status: null,
    });
    await assert.rejects(
      tracing.span({ name: "broken" }, () => Promise.reject(error)),
      error,
    );
    await stop();
    const span = named(collector.spans, "broken");
    assert.ok(span.isError);
    assert.equal(span.attributes["error.type"], "gitlab-timeout");
    assert.doesNotMatch(collector.bodies.join(), /glpat|title/);
  });

  test("cost nothing where there is no collector", async () => {
    assert.equal(await noTracing.span({ name: "x" }, async (span) => (span.open({ name: "y" }).end(), 7)), 7);
    assert.equal(noTracing.traceparent(), null);
  });
});

suite("a collector that fails", () => {
  test("costs its spans and one line in the log; once it is back it gets the next ones", async () => {
    await using collector = await startCollector();
    const lines: string[] = [];
    const exports: boolean[] = [];
    const { tracing, stop } = open(collector.url, {
      logger: hear(lines),
      onExport: (_, taken) => exports.push(taken),
    });
    const send = async (): Promise<void> => {
      const before = exports.length;
      await tracing.span({ name: "work" }, async () => undefined);
      while (exports.length === before) await delay(5);
    };
    collector.become("refuses");
    await send();
    await send();
    collector.become("takes");
    await send();
    await stop();
    assert.deepEqual(exports, [false, false, true]);
    assert.deepEqual(lines, ["Collector does not take traces", "Collector takes traces again"]);
    assert.equal(collector.spans.length, 1);
  });

  for (const mood of ["is silent", "is gone"] as const)
    test(`does not hold up a stop when it ${mood}`, async () => {
      await using collector = await startCollector();
      collector.become("is silent");
      const url = mood === "is gone" ? "http://127.0.0.1:9" : collector.url;
      const exports: boolean[] = [];
      const { tracing, stop } = open(url, {
        timeoutMs: 200,
        onExport: (_, taken) => exports.push(taken),
      });
      assert.equal(await tracing.span({ name: "work" }, async () => "done"), "done");
      await stop();
      assert.ok(!exports.includes(true));
    });
});

suite("traceparent", () => {
  const hex = (length: number) =>
    fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`)).filter((text) => !/^0+$/.test(text));

  test("survives being written and read", () => {
    fc.assert(
      fc.property(hex(32), hex(16), fc.constantFrom(0, 1), (traceId, spanId, traceFlags) => {
        const context = { traceId, spanId, traceFlags };
        assert.deepEqual(parseTraceparent(renderTraceparent(context)), { ...context, isRemote: true });
      }),
    );
  });

  test("is null for whatever is none", () => {
    const id = "0af7651916cd43dd8448eb211c80319c";
    for (const text of [
      `00-${id}-0000000000000000-01`,
      `00-${"0".repeat(32)}-b7ad6b7169203331-01`,
      `01-${id}-b7ad6b7169203331-01`,
      `00-${id.toUpperCase()}-b7ad6b7169203331-01`,
      `00-${id}-b7ad6b7169203331-01-more`,
    ])
      assert.equal(parseTraceparent(text), null, text);
    fc.assert(fc.property(fc.anything(), (value) => assert.equal(parseTraceparent(value), null)));
  });
});

const node = (nodeId: string, nodeType: string, round: number | null = null): NodeRef => ({
  nodeId,
  nodeType,
  title: "A title",
  container: round === null ? null : { nodeId: "each", index: round },
});
const started = (ref: NodeRef): FlowEvent => ({
  event: "node_started",
  node: ref,
  inputs: { text: "merge request text" },
});
const finished = (
  ref: NodeRef,
  status: "succeeded" | "failed" = "succeeded",
): FlowEvent & { event: "node_finished" } => ({
  event: "node_finished",
  node: ref,
  status,
  inputs: {},
  outputs: { text: "merge request text" },
  error: status === "failed" ? inItsWords("merge request text") : null,
  elapsedMs: 5,
  usage: NO_USAGE,
});

suite("a flow's nodes", () => {
  const run = async (events: readonly FlowEvent[], end: Promise<void> = Promise.resolve()) => {
    await using collector = await startCollector();
    const { tracing, stop } = open(collector.url);
    const metrics = createMetrics(Date.now);
    const runner: FlowRunner = {
      describe: async () => [],
      run: async ({ onEvent }) => {
        for (const event of events) onEvent(event);
        await end;
        return { status: "succeeded", outputs: {}, error: null, usage: NO_USAGE };
      },
    };
    const seen: FlowEvent[] = [];
    const outcome = await observeRunner("default", runner, { metrics, tracing })
      .run({
        runId: "r1",
        inputs: {},
        journal: createMemoryJournal(),
        signal: new AbortController().signal,
        onEvent: (event) => seen.push(event),
      })
      .catch((error: unknown) => error);
    await stop();
    assert.deepEqual(seen, events, "every event goes on to the caller");
    assert.doesNotMatch(collector.bodies.join(), /merge request text/);
    return { spans: collector.spans, outcome };
  };

  test("are spans below the flow, those of rounds below their iteration", async () => {
    const each = node("each", "iteration");
    const rounds = [0, 1].map((index) => node("ask", "llm", index));
    const { spans } = await run([
      started(node("start", "start")),
      finished(node("start", "start")),
      started(each),
      ...rounds.map(started),
      finished(node("ask", "llm", 0), "failed"),
      finished(node("ask", "llm", 1)),
      finished(each),
      { ...finished(node("end", "end")), resumed: true },
    ]);
    const flow = named(spans, "flow");
    const iteration = named(spans, "node iteration");
    assert.equal(named(spans, "node start").parentId, flow.id);
    assert.equal(iteration.parentId, flow.id);
    const asked = spans.filter(({ name }) => name === "node llm");
    assert.deepEqual(
      asked.map(({ parentId, attributes, isError }) => [
        parentId,
        attributes["reviewflow.node.round"],
        isError,
      ]),
      [
        [iteration.id, 0, true],
        [iteration.id, 1, false],
      ],
    );
    assert.equal(named(spans, "node end").attributes["reviewflow.node.resumed"], true);
  });

  test("that a broken run leaves open are ended with it", async () => {
    const { spans, outcome } = await run([started(node("ask", "llm"))], Promise.reject(new Error("stop")));
    assert.match(String(outcome), /stop/);
    assert.equal(named(spans, "node llm").attributes["error.type"], "interrupted");
    assert.ok(named(spans, "flow").isError);
  });
});
