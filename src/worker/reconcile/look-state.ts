import { z } from "zod";
import { type Json, JsonObject } from "../../base/json.ts";
import type { FeedProject } from "../../review/change-feed.ts";

/**
 * How far we have looked; kept from round to round. Times are in milliseconds since the epoch, by the forge's clock: the
 * times of changes are its, and no machine of ours need have the right one.
 */
const LookState = z.object({
  /** Nothing that changed before is ever looked at: the server's first start, or what the operator says. */
  sinceMs: z.number(),
  /** Whether `sinceMs` is a time of the forge's clock; else it is one of the machine that started first. */
  isForgeTime: z.boolean().default(true),
  /** When the projects were listed last; a project that was not there then is looked at from that time on. */
  listedAtMs: z.number(),
  /** By a project's id: until when its changes were seen. */
  seenMs: z.record(z.string(), z.number()),
  /** By a project's id: until when it is left alone, since GitLab refuses to show it. */
  restsUntilMs: z.record(z.string(), z.number()),
  /** By a project's id: when it was last looked through for stale merge requests. */
  quietLookedMs: z.record(z.string(), z.number()).default({}),
  /** GitLab asked not to be called before. */
  notBeforeMs: z.number(),
});

export type LookState = Readonly<z.infer<typeof LookState>>;

/** A project that was not among the listed ones for that long is forgotten. */
const FORGOTTEN_MS = 90 * 86_400_000;

const firstState = (sinceMs: number, isForgeTime: boolean): LookState => ({
  sinceMs,
  isForgeTime,
  listedAtMs: sinceMs,
  seenMs: {},
  restsUntilMs: {},
  quietLookedMs: {},
  notBeforeMs: 0,
});

/**
 * What the last round left, or a first state that begins at `sinceMs`, else at the start of this
 * process. An operator who names an
 * earlier time than before has everything since then looked at again.
 */
export const readState = (stored: Json, sinceMs: number | null, startMs: number): LookState => {
  const parsed = LookState.safeParse(stored);
  if (!parsed.success) return firstState(sinceMs ?? startMs, sinceMs !== null);
  return sinceMs !== null && sinceMs < parsed.data.sinceMs ? firstState(sinceMs, true) : parsed.data;
};

/**
 * Puts a state that began by a clock of ours on the forge's: `startMs` is when this process started by it. Where another
 * start came before, which could not ask for the time, the earlier counts.
 */
export const onForgeTime = (state: LookState, startMs: number, isFirst: boolean): LookState => {
  if (state.isForgeTime) return state;
  const sinceMs = isFirst ? startMs : Math.min(state.sinceMs, startMs);
  return { ...state, isForgeTime: true, sinceMs, listedAtMs: sinceMs };
};

/** The state as the store keeps it. */
export const toStoredState = (state: LookState): Json => JsonObject.parse(state);

/**
 * Enters the projects of a round, so that each has a time from which on it is looked at. `complete` when they
 * are all that there are, so that one that comes later was not there before.
 */
export const enterProjects = (
  state: LookState,
  projects: readonly Pick<FeedProject, "id">[],
  nowMs: number,
  complete: boolean,
): LookState => {
  const ids = projects.map(({ id }) => String(id));
  const current = new Set(ids);
  const kept = Object.entries(state.seenMs).filter(
    ([id, seenMs]) => current.has(id) || seenMs > nowMs - FORGOTTEN_MS,
  );
  const fresh = ids.map((id) => [id, state.listedAtMs] as const);
  return {
    ...state,
    listedAtMs: complete ? nowMs : state.listedAtMs,
    seenMs: { ...Object.fromEntries(fresh), ...Object.fromEntries(kept) },
    quietLookedMs: Object.fromEntries(Object.entries(state.quietLookedMs).filter(([id]) => current.has(id))),
    restsUntilMs: Object.fromEntries(Object.entries(state.restsUntilMs).filter(([, ms]) => ms > nowMs)),
  };
};

/** Notes that the changes of projects were seen up to a time, where they were not already. */
export const markSeen = (state: LookState, ids: readonly number[], untilMs: number): LookState => ({
  ...state,
  seenMs: {
    ...state.seenMs,
    ...Object.fromEntries(ids.map((id) => [String(id), Math.max(state.seenMs[String(id)] ?? 0, untilMs)])),
  },
});

/** Leaves a project alone for some time. */
export const rest = (state: LookState, id: number, untilMs: number): LookState => ({
  ...state,
  restsUntilMs: { ...state.restsUntilMs, [String(id)]: untilMs },
});

/** Notes that projects were looked through for stale merge requests. */
export const markQuietLooked = (state: LookState, ids: readonly number[], nowMs: number): LookState => ({
  ...state,
  quietLookedMs: { ...state.quietLookedMs, ...Object.fromEntries(ids.map((id) => [String(id), nowMs])) },
});
