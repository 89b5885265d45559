import { z } from "zod";
import { issueOf, refuse } from "../base/data-problems.ts";
import { message } from "../messages/message.ts";
import { duration, globs } from "./schema-values.ts";

/** More often than that would only ask GitLab for what its webhooks are just telling. */
const LEAST_MS = 1_000;

/** A moment, such as `2026-11-24` or `2026-11-24T08:00:00+09:00`, in milliseconds since the epoch. */
const moment = z.string().transform((text, context) => {
  const ms = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  return refuse(
    context,
    message("config.not-a-moment", { text, example: "2026-11-24, 2026-11-24T08:00:00+09:00" }),
  );
});

/** Looking for changes that no webhook told of. */
export const ReconcileSection = z
  .strictObject({
    enabled: z.boolean().default(true),
    every: duration("10m").refine(
      (ms) => ms >= LEAST_MS,
      issueOf(message("value.too-small", { least: "1s" })),
    ),
    since: moment.nullable().default(null),
    projects: globs.nullable().default(null),
  })
  .prefault({});
