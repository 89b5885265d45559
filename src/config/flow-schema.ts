import { z } from "zod";
import { problemCode } from "../base/data-problems.ts";
import { count, duration, globs, secretText, address } from "./schema-values.ts";
import { ToolsSection } from "./tools-schema.ts";
import { triggerSections } from "./trigger-schema.ts";

const DifySection = z.strictObject({
  url: address,
  api_key: secretText,
  workflow_id: z.string().min(1).nullable().default(null),
  mode: z.enum(["streaming", "blocking"]).default("streaming"),
  idle_timeout: duration("60s"),
  total_timeout: duration("21m"),
  queue_timeout: duration("1h"),
  lookup_timeout: duration("2m"),
  /** The workflow file, or `builtin:NAME`, that runs in this process while the server does not work. */
  fallback: z.string().min(1).nullable().default(null),
});
export type DifySection = z.infer<typeof DifySection>;

const runner = {
  /** A workflow file that runs in this process: a path, or `builtin:NAME`. */
  file: z.string().min(1).optional(),
  /** The values of the file's secret environment variables, and the keys of Dify's own tools that run here. */
  secrets: z.record(z.string().min(1), secretText).default({}),
  /** Where the file's tools run that are not Dify's own, by provider and tool. */
  tools: ToolsSection,
  dify: DifySection.optional(),
};

/** A further flow of a review: where it runs. */
export const RunnerSection = z.strictObject(runner);
export type RunnerSection = z.infer<typeof RunnerSection>;

const percent = z.coerce.number().min(0).max(1);

const flowName = z.string().regex(/^[\w.-]{1,64}$/, problemCode("config.not-a-name"));

const contract = z.enum(["classic", "note", "findings"]);

/** A candidate that reviews the same merge requests without posting. */
export const ShadowSection = z.strictObject({
  ...runner,
  /** What the candidate is called; its results are kept under it. */
  name: flowName,
  /** The share of the merge requests that it reviews. */
  share: percent.default(1),
  /** The flow's own when left out; no other can be compared with it. */
  contract: contract.optional(),
});
export type ShadowSection = z.infer<typeof ShadowSection>;

/** What only the contract `findings` knows. */
const findings = {
  passes: z.array(RunnerSection).default([]),
  verify: RunnerSection.nullable().optional(),
  summary: RunnerSection.nullable().optional(),
  rules: z.string().default(""),
  repository_rules: z.boolean().default(true),
  paths: z
    .strictObject({
      include: z.array(z.string().min(1)).default([]),
      exclude: z.array(z.string().min(1)).default([]),
    })
    .prefault({}),
  limits: z
    .strictObject({
      unit_tokens: count(500, 1_000_000, 12_000),
      units_at_once: count(1, 64, 4),
      threads: count(0, 200, 10),
      /** Per review of one merge request; null for no limit. */
      tokens: z.coerce.number().int().min(1).nullable().default(null),
      cost: z.coerce.number().min(0).nullable().default(null),
    })
    .prefault({}),
  least: z
    .strictObject({
      severity: z.enum(["critical", "major", "minor", "info"]).default("info"),
      confidence: percent.default(0.3),
    })
    .prefault({}),
  publish: z
    .strictObject({
      labels: z.array(z.string().min(1)).default([]),
      status: z.boolean().default(false),
      /** Whether the merge request shows that a review is made, that it waits and that it failed. */
      progress: z.boolean().default(true),
    })
    .prefault({}),
};

/** One flow and the projects that it reviews. */
export const FlowSection = z.strictObject({
  name: flowName,
  projects: globs.default(["**"]),
  contract: contract.optional(),
  review: z.enum(["once", "every-push"]).optional(),
  language: z.string().min(1).max(64).default("English"),
  inputs: z.record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()])).optional(),
  output: z.string().min(1).nullable().default(null),
  ...runner,
  ...findings,
  shadow: ShadowSection.nullable().default(null),
  /** What answers notes: a flow of the operator's, nobody (`off` or null), or ours where it is left out. */
  reply: z
    .union([z.literal("off").transform(() => null), RunnerSection])
    .nullable()
    .optional(),
  ...triggerSections,
});
export type FlowSection = z.infer<typeof FlowSection>;
