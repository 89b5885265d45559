import { z } from "zod";
import { issueOf, refuse } from "../base/data-problems.ts";
import { parseDuration } from "../base/durations.ts";
import { message } from "../messages/message.ts";
import { count, duration, globs } from "./schema-values.ts";

const DAY_MS = 86_400_000;

/** When calls to a side that fails again and again are no longer made, for Dify servers and for models. */
export const BreakersSection = z
  .strictObject({
    /** So many failures in a row; 0 turns it off. */
    failures: count(0, 1_000, 10),
    pause: duration("30s"),
    /** The pause doubles with each further failure up to this one. */
    longest_pause: duration("5m"),
  })
  .prefault({});

/** BreakersSection as the program uses it; null where breakers are turned off. Times are in milliseconds. */
export type BreakersConfig = {
  readonly failures: number;
  readonly openMs: number;
  readonly longestOpenMs: number;
} | null;

/** The section as the program uses it. */
export const toBreakers = ({
  failures,
  pause,
  longest_pause,
}: z.infer<typeof BreakersSection>): BreakersConfig =>
  failures === 0 ? null : { failures, openMs: pause, longestOpenMs: Math.max(pause, longest_pause) };

const limits = {
  tokens: z.coerce.number().int().min(1).nullable().default(null),
  cost: z.coerce.number().min(0).nullable().default(null),
  runs: z.coerce.number().int().min(0).nullable().default(null),
};

const isTimeZone = (name: string): boolean => {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
};

/** What may be used in a day. */
export const BudgetsSection = z
  .strictObject({
    /** Whose calendar says when a day begins. */
    time_zone: z
      .string()
      .default("UTC")
      .refine(isTimeZone, issueOf(message("config.not-a-time-zone", { example: ["Asia/Tokyo", "UTC"] }))),
    /** Whether a merge request whose review waits for the next day is told so, in one note. */
    tell: z.boolean().default(false),
    total: z.strictObject(limits).prefault({}),
    /** The first whose globs match a project is its budget; every project has it for itself. */
    projects: z.array(z.strictObject({ match: globs, ...limits })).default([]),
  })
  .prefault({});

/** What may be used in a day; null for no limit. Costs are in the currency of the models' prices. */
type BudgetConfig = {
  readonly tokens: number | null;
  readonly cost: number | null;
  readonly runs: number | null;
};

/** BudgetsSection as the program uses it. */
export type BudgetsConfig = {
  readonly timeZone: string;
  readonly tell: boolean;
  readonly total: BudgetConfig;
  readonly projects: readonly (BudgetConfig & { readonly match: readonly string[] })[];
};

/** The section as the program uses it. */
export const toBudgets = ({
  time_zone,
  tell,
  total,
  projects,
}: z.infer<typeof BudgetsSection>): BudgetsConfig => ({ timeZone: time_zone, tell, total, projects });

/** How long something is kept, in milliseconds; null for as long as there is a store. */
const kept = (fallback: string, leastDays: number) =>
  z
    .string()
    .nullable()
    .default(fallback)
    .transform((text, context) => {
      if (text === null) return null;
      const ms = parseDuration(text);
      if (ms !== undefined && ms >= leastDays * DAY_MS) return ms;
      return refuse(
        context,
        ms === undefined
          ? message("config.not-a-duration", { text, example: "30d" })
          : message("value.too-small", { least: `${leastDays}d` }),
      );
    });

/** For how long what is stored is kept. */
export const RetentionSection = z
  .strictObject({
    /** The raw bodies of deliveries. */
    bodies: kept("30d", 0),
    /** At least a week: until then GitLab may send the same delivery again. */
    deliveries: kept("180d", 7),
    /** Runs with their results, counted from their end. */
    runs: kept("180d", 1),
    /** What flows answered, step by step, counted from the end of their run. */
    steps: kept("7d", 0),
    /** What happened in the nodes of flows. */
    events: kept("30d", 0),
    /** What flows found out about hunks, counted from its last use. */
    memory: kept("90d", 1),
  })
  .prefault({});

/** RetentionSection as the program uses it: milliseconds, null for ever. */
export type RetentionConfig = Readonly<z.infer<typeof RetentionSection>>;
