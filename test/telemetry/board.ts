import assert from "node:assert/strict";
import { z } from "zod";

const Panel = z.object({
  type: z.string(),
  title: z.string().min(1),
  datasource: z.object({ uid: z.literal("${datasource}") }).optional(),
  targets: z.array(z.object({ expr: z.string().min(1) })).optional(),
});

const Board = z.object({
  title: z.literal("Reviewflow"),
  templating: z.object({ list: z.array(z.object({ name: z.string(), type: z.string() })) }),
  panels: z.array(Panel),
});

const ROWS = ["Alerts", "Deliveries", "Queue", "Runs", "Models", "GitLab"];

/** Every expression of a board, which must choose its data source by a variable and have our rows. */
export const boardExpressions = (json: string): readonly string[] => {
  const { panels, templating } = Board.parse(JSON.parse(json));
  assert.ok(templating.list.some(({ name, type }) => name === "datasource" && type === "datasource"));
  const rows = panels.filter(({ type }) => type === "row").map(({ title }) => title);
  for (const row of ROWS) assert.ok(rows.includes(row), `no row ${row}`);
  const charts = panels.filter(({ type }) => type !== "row");
  assert.ok(charts.every(({ datasource, targets = [] }) => datasource !== undefined && targets.length > 0));
  return charts.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
};

/** The names of metrics in a text. */
export const metricsIn = (text: string): ReadonlySet<string> =>
  new Set(text.match(/\b(reviewflow|process|nodejs)_[a-z0-9_]*[a-z0-9]\b/g));

/** The labels that an expression groups or chooses by, without those of its brackets' own. */
export const labelsIn = (expression: string): ReadonlySet<string> => {
  const grouped = [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = ""]) => list.split(","));
  const chosen = [...expression.matchAll(/([a-z_]+)(?==~?"|!=")/g)].map(([, name = ""]) => name);
  return new Set([...grouped, ...chosen].map((name) => name.trim()));
};
