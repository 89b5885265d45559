import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { parse } from "yaml";
import { z } from "zod";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { boardExpressions, metricsIn } from "./board.ts";
import { parsePrometheus } from "./prometheus-text.ts";

const read = (path: string): string => readFileSync(new URL(`../../docs/${path}`, import.meta.url), "utf8");

const Rules = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.strictObject({
          alert: z.string().regex(/^Reviewflow[A-Z]/),
          expr: z.string(),
          for: z.string().optional(),
          labels: z.strictObject({ severity: z.enum(["critical", "warning", "info"]) }),
          annotations: z.strictObject({ summary: z.string(), description: z.string() }),
        }),
      ),
    }),
  ),
});

/** What promtool is given; `npm run verify:long alerts` lets it judge. */
const Cases = z.object({
  tests: z.array(
    z.object({
      input_series: z.array(z.object({ series: z.string() })).optional(),
      promql_expr_test: z.array(z.object({ exp_samples: z.array(z.object({ labels: z.string() })) })),
    }),
  ),
});

const rules = Rules.parse(parse(read("prometheus/reviewflow.rules.yml"))).groups.flatMap(
  (group) => group.rules,
);
const { tests: cases } = Cases.parse(parse(read("prometheus/reviewflow.test.yml")));

/** The name without what a histogram puts behind it. */
const isExposed = (name: string, exposed: ReadonlySet<string>): boolean =>
  exposed.has(name) || exposed.has(name.replace(/_(bucket|sum|count)$/, ""));

suite("alerts and board", () => {
  test("use metrics that a server exposes, and no other", async () => {
    const metrics = createMetrics(() => 0);
    const { text } = await metrics.render(async () => ({
      queued: 0,
      waiting: 0,
      parked: 0,
      retrying: 0,
      active: 0,
      oldestQueuedAtMs: null,
    }));
    const exposed = new Set(parsePrometheus(text).keys());
    const used = [
      ...rules.map(({ expr }) => expr),
      ...boardExpressions(read("grafana/reviewflow.json")),
      ...cases.flatMap(({ input_series: series = [] }) => series.map((one) => one.series)),
    ].flatMap((expression) => [...metricsIn(expression)]);
    assert.ok(used.length > 60);
    assert.deepEqual(
      [...new Set(used)].filter((name) => !isExposed(name, exposed)),
      [],
    );
    assert.ok(rules.every(({ expr }) => metricsIn(expr).size > 0));
  });

  test("are all raised by a case of theirs, and have cases that raise nothing", () => {
    const raised = new Set(
      cases.flatMap(({ promql_expr_test: checks }) =>
        checks.flatMap(({ exp_samples: samples }) =>
          samples.map(({ labels }) => /alertname="(\w+)"/.exec(labels)?.[1]),
        ),
      ),
    );
    assert.deepEqual(raised, new Set(rules.map(({ alert }) => alert)));
    assert.ok(
      cases.filter(({ promql_expr_test: checks }) =>
        checks.every(({ exp_samples: samples }) => samples.length === 0),
      ).length > 5,
    );
  });

  test("are shown on the board", () => {
    const shown = boardExpressions(read("grafana/reviewflow.json")).filter((one) => one.includes("ALERTS"));
    const [, pattern = ""] = /alertname=~"([^"]+)"/.exec(shown[0] ?? "") ?? [];
    for (const { alert } of rules) assert.match(alert, new RegExp(`^(?:${pattern})$`));
  });

  test("see a flow's counters before its first event", async () => {
    const metrics = createMetrics(() => 0);
    metrics.flowConfigured("team");
    const { text } = await metrics.render(async () => assert.fail("the store is away"));
    const runs = parsePrometheus(text).get("reviewflow_runs_total")?.samples ?? [];
    assert.ok(
      runs.some(
        ({ labels, value }) =>
          labels.get("flow") === "team" && labels.get("state") === "failed" && value === 0,
      ),
    );
  });
});
