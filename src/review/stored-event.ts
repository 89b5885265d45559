import { z } from "zod";
import { type Json, JsonObject } from "../base/json.ts";
import type { MergeRequestEvent } from "./delivery-event.ts";

const User = z.object({ id: z.number(), username: z.string() });

/** The event of a run as the store keeps it; what is read back is checked, since an older version may have written it. */
const StoredEvent: z.ZodType<MergeRequestEvent> = z.object({
  kind: z.literal("merge_request"),
  project: z.object({ id: z.number(), path: z.string(), webUrl: z.string() }),
  user: User,
  iid: z.number(),
  action: z.string().nullable(),
  state: z.string(),
  draft: z.boolean(),
  title: z.string(),
  description: z.string(),
  url: z.string(),
  authorId: z.number().nullable(),
  sourceBranch: z.string(),
  targetBranch: z.string(),
  sourceProjectId: z.number().nullable(),
  headSha: z.string().nullable(),
  oldRev: z.string().nullable(),
  labels: z.array(z.string()),
  labelsAdded: z.array(z.string()).default([]),
  reviewersAdded: z.array(z.number()),
  reviewersAskedAgain: z.array(z.number()).default([]),
  becameReady: z.boolean(),
  // An older version kept none.
  retargeted: z.boolean().default(false),
});

/** The event as plain JSON, for the store. */
export const toStoredEvent = (event: MergeRequestEvent): JsonObject => JsonObject.parse({ ...event });

/** The event that a run was made for; null when what is stored is none. */
export const parseStoredEvent = (stored: JsonObject): MergeRequestEvent | null => {
  const parsed = StoredEvent.safeParse(stored);
  return parsed.success ? parsed.data : null;
};

const Targeted = z.object({ targetBranch: z.string() });

/** The branch that a stored event aims at; null for one that names none, such as a note's. */
export const targetBranchOf = (stored: JsonObject): string | null =>
  Targeted.safeParse(stored).data?.targetBranch ?? null;

/** What the keys of events in a run's journal begin with that the run was made for besides its own. */
export const JOINED_PREFIX = "joined:";

const StoredCause = z.object({ trigger: z.string(), event: StoredEvent });

/** The events that joined a run, with their triggers, among entries of its journal. */
export const parseJoined = (entries: ReadonlyMap<string, Json>): readonly z.infer<typeof StoredCause>[] =>
  [...entries.values()].flatMap((stored) => {
    const parsed = StoredCause.safeParse(stored);
    return parsed.success ? [parsed.data] : [];
  });

/** What a run does about a merge request in which nothing happened for long. */
export type StaleTask = {
  readonly how: "review" | "remind";
  /** When anything had happened last, by the forge's clock, in milliseconds since the epoch. */
  readonly quietSinceMs: number;
};

const StoredTask = z.object({
  stale: z.object({ how: z.enum(["review", "remind"]), quietSinceMs: z.number() }),
});

/** A run's event with the task that it was made for. */
export const withStaleTask = (event: JsonObject, stale: StaleTask): JsonObject => ({ ...event, stale });

/** The task in a run's event; null for a run of another trigger. */
export const readStaleTask = (event: JsonObject): StaleTask | null => {
  const parsed = StoredTask.safeParse(event);
  return parsed.success ? parsed.data.stale : null;
};

const Unproven = z.object({ projectUnproven: z.literal(true) });

/** A run's event whose sender may speak for some projects only, while nobody knows yet what the forge calls its project. */
export const withUnprovenProject = (event: JsonObject): JsonObject => ({ ...event, projectUnproven: true });

/** Whether a run's project has to be asked for before anything is read or written. */
export const isProjectUnproven = (event: JsonObject): boolean => Unproven.safeParse(event).success;
