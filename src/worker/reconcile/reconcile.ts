import { GitLabError, describeError } from "../../base/errors.ts";
import type { FeedProject } from "../../review/change-feed.ts";
import type { TaskLease } from "../../store/reconcile/reconcile-store.ts";
import { byForge, forgeNow, look, type LookContext } from "./look.ts";
import { lookAtQuiet } from "./look-at-quiet.ts";
import {
  enterProjects,
  type LookState,
  markQuietLooked,
  markSeen,
  onForgeTime,
  readState,
  rest,
  toStoredState,
} from "./look-state.ts";
import { type Look, lookAtProject, planLooks } from "./plan-looks.ts";
import { planQuietLooks, type QuietLook } from "./plan-quiet-looks.ts";
import type { ReconcileOptions } from "./reconcile-options.ts";

/** What a round came to. */
export type ReconcileReport = {
  readonly reviews: number;
  /** When GitLab may be called again, since the epoch; 0 where it did not say. */
  readonly notBeforeMs: number;
};

const MAX_CALLS = 200;

/** So many failures one after the other are GitLab's, not a project's. */
const MOST_FAILURES = 3;

/** How long a project that GitLab refuses to show is left alone. */
const REST_MS = 86_400_000;

/** Failures that hold for every further call, too. */
const STOPPING: ReadonlySet<string> = new Set(["gitlab-rate-limited", "gitlab-unauthorized"]);

/** Failures that say that a project or group is not for us. */
const REFUSING: ReadonlySet<string> = new Set(["gitlab-forbidden", "gitlab-not-found"]);

/**
 * Looks once at everything that is ours to review, and keeps how far it came. What GitLab refuses or fails
 * to tell is logged and looked at in a later round, from the same time on. Throws StoreErrors.
 */
export const reconcile = async (
  lease: TaskLease,
  options: ReconcileOptions,
  { upSinceMs, signal }: { readonly upSinceMs: number; readonly signal: AbortSignal },
): Promise<ReconcileReport> => {
  const { clock, feed, logger } = options;
  let state = readState(lease.state, options.sinceMs, upSinceMs);
  if (state.notBeforeMs > forgeNow(options)) return { reviews: 0, notBeforeMs: state.notBeforeMs };
  const calls = { left: options.maxCalls ?? MAX_CALLS };
  const ownStartMs = clock.now();
  const context: LookContext = {
    ...options,
    signal,
    // Our clock may have been put back since.
    upSinceMs: () => byForge(options, Math.min(upSinceMs, ownStartMs)),
    takeCall: () => (calls.left -= 1) >= 0,
    renewLease: () => lease.renew(toStoredState(state)),
  };
  // The first start counts even when it ends before it has seen anything.
  if (lease.state === null) await context.renewLease();
  const { projects, complete, stop, notBeforeMs } = await findProjects(context, logger);
  if (feed.clockAheadMs() !== null) state = onForgeTime(state, context.upSinceMs(), lease.state === null);
  const startedMs = byForge(options, ownStartMs);
  state = enterProjects({ ...state, notBeforeMs }, projects, startedMs, complete);
  const staleOf = (path: string) => context.route(path)?.rules.stale ?? null;
  const looks: (Look | QuietLook)[] = stop
    ? []
    : [...planLooks(projects, state), ...planQuietLooks(projects, state, staleOf, startedMs)];
  let reviews = 0;
  let failures = 0;
  while (looks.length > 0 && calls.left > 0 && failures < MOST_FAILURES) {
    const next = looks.shift();
    if (next === undefined || !(await context.renewLease())) break;
    const { state: after, ...step } = await takeLook(context, next, state);
    state = after;
    reviews += step.reviews;
    failures = step.failed ? failures + 1 : 0;
    if (step.stop) break;
    looks.unshift(...step.instead);
  }
  await lease.renew(toStoredState(state));
  const facts = { projects: projects.length, reviews, left: looks.length };
  if (reviews > 0 || looks.length > 0) logger.info(facts, "Looked for missed changes");
  else logger.debug(facts, "Looked for missed changes");
  return { reviews, notBeforeMs: state.notBeforeMs };
};

/** What one look changed. */
type Step = {
  readonly state: LookState;
  readonly reviews: number;
  readonly failed: boolean;
  /** No further call is worth making in this round. */
  readonly stop: boolean;
  /** Looks to make in place of this one. */
  readonly instead: readonly (Look | QuietLook)[];
};

const takeLook = async (context: LookContext, wanted: Look | QuietLook, state: LookState): Promise<Step> => {
  const step = { state, reviews: 0, failed: false, stop: false, instead: [] };
  try {
    if ("untilMs" in wanted) {
      const { complete, reviews } = await lookAtQuiet(context, wanted);
      const nowMs = forgeNow(context);
      return { ...step, reviews, state: complete ? markQuietLooked(state, wanted.projectIds, nowMs) : state };
    }
    const { seenMs, reviews } = await look(context, wanted);
    return { ...step, state: markSeen(state, wanted.projectIds, seenMs), reviews };
  } catch (error) {
    if (!(error instanceof GitLabError)) throw error;
    const { place, projectIds } = wanted;
    context.logger.warn(
      { ...place, code: error.code, error: error.message },
      "Changes could not be looked at, they are looked for again",
    );
    if (STOPPING.has(error.code))
      return { ...step, stop: true, state: { ...state, notBeforeMs: notBefore(error, context) } };
    if (!REFUSING.has(error.code)) return { ...step, failed: true };
    if (place.kind === "group") return { ...step, instead: projectIds.map((id) => alone(wanted, id, state)) };
    return { ...step, state: rest(state, place.id, forgeNow(context) + REST_MS) };
  }
};

/** The look at one project of a group that GitLab does not show as a whole. */
const alone = (wanted: Look | QuietLook, id: number, state: LookState): Look | QuietLook => {
  const look = lookAtProject(id, state);
  return "untilMs" in wanted ? { ...look, fromMs: wanted.fromMs, untilMs: wanted.untilMs } : look;
};

const notBefore = (error: GitLabError, context: LookContext): number =>
  error.retryAfterMs === undefined ? 0 : forgeNow(context) + error.retryAfterMs;

/** The projects of a round. */
type Listing = {
  readonly projects: readonly FeedProject[];
  /** Whether GitLab told all that the token is a member of. */
  readonly complete: boolean;
  readonly stop: boolean;
  readonly notBeforeMs: number;
};

/**
 * The projects that we review: those that the token is a member of, and those that have sent us deliveries.
 * Where GitLab does not list the former, the latter have to do.
 */
const findProjects = async (context: LookContext, logger: ReconcileOptions["logger"]): Promise<Listing> => {
  const known = await context.store.reconciliation.listProjects();
  const found = new Map<number, FeedProject>(
    known.map((project) => [project.id, { ...project, group: null }]),
  );
  let complete = true;
  let stop = false;
  let notBeforeMs = 0;
  try {
    for (const project of await context.feed.listProjects(context.signal)) found.set(project.id, project);
  } catch (error) {
    if (!(error instanceof GitLabError)) throw error;
    logger.warn({ code: error.code, error: describeError(error) }, "Projects could not be listed");
    complete = false;
    stop = STOPPING.has(error.code);
    notBeforeMs = notBefore(error, context);
  }
  const projects = [...found.values()].filter(({ path }) => context.route(path) !== null);
  return { projects, complete, stop, notBeforeMs };
};
