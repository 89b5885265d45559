import { createHash } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import type { NoticeEvent } from "../base/notice-events.ts";
import { peerKey } from "../base/outside.ts";
import type { HookHealth } from "../gitlab/hooks/hook-health.ts";
import { ReviewResult } from "../review/review-result.ts";
import type { NoticeStore } from "../store/notices/notice-store.ts";
import { LONG_WAIT_MS, NEWS_MS, type Outage } from "../store/outage.ts";
import { MOST_PROJECTS, type NoticeFacts } from "./notice.ts";

/** Something that operators may be told of. */
export type Cause = {
  readonly key: string;
  readonly event: NoticeEvent;
  /** Whether it has an end. */
  readonly lasts: boolean;
  /** The projects that it concerns; empty where it concerns all. */
  readonly facts: NoticeFacts;
};

/** A budget of today that is used up. */
type ReachedBudget = {
  readonly setting: string;
  readonly limit: number;
  readonly untilMs: number;
  /** Null for the budget of all projects. */
  readonly project: string | null;
};

/** Where causes are found. */
export type CauseSources = {
  readonly notices: Pick<NoticeStore, "failedReviews" | "waitingReviews" | "finishedReviews">;
  readonly outages: () => Promise<readonly Outage[]>;
  readonly reachedBudgets: () => Promise<readonly ReachedBudget[]>;
  /** Null where the server has no token to ask GitLab with, or nobody is told of hooks. */
  readonly hooks: {
    readonly projects: () => Promise<readonly { readonly id: number; readonly path: string }[]>;
    readonly health: (projectId: number) => Promise<HookHealth>;
  } | null;
  /** Whether critical findings are asked for. */
  readonly wantsFindings: boolean;
  readonly clock: Clock;
};

/** How long a failure counts although a later review went well, in milliseconds. */
const FRESH_MS = 600_000;
/** How often GitLab is asked about hooks, and about how many projects at a time. */
const HOOKS_EVERY_MS = 600_000;
const MOST_HOOKS = 100;
const MOST_REVIEWS = 200;
/** Runs of several instances do not end in the order of their clocks. */
const OVERLAP_MS = 120_000;

/** What is kept from one round to the next, by whichever instance makes it. */
export const RoundState = z.object({
  hooksAtMs: z.number(),
  /** The hooks that GitLab does not call, as causes. */
  hooks: z.array(z.object({ key: z.string(), facts: z.custom<NoticeFacts>() })),
  /** Where the next projects begin whose hooks are asked for. */
  nextProject: z.number(),
  findingsSinceMs: z.number(),
});
export type RoundState = z.infer<typeof RoundState>;

/** Everything that is to be told of now. Of what has no end only what is new since the last round. */
export const gatherCauses = async (
  sources: CauseSources,
  before: RoundState,
): Promise<{ readonly causes: readonly Cause[]; readonly state: RoundState }> => {
  const { clock, outages: listOutages } = sources;
  const outages = await listOutages();
  const hooks = await gatherHooks(sources, before);
  const findings = sources.wantsFindings ? await gatherFindings(sources, before.findingsSinceMs) : null;
  return {
    causes: [
      ...(await gatherFailed(sources)),
      ...(await gatherWaiting(sources, outages)),
      ...(await gatherBudgets(sources)),
      ...hooks.hooks.map(({ key, facts }): Cause => ({ key, facts, event: "hook_disabled", lasts: true })),
      ...(findings?.causes ?? []),
    ],
    state: { ...hooks, findingsSinceMs: findings?.sinceMs ?? clock.now() },
  };
};

/** The beginning: findings of before are nobody's news. */
export const firstRound = (nowMs: number): RoundState => ({
  hooksAtMs: 0,
  hooks: [],
  nextProject: 0,
  findingsSinceMs: nowMs,
});

const some = (paths: readonly string[]): string[] => [...new Set(paths)].slice(0, MOST_PROJECTS);

const gatherFailed = async ({ notices, clock }: CauseSources): Promise<readonly Cause[]> => {
  const nowMs = clock.now();
  const failed = await notices.failedReviews({ sinceMs: nowMs - NEWS_MS, freshMs: nowMs - FRESH_MS });
  return failed.flatMap(({ flow, reason, places }): Cause[] => {
    const [last] = places;
    if (last === undefined) return [];
    return [
      {
        key: `failing ${flow} ${reason.code}`,
        event: "review_failing",
        lasts: true,
        facts: {
          kind: "failing",
          flow,
          reason,
          count: places.length,
          runId: last.runId,
          mergeRequest: { project: last.projectPath, iid: last.iid },
          projects: some(places.map(({ projectPath }) => projectPath)),
        },
      },
    ];
  });
};

/** What is parked is told at once, what is away when reviews have waited for it for a while. */
const gatherWaiting = async (
  { notices }: CauseSources,
  outages: readonly Outage[],
): Promise<readonly Cause[]> => {
  const parked = outages.filter(({ state }) => state === "parked");
  const isParked = new Set(parked.map(({ peer }) => peerKey(peer)));
  const all = outages.length === 0 ? [] : await notices.waitingReviews(0);
  const long = await notices.waitingReviews(LONG_WAIT_MS);
  return [
    ...parked.map(({ peer, reason, waiting }): Cause => ({
      key: `parked ${peerKey(peer)}`,
      event: "parked",
      lasts: true,
      facts: {
        kind: "parked",
        peer: { ...peer },
        reason,
        count: waiting,
        projects: some(all.find((one) => peerKey(one.peer) === peerKey(peer))?.projects ?? []),
      },
    })),
    ...long
      .filter(({ peer }) => !isParked.has(peerKey(peer)))
      .map(({ peer, count, sinceMs, projects }): Cause => ({
        key: `waiting ${peerKey(peer)}`,
        event: "review_failing",
        lasts: true,
        facts: { kind: "waiting", peer: { ...peer }, count, sinceMs, projects: some(projects) },
      })),
  ];
};

const gatherBudgets = async ({ reachedBudgets }: CauseSources): Promise<readonly Cause[]> =>
  (await reachedBudgets()).map(({ project, ...reached }) => ({
    key: `budget ${reached.setting} ${project ?? ""}`,
    event: "budget_reached",
    lasts: true,
    facts: { kind: "budget", ...reached, projects: project === null ? [] : [project] },
  }));

/** Some projects at a time; of one that cannot be asked about, what was known stays. */
const gatherHooks = async (
  { hooks, clock }: CauseSources,
  before: RoundState,
): Promise<Omit<RoundState, "findingsSinceMs">> => {
  if (hooks === null) return { hooksAtMs: 0, hooks: [], nextProject: 0 };
  if (clock.now() - before.hooksAtMs < HOOKS_EVERY_MS) return before;
  const projects = await hooks.projects();
  const start = before.nextProject < projects.length ? before.nextProject : 0;
  const asked = projects.slice(start, start + MOST_HOOKS);
  const known = new Map(before.hooks.map((hook) => [hook.key, hook]));
  for (const { id, path } of asked) {
    const health = await hooks.health(id);
    if (health.kind === "unseen") continue;
    for (const key of known.keys()) if (key.startsWith(`hook ${id} `)) known.delete(key);
    for (const hook of health.hooks) {
      if (hook.disabled === null) continue;
      const { address } = hook;
      const { untilMs } = hook.disabled;
      const key = `hook ${id} ${hook.id}`;
      known.set(key, { key, facts: { kind: "hook", address, untilMs, projects: [path] } });
    }
  }
  return { hooksAtMs: clock.now(), hooks: [...known.values()], nextProject: start + asked.length };
};

const Found = ReviewResult.pick({ kind: true, findings: true });

const gatherFindings = async (
  { notices, clock }: CauseSources,
  sinceMs: number,
): Promise<{ readonly causes: readonly Cause[]; readonly sinceMs: number }> => {
  const reviews = await notices.finishedReviews(sinceMs - OVERLAP_MS, MOST_REVIEWS);
  const causes = reviews.flatMap(({ projectId, projectPath, iid, result }) => {
    const found = Found.safeParse(result);
    if (!found.success) return [];
    return found.data.findings
      .filter(({ severity, state }) => severity === "critical" && state === "opened")
      .map(({ title, path, line }): Cause => {
        const digest = createHash("sha256")
          .update(JSON.stringify([path, title]))
          .digest("hex")
          .slice(0, 16);
        return {
          key: `finding ${projectId} ${iid} ${digest}`,
          event: "critical_finding",
          lasts: false,
          facts: {
            kind: "critical",
            title,
            path,
            line,
            mergeRequest: { project: projectPath, iid },
            projects: [projectPath],
          },
        };
      });
  });
  const isAll = reviews.length < MOST_REVIEWS;
  return { causes, sinceMs: isAll ? clock.now() : (reviews.at(-1)?.finishedAtMs ?? sinceMs) + OVERLAP_MS };
};
