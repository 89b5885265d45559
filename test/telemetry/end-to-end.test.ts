import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { suite, test } from "node:test";
import type { Run, Store } from "../../src/store/store.ts";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { scriptedReviewer } from "../../standins/model/scripted-reviewer.ts";
import { SECRET } from "../e2e/start.ts";
import { setUpEmbedded, startEmbedded } from "../e2e/start-embedded.ts";
import { addHook, createTeam, eventually } from "../e2e/team.ts";
import { boardExpressions, labelsIn, metricsIn } from "./board.ts";
import { type CollectedSpan, startCollector } from "./collector.ts";
import { type Family, parsePrometheus, valueOf } from "./prometheus-text.ts";

const BUG =
  "export const list = (all) => {\n  for (let i = 0; i <= all.length; i++) console.log(all[i]);\n};\n";

const finished = (store: Store, count: number): Promise<readonly Run[]> =>
  eventually(
    `${count} finished runs`,
    async () => {
      const runs = await store.listRuns({ limit: 10 });
      return runs.length === count && runs.every(({ finishedAtMs }) => finishedAtMs !== null)
        ? runs
        : undefined;
    },
    180_000,
  );

/**
 * Two merge requests are accepted while the model is silent, so that one run is under way and one waits;
 * the server is stopped, and a second one over the same store reviews both.
 */
const liveThroughRestart = async () => {
  await using collector = await startCollector();
  await using gitlab = await startGitLabStandIn({ limits: { requestsPerMinute: 5_000 } });
  const gate = Promise.withResolvers<undefined>();
  await using model = await startModelStandIn({
    script: async (request) => {
      await gate.promise;
      return scriptedReviewer(request);
    },
  });
  const team = await createTeam(gitlab, "bootcamp/quiet-shop");
  await using setup = await setUpEmbedded(team, model, {
    flows: [{ name: "review", file: "builtin:review" }],
    worker: { concurrency: 1, stop_grace: "100ms" },
    telemetry: { otlp_endpoint: collector.url, service_name: "reviewflow-test" },
  });
  const open = async (topic: string) => {
    await gitlab.push(team.project, {
      branch: topic,
      user: team.author,
      actions: [{ action: "write", path: `src/${topic}-file.js`, content: BUG }],
    });
    const { iid } = await gitlab.openMergeRequest(team.project, {
      author: team.author,
      sourceBranch: topic,
      title: `Title of ${topic}`,
    });
    return iid;
  };
  const first = await startEmbedded(setup);
  await addHook(team, { url: `${first.url}/webhooks/gitlab`, token: SECRET });
  const active = await open("underway");
  await eventually("the first model call", async () => model.chatCount() > 0 || undefined);
  const waiting = await open("waiting");
  await gitlab.settleHooks();
  const status = await first.store.queueStatus();
  assert.deepEqual([status.active, status.queued], [1, 1]);
  const metricsBefore = await (await fetch(`${first.url}/metrics`)).text();
  await first[Symbol.asyncDispose]();
  const spansBefore = collector.spans.length;
  gate.resolve(undefined);
  const second = await startEmbedded(setup);
  const runs = await finished(second.store, 2);
  await fetch(`${second.url}/webhooks/gitlab`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-gitlab-token": "wrong" },
    body: "{}",
  });
  // Spans are sent in batches, every few seconds.
  const metricsAfter = await eventually("the first spans to be exported", async () => {
    const text = await (await fetch(`${second.url}/metrics`)).text();
    const exported = /^reviewflow_trace_spans_total\{[^}]*exported[^}]*\} (\d+)/m.exec(text)?.[1];
    return Number(exported ?? 0) > 0 ? text : undefined;
  });
  await second[Symbol.asyncDispose]();
  assert.deepEqual(collector.mistakes, []);
  assert.deepEqual(
    runs.map(({ state, reason }) => [state, reason]),
    [
      ["succeeded", null],
      ["succeeded", null],
    ],
  );
  const runOf = (iid: number) => runs.find((run) => run.iid === iid) ?? assert.fail(`no run of ${iid}`);
  return {
    before: parsePrometheus(metricsBefore),
    after: parsePrometheus(metricsAfter),
    spans: collector.spans,
    spansBefore,
    bodies: collector.bodies.join("\n"),
    texts: metricsBefore + metricsAfter,
    underWay: runOf(active),
    waited: runOf(waiting),
    /** What must be in no metric and no span. */
    hidden: [SECRET, team.token, "quiet-shop", "Title of", "-file.js", team.author.username, "all.length"],
  };
};

const traceOf = (spans: readonly CollectedSpan[], run: Run): readonly CollectedSpan[] => {
  const text = run.event["traceparent"];
  const [, traceId] = typeof text === "string" ? text.split("-") : [];
  return spans.filter((span) => span.traceId === (traceId ?? assert.fail("the run has no trace")));
};

const checkTrace = (trace: readonly CollectedSpan[]): void => {
  const ids = new Map(trace.map((span) => [span.id, span]));
  for (const span of trace) {
    assert.equal(span.service, "reviewflow-test");
    if (span.name === "delivery") assert.equal(span.parentId, null);
    else assert.ok(ids.has(span.parentId ?? ""), `${span.name} hangs on nothing`);
  }
  const parents = (name: RegExp) =>
    new Set(
      trace.filter((span) => name.test(span.name)).map(({ parentId }) => ids.get(parentId ?? "")?.name),
    );
  assert.deepEqual(parents(/^run$/), new Set(["delivery"]));
  assert.deepEqual(parents(/^flow$/), new Set(["run"]));
  assert.deepEqual(parents(/^node llm$/), new Set(["flow"]));
  assert.deepEqual(parents(/^model main$/), new Set(["flow"]));
  assert.deepEqual(parents(/^publish$/), new Set(["run"]));
  assert.deepEqual(parents(/^gitlab /), new Set(["run", "publish"]));
};

const checkMetrics = (before: ReadonlyMap<string, Family>, after: ReadonlyMap<string, Family>): void => {
  const flow = "review";
  const is = (families: typeof before, name: string, labels: Record<string, string>, value: number) =>
    assert.equal(valueOf(families, `reviewflow_${name}`, labels), value, `${name} ${JSON.stringify(labels)}`);
  const some = (name: string, labels: Record<string, string>) =>
    assert.ok(valueOf(after, `reviewflow_${name}`, labels) > 0, name);
  is(before, "deliveries_total", { outcome: "review", reason: "none" }, 2);
  is(before, "queue_runs", { state: "queued" }, 1);
  is(before, "active_runs", { flow }, 1);
  assert.ok(valueOf(before, "reviewflow_queue_oldest_seconds") > 0);
  is(after, "deliveries_total", { outcome: "refused", reason: "token-wrong" }, 1);
  is(after, "queue_runs", { state: "queued" }, 0);
  is(after, "active_runs", { flow }, 0);
  is(after, "runs_total", { flow, state: "succeeded" }, 2);
  is(after, "run_attempts_total", { flow, outcome: "succeeded" }, 2);
  is(after, "publish_threads_total", { result: "opened" }, 2);
  is(after, "publish_notes_total", { outcome: "created" }, 2);
  is(after, "publications_total", { outcome: "failed" }, 0);
  is(after, "gitlab_ratelimit_limit", { token: "server" }, 5_000);
  some("gitlab_ratelimit_remaining", { token: "server" });
  some("node_seconds_count", { kind: "llm", status: "succeeded" });
  some("flow_tokens_total", { flow, direction: "input" });
  some("model_calls_total", { model: "main", outcome: "ok" });
  some("model_tokens_total", { model: "main", direction: "output" });
  some("trace_spans_total", { outcome: "exported" });
};

/** Whether a metric is exposed under this very name, a histogram's series included. */
const isExposed = (name: string, families: ReadonlyMap<string, Family>): boolean => {
  if (families.has(name)) return true;
  const base = name.replace(/_(bucket|sum|count)$/, "");
  return base !== name && families.get(base)?.type === "histogram";
};

/** What Prometheus itself adds to series and to its own `ALERTS`. */
const PROMETHEUS_LABELS: ReadonlySet<string> = new Set(["instance", "alertname", "alertstate"]);

const checkDocuments = async (families: ReadonlyMap<string, Family>): Promise<void> => {
  const read = (path: string) => readFile(new URL(`../../docs/${path}`, import.meta.url), "utf8");
  const expressions = boardExpressions(await read("grafana/reviewflow.json"));
  const documented = metricsIn(await read("metrics.md"));
  const shown = expressions.flatMap((expression) => [...metricsIn(expression)]);
  assert.ok(shown.length > 30);
  for (const name of [...documented, ...shown])
    assert.ok(isExposed(name, families), `${name} is not exposed`);
  for (const name of families.keys())
    if (name.startsWith("reviewflow_")) assert.ok(documented.has(name), `${name} is in no document`);
  const known = new Set(
    [...families.values()].flatMap(({ samples }) => samples.flatMap(({ labels }) => [...labels.keys()])),
  );
  for (const label of expressions.flatMap((expression) => [...labelsIn(expression)]))
    assert.ok(PROMETHEUS_LABELS.has(label) || known.has(label), `no metric has the label ${label}`);
};

suite("a review that lives through a restart", () => {
  test("is one trace from delivery to publication, counted, and hides what it is about", async () => {
    const life = await liveThroughRestart();
    const waited = traceOf(life.spans, life.waited);
    checkTrace(waited);
    assert.equal(waited.filter(({ name }) => name === "run").length, 1);
    const late = life.spans.slice(life.spansBefore);
    assert.deepEqual(
      waited.filter((span) => !late.includes(span)).map(({ name }) => name),
      ["delivery"],
      "the delivery was told by the first server, all else by the second",
    );
    const underWay = traceOf(life.spans, life.underWay);
    checkTrace(underWay);
    assert.deepEqual(
      underWay
        .filter(({ name }) => name === "run")
        .map(({ attributes }) => attributes["reviewflow.run.outcome"]),
      ["handed-back", "succeeded"],
    );
    checkMetrics(life.before, life.after);
    await checkDocuments(life.after);
    for (const text of life.hidden) {
      assert.ok(!life.bodies.includes(text), `a span holds ${text}`);
      assert.ok(!life.texts.includes(text), `a metric holds ${text}`);
    }
  });
});
