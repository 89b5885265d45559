import { z } from "zod";
import { issueOf } from "../base/data-problems.ts";
import { message } from "../messages/message.ts";
import { duration } from "./schema-values.ts";

const texts = z.array(z.string().min(1)).default([]);

/** A list that lets pass and a list that keeps out; an empty `allow` lets everything pass. */
const allowDeny = z.strictObject({ allow: texts, deny: texts }).prefault({});

/** User names, or ids written as numbers. */
const users = z.array(z.union([z.string().min(1), z.number().int().transform(String)])).default([]);

const ids = z.array(z.number().int().positive()).default([]);

const role = z.enum(["guest", "planner", "reporter", "developer", "maintainer", "owner"]);

/** Looking at merge requests in which nothing happens. */
const StaleSection = z
  .strictObject({
    after: duration("3d"),
    until: duration("30d"),
    every: duration("7d"),
    remind: z.boolean().default(true),
  })
  .refine(({ after, until }) => until > after, {
    path: ["until"],
    ...issueOf(message("config.until-before-after")),
  })
  .transform(({ after, until, every, remind }) => ({
    afterMs: after,
    untilMs: until,
    everyMs: every,
    remind,
  }));
/** Times are in milliseconds. */
export type StaleConfig = Readonly<z.infer<typeof StaleSection>>;

/** What starts a review of a flow's projects, and what keeps one from starting. */
export const triggerSections = {
  triggers: z
    .strictObject({
      opened: z.boolean().default(true),
      reopened: z.boolean().default(true),
      new_commits: z.boolean().default(true),
      /** For how long nothing more may be pushed before new commits are reviewed. */
      quiet_time: duration("0s"),
      ready: z.boolean().default(true),
      stale: StaleSection.nullable().default(null),
      reviewer: z.boolean().default(true),
      labels: texts,
      command: z.boolean().default(true),
      drafts: z.enum(["review", "on-request", "never"]).default("review"),
    })
    .prefault({}),
  filters: z
    .strictObject({
      target_branches: allowDeny,
      source_branches: allowDeny,
      authors: z.strictObject({ allow: users, deny: users }).prefault({}),
      labels: z.strictObject({ any: texts, none: texts }).prefault({}),
      titles: allowDeny,
      most_files: z.coerce.number().int().min(1).nullable().default(null),
    })
    .prefault({}),
  bots: z.strictObject({ review: z.boolean().default(true), ids, not_ids: ids }).prefault({}),
  commands: z
    .strictObject({
      least: role.default("developer"),
      per: z
        .partialRecord(
          z.enum(["review", "ask", "describe", "resolve", "ignore", "pause", "resume", "help"]),
          role,
        )
        .default({}),
      slash: z.boolean().default(true),
    })
    .prefault({}),
};

const Sections = z.object(triggerSections);
export type TriggerSections = z.infer<typeof Sections>;
