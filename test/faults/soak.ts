import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { readConfig } from "../../src/cli/read-config.ts";
import { type Reviewflow, startReviewflow } from "../../src/main.ts";
import { progressMarker } from "../../src/review/note-text.ts";
import type { Run } from "../../src/store/store.ts";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import type { MergeRequest } from "../../standins/gitlab/state.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { SECRET } from "../e2e/start.ts";
import { setUpEmbedded } from "../e2e/start-embedded.ts";
import { addHook, createTeam, type Team } from "../e2e/team.ts";
import { randomOf } from "../seeded.ts";
import { type FailingFront, FAULTS, type FrontFault, startFailingFront } from "./failing-front.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

/** How long, and how much. */
export type SoakOptions = {
  readonly seed: number;
  readonly mergeRequests: number;
  /** Of each of the two servers. */
  readonly outages: number;
  /** A new database on a PostgreSQL server. */
  readonly databaseUrl: string;
  /** Real time that it may take, in milliseconds. */
  readonly limitMs: number;
  readonly print: (line: string) => void;
};

/** What a soak has seen, all of it checked. */
export type SoakOutcome = { readonly hours: number; readonly struck: number; readonly waited: number };

type Outage = {
  readonly peer: "model" | "gitlab";
  readonly fault: FrontFault;
  readonly fromMs: number;
  readonly toMs: number;
  /** So many calls are still answered, so that it begins in the middle of a review. */
  readonly afterCalls: number;
};

/** A hanging call of GitLab's costs real seconds, so that this fault is short. */
const LONGEST_SLOW_MS = 5 * MINUTE_MS;

/** Outages of one server one after another, of seconds up to an hour and a half; times since the start. */
const planOutages = (peer: Outage["peer"], count: number, random: () => number): readonly Outage[] => {
  const plan: Outage[] = [];
  let atMs = (1 + random() * 5) * MINUTE_MS;
  let left: FrontFault[] = [];
  for (let index = 0; index < count; index += 1) {
    if (left.length === 0) left = [...FAULTS];
    const [fault = "refused"] = left.splice(Math.floor(random() * left.length), 1);
    const drawnMs = 20 * SECOND_MS * (90 * 3) ** random();
    const lengthMs = fault === "slow" ? Math.min(drawnMs, LONGEST_SLOW_MS) : drawnMs;
    const afterCalls = Math.floor(random() * MOST_CALLS[peer]);
    plan.push({ peer, fault, fromMs: atMs, toMs: atMs + lengthMs, afterCalls });
    atMs += lengthMs + (3 + random() * 15) * MINUTE_MS;
  }
  return plan;
};

/** About as many calls as a review makes. */
const MOST_CALLS = { model: 4, gitlab: 22 } as const;

/** The machine's clock, which can be moved on: whatever sleeps until then is woken, the earliest first. */
const createMovedClock = () => {
  let movedMs = 0;
  const now = (): number => Date.now() + movedMs;
  const sleepers = new Set<{ readonly atMs: number; readonly wake: () => void }>();
  const clock: Clock = {
    now,
    sleep: async (ms, signal, options) => {
      signal?.throwIfAborted();
      const { promise, resolve } = Promise.withResolvers<void>();
      const sleeper = { atMs: now() + ms, wake: resolve };
      sleepers.add(sleeper);
      const inner = new AbortController();
      const stop = signal === undefined ? inner.signal : AbortSignal.any([inner.signal, signal]);
      try {
        await Promise.race([promise, systemClock.sleep(ms, stop, options)]);
      } finally {
        sleepers.delete(sleeper);
        inner.abort();
      }
    },
  };
  return {
    clock,
    move: (ms: number): void => {
      movedMs += ms;
      for (const sleeper of [...sleepers].toSorted((one, other) => one.atMs - other.atMs))
        if (sleeper.atMs <= now()) sleeper.wake();
    },
  };
};

/**
 * PostgreSQL's clock as the store asks for it, moved on likewise: its own function before that of the system's
 * catalogue in the search path. Returns the address to connect by.
 */
const openMovedDatabase = async (url: string) => {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`CREATE SCHEMA soak;
    CREATE TABLE soak.moved (ms bigint NOT NULL);
    INSERT INTO soak.moved VALUES (0);
    CREATE FUNCTION soak.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
      'SELECT pg_catalog.clock_timestamp() + (SELECT ms FROM soak.moved) * interval ''1 millisecond'''`);
  const moved = new URL(url);
  moved.searchParams.set("options", "-c search_path=soak,pg_catalog,public");
  return {
    url: moved.href,
    move: async (ms: number): Promise<void> => {
      await client.query("UPDATE soak.moved SET ms = ms + $1", [Math.ceil(ms)]);
    },
    [Symbol.asyncDispose]: () => client.end(),
  };
};

const FILES = ["cart", "till", "stock"] as const;
const MODEL_WINDOW = 8_192;
/** As much text as leaves no place for another file in one part. */
const FILLING = Array.from(
  { length: 120 },
  (_, line) => `export const line${line} = [${line}, "${line}"];\n`,
).join("");

/** Opens one with several files, so that its review has several parts. */
const openMergeRequest = async ({ gitlab, project, author }: Team, name: string): Promise<MergeRequest> => {
  await gitlab.push(project, {
    branch: name,
    user: author,
    actions: FILES.map((file) => ({
      action: "write",
      path: `src/${name}/${file}.js`,
      content: `export const ${name}_${file} = eval("1");\nvar old = 2;\nif (old == 2) console.log(old);\n${FILLING}`,
    })),
  });
  return gitlab.openMergeRequest(project, { author, sourceBranch: name, title: `Add ${name}` });
};

const stateOf = ({ state, waitingFor }: Run): string =>
  waitingFor === null ? state : `${state}, waits for ${waitingFor.kind}`;

const hoursOf = (ms: number): string => {
  const minutes = Math.floor(ms / MINUTE_MS);
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`;
};

/** Runs of each merge request and the states they were seen in, with the time since the start. */
const createStates = (sinceStart: () => number) => {
  const states = new Map<string, { readonly iid: number; readonly seen: string[]; last: string }>();
  return {
    see: (runs: readonly Run[]): void => {
      for (const run of runs) {
        const entry = states.get(run.id) ?? { iid: run.iid, seen: [], last: "" };
        states.set(run.id, entry);
        const state = stateOf(run);
        if (entry.last !== state) entry.seen.push(`${hoursOf(sinceStart())} ${state}`);
        entry.last = state;
      }
    },
    lines: (): readonly string[] =>
      [...states.values()]
        .toSorted((one, other) => one.iid - other.iid)
        .map(({ iid, seen }) => `!${iid}: ${seen.join(" → ")}`),
    waited: (): number =>
      [...states.values()].filter(({ seen }) => seen.some((text) => text.includes("waits"))).length,
  };
};

/** Longest steps of time: while a run is worked on, so that limits end calls that nobody answers, and while none is. */
const STEP_MS = { active: 2 * SECOND_MS, idle: 2 * MINUTE_MS } as const;
/** So long nothing has happened on any connection before time is moved on. */
const QUIET_MS = 25;

/** Waits until no call is under way and none has come for a moment. */
const untilQuiet = async (fronts: readonly FailingFront[]): Promise<void> => {
  const arrived = (): number => fronts.reduce((sum, front) => sum + front.arrived(), 0);
  for (;;) {
    const before = arrived();
    await delay(QUIET_MS);
    if (before === arrived() && fronts.every((front) => front.underWay() === 0)) return;
  }
};

/** Paid calls that were answered whole and that were about this merge request. */
const paidFor = (model: FailingFront, name: string): number =>
  model.whole.filter(
    ({ path, status, body }) => path.endsWith("/chat/completions") && status === 200 && body.includes(name),
  ).length;

/** What one finds at a merge request: how many summaries, threads of the bot, and notes or reactions that it is at work. */
const tracesAt = async ({ gitlab, bot }: Team, mergeRequest: MergeRequest) => {
  const { discussions, reactions } = await gitlab.viewMergeRequest(mergeRequest);
  const first = discussions.flatMap(({ notes: [note] }) => (note?.author.id === bot.id ? [note.body] : []));
  const summaries = first.filter((text) => text.includes("reviewflow:summary")).length;
  const waits = first.filter((text) => text.startsWith(progressMarker("team"))).length;
  return { summaries, threads: first.length - summaries - waits, waits, reactions: reactions.length };
};

/**
 * Merge requests under random outages of GitLab and the model that a seed names, over hours of a clock that is moved
 * on. Fails unless each ends reviewed once, no run has failed, and none has paid for more answers than the first, which
 * is made while everything works.
 */
export const soak = async (options: SoakOptions): Promise<SoakOutcome> => {
  const random = randomOf(options.seed);
  const { clock, move: moveClock } = createMovedClock();
  const startMs = clock.now();
  const sinceStart = (): number => clock.now() - startMs;
  await using gitlab = await startGitLabStandIn();
  await using model = await startModelStandIn();
  await using gitlabFront = await startFailingFront(gitlab.url);
  await using modelFront = await startFailingFront(new URL(model.url).origin);
  const fronts = { gitlab: gitlabFront, model: modelFront } as const;
  const bothFronts = [gitlabFront, modelFront];
  await using database = await openMovedDatabase(options.databaseUrl);
  const team = await createTeam(gitlab);
  const timeouts = { first_token: "20s", idle: "20s" };
  await using setup = await setUpEmbedded(team, model, {
    models: {
      main: {
        model: "stand-in",
        base_url: `${modelFront.url}/v1`,
        timeouts,
        concurrency: 2,
        context_window: MODEL_WINDOW,
      },
    },
    gitlab: { timeout: "1s" },
    flows: [{ name: "team", file: "builtin:review", language: "English" }],
    worker: { concurrency: 4, per_project: 4, lease: "1h" },
  });
  const environment = { ...setup.environment, GITLAB_URL: gitlabFront.url, DATABASE_URL: database.url };
  await using reviewflow: Reviewflow = await startReviewflow(readConfig(environment, setup.configFile), {
    logger: silentLogger,
    clock,
  });
  const { store } = reviewflow;
  await addHook(team, { url: `${reviewflow.url}/webhooks/gitlab`, token: SECRET });
  const states = createStates(sinceStart);
  const deadline = performance.now() + options.limitMs;

  /** A step of time, once nothing moves any more; whether a run is unfinished. */
  const step = async (): Promise<boolean> => {
    await untilQuiet(bothFronts);
    const runs = await store.listRuns({ limit: options.mergeRequests * 2 + 2 });
    states.see(runs);
    if (performance.now() > deadline)
      assert.fail(
        `not done in time:\n${states.lines().join("\n")}\n${JSON.stringify(await store.outages.list())}`,
      );
    const stepMs = runs.some(({ state }) => state === "active") ? STEP_MS.active : STEP_MS.idle;
    await database.move(stepMs);
    moveClock(stepMs);
    gitlab.advanceTime(stepMs);
    return runs.some(({ finishedAtMs }) => finishedAtMs === null);
  };
  /** Somebody puts the key right and has the queue go on. */
  const resumeParked = async (): Promise<void> => {
    for (const { peer, state } of await store.outages.list()) {
      const front = peer.kind === "model" ? fronts.model : fronts.gitlab;
      if (state === "parked" && front.fault() !== "wrong key") await store.outages.resume(peer);
    }
  };

  const mergeRequests = new Map<string, MergeRequest>();
  const open = async (name: string): Promise<void> => {
    mergeRequests.set(name, await openMergeRequest(team, name));
    await gitlab.settleHooks();
  };
  await open("topic0x");
  while (await step());
  const paid = paidFor(modelFront, "topic0x");
  const first = mergeRequests.get("topic0x") ?? assert.fail("not opened");
  const { threads } = await tracesAt(team, first);
  assert.ok(paid > 1 && threads > 1, `${paid} answers and ${threads} threads while everything works`);
  options.print(
    `while everything works: ${paid} answers, ${threads} threads, ${gitlabFront.arrived()} calls of GitLab`,
  );

  const beganMs = sinceStart();
  const plan = (["model", "gitlab"] as const).flatMap((peer) => planOutages(peer, options.outages, random));
  const endMs = Math.max(...plan.map(({ toMs }) => toMs));
  for (const { peer, fault, fromMs, toMs, afterCalls } of plan)
    options.print(
      `${hoursOf(beganMs + fromMs)} to ${hoursOf(beganMs + toMs)} ${peer}: ${fault}, after ${afterCalls} calls`,
    );
  // One for each outage in turn, about when it begins or within it.
  const openings = Array.from({ length: options.mergeRequests }, (_, index) => {
    const { fromMs, toMs } = plan[index % plan.length] ?? assert.fail("no outage");
    return { name: `topic${index + 1}x`, atMs: fromMs - SECOND_MS + (random() * (toMs - fromMs)) / 2 };
  });
  const lasting = new Map<Outage["peer"], Outage | undefined>();
  let isUnfinished = true;
  while (isUnfinished || sinceStart() - beganMs < endMs || mergeRequests.size <= openings.length) {
    const nowMs = sinceStart() - beganMs;
    for (const peer of ["model", "gitlab"] as const) {
      const outage = plan.find((each) => each.peer === peer && each.fromMs <= nowMs && nowMs < each.toMs);
      if (outage === lasting.get(peer)) continue;
      lasting.set(peer, outage);
      await fronts[peer].set(outage?.fault ?? null, outage?.afterCalls);
    }
    for (const { name, atMs } of openings) if (atMs <= nowMs && !mergeRequests.has(name)) await open(name);
    await resumeParked();
    isUnfinished = await step();
  }
  // What shows that a review waited is taken off behind its end.
  for (let rest = 0; rest < 5; rest += 1) await step();
  for (const line of states.lines()) options.print(line);

  const runs = await store.listRuns({ limit: options.mergeRequests * 2 + 2 });
  // What was reviewed is published without its walkthrough where only that could not be had.
  const isReviewed = ({ state, reason }: Run): boolean =>
    state === "succeeded" || (state === "partial-succeeded" && reason?.code === "walkthrough-failed");
  const unreviewed = runs.filter((run) => !isReviewed(run));
  assert.deepEqual(
    unreviewed.map(({ iid, state, reason }) => ({ iid, state, code: reason?.code })),
    [],
  );
  assert.equal(runs.length, mergeRequests.size, "one run for each merge request");
  for (const [name, mergeRequest] of mergeRequests) {
    const traces = { summaries: 1, threads, waits: 0, reactions: 0 };
    assert.deepEqual(await tracesAt(team, mergeRequest), traces, name);
    const own = paidFor(modelFront, name);
    options.print(`!${mergeRequest.iid}: ${own} of ${paid} answers`);
    assert.ok(own <= paid, `${name}: ${own} answers of the model were paid instead of ${paid}`);
  }
  assert.deepEqual(gitlab.failures, []);
  return {
    hours: sinceStart() / (60 * MINUTE_MS),
    struck: bothFronts.reduce((sum, front) => sum + front.struck(), 0),
    waited: states.waited(),
  };
};
