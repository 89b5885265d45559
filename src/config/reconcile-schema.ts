import { z } from "zod";
import { duration, globs } from "./schema-values.ts";

/** More often than that would only ask GitLab for what its webhooks are just telling. */
const LEAST_MS = 1_000;

/** A moment, such as `2026-11-24` or `2026-11-24T08:00:00+09:00`, in milliseconds since the epoch. */
const moment = z.string().transform((text, context) => {
  const ms = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  context.addIssue({
    code: "custom",
    message: `"${text}" is no moment; write for example 2026-11-24 or 2026-11-24T08:00:00+09:00`,
  });
  return z.NEVER;
});

/** Looking for changes that no webhook told of. */
export const ReconcileSection = z
  .strictObject({
    enabled: z.boolean().default(true),
    every: duration("10m").refine((ms) => ms >= LEAST_MS, "must be 1s or more"),
    since: moment.nullable().default(null),
    projects: globs.nullable().default(null),
  })
  .prefault({});
