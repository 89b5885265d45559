import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { Clock } from "../../src/base/clock.ts";
import { parseJson } from "../../src/base/json.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { readConfig } from "../../src/cli/read-config.ts";
import { startReviewflow } from "../../src/main.ts";
import { progressMarker } from "../../src/review/note-text.ts";
import type { Run } from "../../src/store/store.ts";
import { startDifyStandIn } from "../../standins/dify/dify-stand-in.ts";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import type { MergeRequest } from "../../standins/gitlab/state.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { noteApp } from "../e2e/review-apps.ts";
import { SECRET } from "../e2e/start.ts";
import { setUpEmbedded } from "../e2e/start-embedded.ts";
import { addHook, createTeam, type Team } from "../e2e/team.ts";
import { randomOf } from "../seeded.ts";
import { type FailingFront, FAULTS, startFailingFront } from "./failing-front.ts";
import { createMovedClock, type MovedDatabase } from "./moved-databases.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

/** How long, and how much. */
export type SoakOptions = {
  readonly seed: number;
  readonly mergeRequests: number;
  /** Of each of the four. */
  readonly outages: number;
  readonly database: MovedDatabase;
  /** Real time that it may take, in milliseconds. */
  readonly limitMs: number;
  readonly print: (line: string) => void;
};

/** What a soak has seen, all of it checked. */
export type SoakOutcome = {
  readonly hours: number;
  /** Calls, connections and statements. */
  readonly struck: number;
  readonly waited: number;
};

/** Something that a review needs: what can happen to it, and how it is made to. */
type Peer = {
  readonly faults: readonly string[];
  readonly set: (fault: string | null, afterCalls: number) => Promise<void>;
  readonly struck: () => number;
  /** The longest outage, in milliseconds, and that by a fault whose calls hang for real seconds. */
  readonly longestMs: number;
  readonly longestSlowMs: number;
  /** About as many calls as a review makes: so many are still answered, so that it begins in the middle of one. */
  readonly mostCalls: number;
};

const peerOf = (front: FailingFront, mostCalls: number, faults: readonly string[] = FAULTS): Peer => ({
  faults,
  set: (fault, afterCalls) => front.set(FAULTS.find((known) => known === fault) ?? null, afterCalls),
  struck: front.struck,
  longestMs: 90 * MINUTE_MS,
  longestSlowMs: 5 * MINUTE_MS,
  mostCalls,
});

type Outage = {
  readonly name: string;
  readonly fault: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly afterCalls: number;
};

const SHORTEST_MS = 20 * SECOND_MS;

/** Outages one after another; times since the start. */
const planOutages = (
  [name, { faults, longestMs, longestSlowMs, mostCalls }]: readonly [string, Peer],
  count: number,
  random: () => number,
): readonly Outage[] => {
  const plan: Outage[] = [];
  let atMs = (1 + random() * 5) * MINUTE_MS;
  let left: string[] = [];
  for (let index = 0; index < count; index += 1) {
    if (left.length === 0) left = [...faults];
    const [fault = ""] = left.splice(Math.floor(random() * left.length), 1);
    const drawnMs = SHORTEST_MS * (longestMs / SHORTEST_MS) ** random();
    const lengthMs = fault === "slow" ? Math.min(drawnMs, longestSlowMs) : drawnMs;
    const afterCalls = Math.floor(random() * mostCalls);
    plan.push({ name, fault, fromMs: atMs, toMs: atMs + lengthMs, afterCalls });
    atMs += lengthMs + (3 + random() * 15) * MINUTE_MS;
  }
  return plan;
};

const FILES = ["cart", "till", "stock"] as const;
const MODEL_WINDOW = 8_192;
/** As much text as leaves no place for another file in one part. */
const FILLING = Array.from({ length: 120 }, (_, line) => `export const line${line} = [${line}, "${line}"];`);
/** Lines of one file that a review shows to a model. */
const CHANGED_LINES = 3 + FILLING.length;

/** Opens one with several files, so that its review has several parts. */
const openMergeRequest = async ({ gitlab, project, author }: Team, name: string): Promise<MergeRequest> => {
  const contentOf = (file: string): string =>
    [
      `export const ${name}_${file} = eval("1");`,
      "var old = 2;",
      "if (old == 2) console.log(old);",
      ...FILLING,
      "",
    ].join("\n");
  await gitlab.push(project, {
    branch: name,
    user: author,
    actions: FILES.map((file) => ({
      action: "write",
      path: `src/${name}/${file}.js`,
      content: contentOf(file),
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
  const states = new Map<string, { readonly place: string; readonly seen: string[]; last: string }>();
  return {
    see: (runs: readonly Run[]): void => {
      for (const run of runs) {
        const place = `${run.projectPath}!${run.iid}`;
        const entry = states.get(run.id) ?? { place, seen: [], last: "" };
        states.set(run.id, entry);
        const state = stateOf(run);
        if (entry.last !== state) entry.seen.push(`${hoursOf(sinceStart())} ${state}`);
        entry.last = state;
      }
    },
    lines: (): readonly string[] =>
      [...states.values()]
        .toSorted((one, other) => one.place.localeCompare(other.place, "en", { numeric: true }))
        .map(({ place, seen }) => `${place}: ${seen.join(" → ")}`),
    waited: (): number =>
      [...states.values()].filter(({ seen }) => seen.some((text) => text.includes("waits"))).length,
  };
};

/** Longest steps of time: while a run is worked on, so that limits end calls that nobody answers, and while none is. */
const STEP_MS = { active: 2 * SECOND_MS, unknown: 5 * SECOND_MS, idle: 2 * MINUTE_MS } as const;
/** So long nothing has happened on any connection before time is moved on. */
const QUIET_MS = 25;

/** Waits until no call is under way and none has come for a moment, nor anything to or from the database. */
const untilQuiet = async (fronts: readonly FailingFront[], database: MovedDatabase): Promise<void> => {
  const arrived = (): number => fronts.reduce((sum, front) => sum + front.arrived(), database.arrived());
  for (;;) {
    const before = arrived();
    await delay(QUIET_MS);
    if (before === arrived() && fronts.every((front) => front.underWay() === 0)) return;
  }
};

const Prompt = z.object({ messages: z.array(z.object({ role: z.string(), content: z.string() })) });

/**
 * What was paid for of a merge request: how often each changed line was in a prompt that was answered whole, and how
 * many answers were about no line. How many prompts there are says nothing: parts grow when counts of tokens are known.
 */
const paidFor = (model: FailingFront, name: string) => {
  const lines = new Map<string, number>();
  let others = 0;
  for (const { path, status, body } of model.whole) {
    if (!path.endsWith("/chat/completions") || status !== 200 || !body.includes(name)) continue;
    const prompt = Prompt.parse(parseJson(body)).messages.map(({ content }) => content);
    const before = lines.size === 0 ? 0 : [...lines.values()].reduce((sum, times) => sum + times, 0);
    let file = "";
    for (const line of prompt.flatMap((text) => text.split("\n"))) {
      const [, begun] = /^=== (\S+) \(/.exec(line) ?? [];
      file = begun ?? file;
      const [, added] = /^\s*(\d+)\s+\+\s+\|/.exec(line) ?? [];
      const key = `${file}:${added}`;
      if (added !== undefined && file.includes(`/${name}/`)) lines.set(key, (lines.get(key) ?? 0) + 1);
    }
    const after = [...lines.values()].reduce((sum, times) => sum + times, 0);
    if (after === before) others += 1;
  }
  return { shown: lines.size, most: Math.max(0, ...lines.values()), others };
};

/** What one finds at a merge request: how many summaries, threads of the bot, and notes or reactions that it is at work. */
const tracesAt = async ({ gitlab, bot }: Team, mergeRequest: MergeRequest, flow: string) => {
  const { discussions, reactions } = await gitlab.viewMergeRequest(mergeRequest);
  const first = discussions.flatMap(({ notes: [note] }) => (note?.author.id === bot.id ? [note.body] : []));
  const waits = first.filter((text) => text.startsWith(progressMarker(flow))).length;
  const summaries = first.filter((text) => /^<!-- reviewflow:(?:summary|note)/.test(text)).length;
  return { summaries, threads: first.length - summaries - waits, waits, reactions: reactions.length };
};

/** The projects by the flows that review them. */
type FlowName = "team" | "app";
type Opened = { readonly mergeRequest: MergeRequest; readonly flow: FlowName };

/** Stand-ins behind what fails them, a server over them, and two projects: one reviewed here, one by an app on Dify. */
const openWorld = async (database: MovedDatabase, clock: Clock) => {
  await using stack = new AsyncDisposableStack();
  const gitlab = stack.use(await startGitLabStandIn());
  const model = stack.use(await startModelStandIn());
  const dify = stack.use(await startDifyStandIn({ apps: [noteApp()], scale: 0.001, workers: 2 }));
  const gitlabFront = stack.use(await startFailingFront(gitlab.url));
  const modelFront = stack.use(await startFailingFront(new URL(model.url).origin));
  const difyFront = stack.use(await startFailingFront(dify.url));
  const fronts = [gitlabFront, modelFront, difyFront];
  const peers = new Map<string, Peer>([
    ["model", peerOf(modelFront, 4)],
    ["gitlab", peerOf(gitlabFront, 22)],
    // Dify has a minute for an answer, of the machine's own time.
    [
      "dify",
      peerOf(
        difyFront,
        3,
        FAULTS.filter((fault) => fault !== "slow"),
      ),
    ],
    ["database", { ...database, longestMs: 8 * MINUTE_MS, longestSlowMs: 0, mostCalls: 0 }],
  ]);
  const bot = gitlab.createUser({ username: "reviewer" });
  const token = gitlab.createPersonalToken(bot);
  const openTeam = async (path: string): Promise<Team> => {
    const team = { ...(await createTeam(gitlab, path)), bot, token };
    gitlab.addMember(team.project, bot, "maintainer");
    return team;
  };
  const teams = { team: await openTeam("bootcamp/shop"), app: await openTeam("bootcamp/office") } as const;
  const timeouts = { first_token: "20s", idle: "20s" };
  const setup = stack.use(
    await setUpEmbedded(teams.team, model, {
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
      flows: [
        { name: "team", projects: [teams.team.project.path], file: "builtin:review", language: "English" },
        {
          name: "app",
          projects: [teams.app.project.path],
          contract: "note",
          language: "English",
          dify: { url: difyFront.url, api_key: "app-note" },
        },
      ],
      worker: { concurrency: 4, per_project: 4, lease: "15m" },
    }),
  );
  const environment = { ...setup.environment, GITLAB_URL: gitlabFront.url, ...database.environment };
  const reviewflow = stack.use(
    await startReviewflow(readConfig(environment, setup.configFile), { logger: silentLogger, clock }),
  );
  const { store } = reviewflow;
  for (const team of Object.values(teams))
    await addHook(team, { url: `${reviewflow.url}/webhooks/gitlab`, token: SECRET });
  const owned = stack.move();
  return {
    gitlab,
    dify,
    fronts,
    modelFront,
    peers,
    teams,
    store,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};

type World = Awaited<ReturnType<typeof openWorld>>;

/** Fails unless every merge request was reviewed, once, and nothing shows that it had to wait. */
const assertReviewedOnce = async (
  { store, dify, teams, modelFront, gitlab }: World,
  opened: ReadonlyMap<string, Opened>,
  whole: { readonly threads: number; readonly paid: ReturnType<typeof paidFor> },
): Promise<void> => {
  const runs = await store.listRuns({ limit: opened.size * 2 });
  // What was reviewed is published without its walkthrough where only that could not be had.
  const isReviewed = ({ state, reason }: Run): boolean =>
    state === "succeeded" || (state === "partial-succeeded" && reason?.code === "walkthrough-failed");
  const unreviewed = runs.filter((run) => !isReviewed(run));
  assert.deepEqual(
    unreviewed.map(({ iid, state, reason }) => ({ iid, state, code: reason?.code })),
    [],
  );
  assert.equal(runs.length, opened.size, "one run for each merge request");
  for (const [name, { mergeRequest, flow }] of opened) {
    const traces = { summaries: 1, threads: flow === "team" ? whole.threads : 0, waits: 0, reactions: 0 };
    assert.deepEqual(await tracesAt(teams[flow], mergeRequest, flow), traces, name);
    if (flow === "app") {
      const runsOnDify = dify.runs().filter(({ inputs }) => inputs["title"] === `Add ${name}`);
      assert.equal(runsOnDify.length, 1, `${name}: runs on Dify`);
      continue;
    }
    const { others, ...shown } = paidFor(modelFront, name);
    const { others: most, ...expected } = whole.paid;
    assert.deepEqual(shown, expected, `${name}: what the model was shown`);
    assert.ok(others <= most, `${name}: ${others} answers about no line`);
  }
  assert.deepEqual(gitlab.failures, []);
};

/**
 * Merge requests of two projects, one reviewed by a model here and one by an app on Dify, under random outages of GitLab,
 * the model, Dify and the database that a seed names, over hours of a clock that is moved on. Fails unless each ends
 * reviewed once, no run has failed, the model has been paid once for each line, and Dify has made one run for each.
 */
export const soak = async (options: SoakOptions): Promise<SoakOutcome> => {
  const { database } = options;
  const random = randomOf(options.seed);
  const { clock, move: moveClock } = createMovedClock();
  const startMs = clock.now();
  const sinceStart = (): number => clock.now() - startMs;
  await using world = await openWorld(database, clock);
  const { gitlab, fronts, modelFront, peers, teams, store } = world;
  const states = createStates(sinceStart);
  const deadline = performance.now() + options.limitMs;
  const mostRuns = options.mergeRequests * 2 + 4;

  /** Null while the database is away. */
  const listRuns = () => store.listRuns({ limit: mostRuns }).catch(() => null);
  /** A step of time, once nothing moves any more; whether a run is unfinished. */
  const step = async (): Promise<boolean> => {
    await untilQuiet(fronts, database);
    const runs = await listRuns();
    states.see(runs ?? []);
    if (performance.now() > deadline)
      assert.fail(
        `not done in time:\n${states.lines().join("\n")}\n${JSON.stringify(await store.outages.list())}`,
      );
    const isActive = runs?.some(({ state }) => state === "active");
    const stepMs = isActive === undefined ? STEP_MS.unknown : isActive ? STEP_MS.active : STEP_MS.idle;
    await database.move(stepMs);
    moveClock(stepMs);
    gitlab.advanceTime(stepMs);
    return runs?.some(({ finishedAtMs }) => finishedAtMs === null) ?? true;
  };
  const lasting = new Map<string, Outage | undefined>();
  /** Somebody puts the key right and has the queue go on. */
  const resumeParked = async (): Promise<void> => {
    for (const { peer, state } of (await store.outages.list().catch(() => null)) ?? []) {
      const struck = peer.kind === "flow" ? "dify" : peer.kind === "project" ? "gitlab" : peer.kind;
      if (state === "parked" && lasting.get(struck) === undefined)
        await store.outages.resume(peer).catch(() => undefined);
    }
  };

  const opened = new Map<string, Opened>();
  const open = async (name: string, flow: FlowName): Promise<void> => {
    opened.set(name, { mergeRequest: await openMergeRequest(teams[flow], name), flow });
    await gitlab.settleHooks();
  };
  await open("topic0x", "team");
  await open("topic00x", "app");
  while (await step());
  const first = opened.get("topic0x") ?? assert.fail("not opened");
  const { threads } = await tracesAt(teams.team, first.mergeRequest, "team");
  const most = { shown: FILES.length * CHANGED_LINES, most: 1, others: 1 };
  assert.deepEqual(paidFor(modelFront, "topic0x"), most, "while everything works");
  assert.ok(threads > 1);
  options.print(
    `while everything works: ${threads} threads, ${fronts.map((front) => front.arrived()).join(" + ")} calls`,
  );

  const beganMs = sinceStart();
  const plan = [...peers].flatMap((peer) => planOutages(peer, options.outages, random));
  const endMs = Math.max(...plan.map(({ toMs }) => toMs));
  for (const { name, fault, fromMs, toMs, afterCalls } of plan)
    options.print(
      `${hoursOf(beganMs + fromMs)} to ${hoursOf(beganMs + toMs)} ${name}: ${fault}, after ${afterCalls} calls`,
    );
  // One for each outage in turn, about when it begins or within it; every third one is for Dify.
  const openings = Array.from({ length: options.mergeRequests }, (_, index) => {
    const { fromMs, toMs, name } = plan[(index * 5) % plan.length] ?? assert.fail("no outage");
    return {
      name: `topic${index + 1}x`,
      flow: name === "dify" || index % 3 === 2 ? ("app" as const) : ("team" as const),
      atMs: fromMs - SECOND_MS + (random() * (toMs - fromMs)) / 2,
    };
  });
  let isUnfinished = true;
  while (isUnfinished || sinceStart() - beganMs < endMs || opened.size < openings.length + 2) {
    const nowMs = sinceStart() - beganMs;
    for (const [name, peer] of peers) {
      const outage = plan.find((each) => each.name === name && each.fromMs <= nowMs && nowMs < each.toMs);
      if (outage === lasting.get(name)) continue;
      lasting.set(name, outage);
      await peer.set(outage?.fault ?? null, outage?.afterCalls ?? 0);
    }
    for (const { name, flow, atMs } of openings)
      if (atMs <= nowMs && !opened.has(name)) await open(name, flow);
    await resumeParked();
    isUnfinished = await step();
    // What GitLab could not deliver while the database was away is found by looking for it.
    const runs = await listRuns();
    isUnfinished ||= runs === null || runs.length < opened.size;
  }
  // What shows that a review waited is taken off behind its end.
  for (let rest = 0; rest < 5; rest += 1) await step();
  for (const line of states.lines()) options.print(line);

  await assertReviewedOnce(world, opened, { threads, paid: most });
  return {
    hours: sinceStart() / (60 * MINUTE_MS),
    struck: [...peers.values()].reduce((sum, peer) => sum + peer.struck(), 0),
    waited: states.waited(),
  };
};
