import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import type { MergeRequest } from "../../standins/gitlab/state.ts";
import { type ChatRequest, textOf } from "../../standins/model/chat-request.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { scriptedReviewer } from "../../standins/model/scripted-reviewer.ts";
import { startBalancer } from "../e2e/balancer.ts";
import { sharedToken } from "../e2e/kill.contract.ts";
import { PATIENCE_MS } from "../e2e/kill-world.ts";
import { type ServerProcess, startServerProcess } from "../e2e/server-process.ts";
import { setUpEmbedded } from "../e2e/start-embedded.ts";
import { SECRET } from "../e2e/start.ts";
import { WRITES } from "../e2e/stop-at-write.ts";
import { PRELOAD, readOpen, saidTwice } from "../e2e/stop-world.ts";
import { pastTheEnd } from "../e2e/talk-world.ts";
import { addHook, createTeam, eventually, type Team } from "../e2e/team.ts";
import { freePort } from "../free-port.ts";
import { randomOf } from "../seeded.ts";
import { type PostgresServer, queryPostgres } from "../store/postgres-server.ts";
import { startDatabaseRelay } from "./database-relay.ts";

const INSTANCES = 3;
const LEASE_MS = 3_000;
/** How long the model takes for an answer. */
const ANSWER_MS = 200;
/** How long an answer may be on its way from the model to the journal: what ends its instance by then is paid again. */
const NOTED_MS = 3_000;
/**
 * GitLab waits ten seconds for an answer; whoever passes deliveries on tries for most of them. Where there is time to look
 * for what no delivery told of, it tries each instance once, so that GitLab goes without an answer and turns hooks off.
 */
const DELIVERY_MS = 8_000;
/** Of so many unfinished runs no more merge requests are opened. */
const MOST_OPEN = 8;
const CLOCKS_MS = [600_000, -600_000, 0] as const;

/** How much of it. */
export type ChaosOptions = {
  readonly seed: number;
  /** Every act is made once at least, and again for as long as this, in milliseconds. */
  readonly forMs: number;
  /** How long lies between two merge requests, in milliseconds. */
  readonly everyMs: number;
  /** Waits for what instances look for and take away by themselves, minutes later. */
  readonly isThorough: boolean;
  readonly postgres: PostgresServer;
  readonly print: (line: string) => void;
};

/** What came of it. */
export type ChaosReport = {
  /** Deliveries that GitLab sent, was answered 2xx for, and that are stored of these. */
  readonly sent: number;
  readonly acked: number;
  readonly stored: number;
  /** Merge requests, and those whose newest head was reviewed. */
  readonly opened: number;
  readonly reviewed: number;
  /** Merge requests whose newest head has no review, though it was acked or there was time to look for it. */
  readonly lost: readonly string[];
  /** Notes, threads and summaries that are there twice. */
  readonly doubled: readonly string[];
  /** Calls of the model; those asked for again; those of them whose first answer could not have been noted. */
  readonly calls: number;
  readonly paidTwice: readonly string[];
  readonly unavoidable: number;
  readonly avoidable: readonly string[];
  /** How often an instance found that a run was no longer its own. */
  readonly claimsLost: number;
  /** What was left undone when all was over: runs, drafts, statuses and reactions of a review that is made. */
  readonly stuck: readonly string[];
};

/** Puts the clock of a process ahead; its source is loaded into servers, so that it uses nothing from around it. */
const putClockAhead = (ms: number): void => {
  const { now } = Date;
  globalThis.Date = new Proxy(Date, {
    construct: (target, given, as): Date => {
      const made: unknown = Reflect.construct(target, given.length === 0 ? [now() + ms] : given, as);
      if (made instanceof target) return made;
      throw new TypeError("not a date");
    },
    get: (target, name): unknown => (name === "now" ? () => now() + ms : Reflect.get(target, name)),
  });
};

/** What was done, to which instance, and for how long, in milliseconds of `performance.now`; null for all. */
type Spell = {
  readonly act: string;
  readonly instance: number | null;
  readonly fromMs: number;
  toMs: number;
};

type Instance = { server: ServerProcess; readonly start: () => Promise<ServerProcess>; isFree: boolean };

/** A call of the model, for which instance and about what. */
type Call = {
  readonly instance: number;
  readonly about: string;

  readonly fromMs: number;
  toMs: number;
};

type Opened = {
  readonly team: Team;
  readonly mergeRequest: MergeRequest;
  readonly name: string;
  version: number;
};

/** The files of a version, with a finding each. */
const filesOf = (name: string, version: number): readonly string[] =>
  ["one", "two"].map((end) => `src/${name}v${version}x/${end}.js`);

/** A call by what is asked of the model, and the newest version of the merge request that it is shown. */
const aboutOf = (request: ChatRequest): string => {
  const [instructions = "", ...shown] = request.messages.map(textOf);
  const text = shown.length === 0 ? instructions : shown.join("\n");
  // What is learnt of others is shown, too: the title is the merge request's own.
  const [, name = ""] = /Add (topic\d+)v1x/.exec(text) ?? /(topic\d+)v\d/.exec(text) ?? [];
  const versions = [...text.matchAll(new RegExp(`${name}v(\\d+)x`, "g"))].map(([, version]) =>
    Number(version),
  );
  return `${name}v${Math.max(...versions)}x, instructions of ${instructions.length}`;
};

/** Everything that takes part, in good order. */
const openWorld = async ({ postgres, seed, isThorough }: ChaosOptions) => {
  await using stack = new AsyncDisposableStack();
  const gitlab = stack.use(await startGitLabStandIn({ limits: { notesPerMinute: null } }));
  const calls: Call[] = [];
  const model = stack.use(
    await startModelStandIn({
      script: async (request) => {
        const fromMs = performance.now();
        const call: Call = {
          instance: Number(request.user),
          about: aboutOf(request),
          fromMs,
          toMs: Infinity,
        };
        calls.push(call);
        await delay(ANSWER_MS);
        call.toMs = performance.now();
        return scriptedReviewer(request);
      },
    }),
  );
  const teams = [
    await createTeam(gitlab, "review/shop"),
    await createTeam(gitlab, "review/bank"),
    await createTeam(gitlab, "classic/post"),
  ];
  const bot = sharedToken(teams);
  const setup = stack.use(
    await setUpEmbedded(bot, model, {
      server: { port: "${CHAOS_PORT}" },
      worker: { lease: `${LEASE_MS}ms`, backoff: "100ms", max_backoff: "1s", attempts: 20, stop_grace: "5s" },
      reconcile: { every: "5s" },
      egress: { allow: [new URL(gitlab.url).host] },
      models: {
        main: {
          model: "stand-in",
          base_url: model.url,
          concurrency: 8,
          extra_body: { user: "${CHAOS_INSTANCE}" },
        },
      },
      flows: [
        { name: "classic", projects: ["classic/**"], file: "builtin:classic", language: "English" },
        {
          name: "review",
          projects: ["review/**"],
          file: "builtin:review",
          language: "English",
          review: "every-push",
          publish: { labels: ["reviewed"], status: true },
        },
      ],
    }),
  );
  const databaseUrl = await postgres.createDatabase();
  const relay = stack.use(await startDatabaseRelay(databaseUrl));
  const armed = join(setup.folder, "stop-at");
  const environment = {
    ...setup.environment,
    REVIEWFLOW_CONFIG: setup.configFile,
    REVIEWFLOW_ENCRYPTION_KEY: randomBytes(32).toString("base64"),
    DATABASE_URL: relay.through(databaseUrl),
    STOP_AT_WRITE: armed,
  };
  const all: { readonly server: ServerProcess; readonly instance: number; readonly aheadMs: number }[] = [];
  const turn = seed % CLOCKS_MS.length;
  const instances = await Promise.all(
    Array.from({ length: INSTANCES }, async (_, index): Promise<Instance> => {
      const port = await freePort();
      const aheadMs = CLOCKS_MS[(index + turn) % CLOCKS_MS.length] ?? 0;
      const clock = `data:text/javascript,${encodeURIComponent(`(${String(putClockAhead)})(${aheadMs})`)}`;
      const start = async (): Promise<ServerProcess> => {
        const server = await startServerProcess({
          ...environment,
          CHAOS_INSTANCE: String(index),
          CHAOS_PORT: String(port),
          NODE_OPTIONS: `--import ${clock} --import ${PRELOAD}`,
        });
        all.push({ server, instance: index, aheadMs });
        return server;
      };
      return { server: await start(), start, isFree: true };
    }),
  );
  stack.defer(async () => void (await Promise.all(all.map(({ server }) => server.kill()))));
  const targets = instances.map(({ server }) => server.url);
  const balancer = stack.use(await startBalancer(targets, 1_000, isThorough ? 0 : DELIVERY_MS));
  for (const team of teams) await addHook(team, { url: `${balancer.url}/webhooks/gitlab`, token: SECRET });
  const owned = stack.move();
  return {
    gitlab,
    teams,
    bot,
    calls,
    instances,
    all,
    databaseUrl,
    relay,
    armed,
    folder: setup.folder,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};

type World = Awaited<ReturnType<typeof openWorld>>;

/** What acts are made with. */
type Stage = {
  readonly world: World;
  readonly postgres: PostgresServer;
  readonly random: () => number;
  /** Notes the spell while `work` lasts. */
  readonly during: (act: string, instance: number | null, work: () => Promise<void>) => Promise<void>;
};

/** An act upon an instance that is in no other one. */
const onInstance =
  (act: string, work: (stage: Stage, instance: Instance) => Promise<void>) =>
  async (stage: Stage): Promise<void> => {
    const { instances } = stage.world;
    const free = [...instances.keys()].filter((index) => instances[index]?.isFree === true);
    const index = free[Math.floor(stage.random() * free.length)] ?? assert.fail("no instance is free");
    const instance = instances[index] ?? assert.fail();
    assert.ok(instance.server.isAlive(), `a server ended by itself: ${instance.server.output()}`);
    instance.isFree = false;
    await stage.during(act, index, () => work(stage, instance));
    instance.isFree = true;
  };

/** Longer than the lease, by a quarter at least. */
const pastTheLease = (random: () => number): Promise<void> => delay(LEASE_MS * (1.25 + random() * 1.5));

const goOn = (pid: number): void => {
  try {
    process.kill(pid, "SIGCONT");
  } catch {
    // It has been ended meanwhile.
  }
};

/** How long a write is waited for, which need not come while the database is away. */
const STOP_MS = 15_000;

/** Writes that reviews make again and again. */
const STOPS = [
  "draft",
  "bulkPublish",
  "note",
  "noteAgain",
  "mergeRequest",
  "pendingStatus",
  "success",
  "reaction",
  "reactionOff",
  "ofFlow",
  "model",
  "journal",
  "memory",
  "finding",
  "usage",
  "events",
  "end",
] as const satisfies readonly (keyof typeof WRITES)[];

const stopAtWrite = async ({ world, random, during }: Stage): Promise<void> => {
  const { armed, folder, instances } = world;
  const kinds = STOPS.map((name) => WRITES[name]);
  const stoppedPid = async (): Promise<number | undefined> => {
    const name = (await readdir(folder)).find((one) => one.startsWith(`${basename(armed)}.`));
    if (name !== undefined) await rm(join(folder, name));
    return name === undefined ? undefined : Number(name.split(".").at(-1));
  };
  await writeFile(armed, JSON.stringify(kinds[Math.floor(random() * kinds.length)]));
  const pid = await eventually("a stop at a write", stoppedPid, STOP_MS).catch(async () => {
    await rm(armed, { force: true });
    return stoppedPid();
  });
  if (pid === undefined) return;
  const index = instances.findIndex(({ server }) => server.pid === pid);
  await during("stop at a write", index === -1 ? null : index, () => pastTheLease(random));
  goOn(pid);
};

/** What is done to instances, and to the database. */
const ACTS: ReadonlyMap<string, (stage: Stage) => Promise<void>> = new Map([
  [
    "kill",
    onInstance("kill", async ({ random }, instance) => {
      await instance.server.kill();
      await delay(random() * 1_000);
      instance.server = await instance.start();
    }),
  ],
  [
    "stall",
    onInstance("stall", async ({ random }, { server }) => {
      process.kill(server.pid, "SIGSTOP");
      await pastTheLease(random);
      process.kill(server.pid, "SIGCONT");
    }),
  ],
  [
    "orderly restart",
    onInstance("orderly restart", async (_, instance) => {
      assert.equal(await instance.server.stop(), 0, `an orderly stop ends well: ${instance.server.output()}`);
      instance.server = await instance.start();
    }),
  ],
  ["stop at a write", stopAtWrite],
  [
    "database restarted",
    ({ during, postgres, random }) =>
      during("database restarted", null, async () => {
        await postgres.kill();
        await delay(random() * 1_500);
        await postgres.restart();
      }),
  ],
  [
    "database silent",
    ({ during, world: { relay }, random }) =>
      during("database silent", null, async () => {
        await relay.set("silent");
        await delay(LEASE_MS * (0.5 + random() * 1.5));
        await relay.set(null);
      }),
  ],
  [
    "connections dropped",
    ({ during, world: { relay }, random }) =>
      during("connections dropped", null, async () => {
        await relay.set("cut off");
        await delay(100 + random() * 400);
        await relay.set(null);
      }),
  ],
]);

/** Makes all acts in an order that is drawn, again and again; two at once at most, one of the database's alone. */
const act = async (stage: Stage, forMs: number, print: (line: string) => void): Promise<void> => {
  const { random } = stage;
  const endMs = performance.now() + forMs;
  const underWay = new Set<Promise<void>>();
  let ofDatabase: Promise<void> = Promise.resolve();
  do {
    const order = [...ACTS].map((entry) => ({ entry, at: random() })).toSorted((a, b) => a.at - b.at);
    print(order.map(({ entry: [name] }) => name).join(", "));
    for (const {
      entry: [name, make],
    } of order) {
      const isOfDatabase = /database|connections/.test(name);
      if (isOfDatabase) await ofDatabase;
      while (underWay.size >= 2) await Promise.race(underWay);
      const made = make(stage).finally(() => underWay.delete(made));
      underWay.add(made);
      if (isOfDatabase) ofDatabase = made;
      // Every third begins while the one before lasts.
      if (random() < 2 / 3) await made;
      await delay(random() * 1_000);
    }
  } while (performance.now() < endMs);
  await Promise.all(underWay);
};

/** Opens merge requests in every project in turn, and pushes to some of those that are reviewed again, until it is over. */
const openWhile = async (
  { world: { gitlab, teams, databaseUrl }, random }: Stage,
  { everyMs }: ChaosOptions,
  opened: Opened[],
  over: AbortSignal,
): Promise<void> => {
  const write = async (team: Team, name: string, version: number): Promise<void> => {
    const written = filesOf(name, version).map((path) => ({
      action: "write" as const,
      path,
      content: pastTheEnd(`${name}v${version}x`),
    }));
    const before = version === 1 ? [] : filesOf(name, version - 1);
    const deleted = before.map((path) => ({ action: "delete" as const, path }));
    await gitlab.push(team.project, { branch: name, user: team.author, actions: [...deleted, ...written] });
  };
  while (!over.aborted) {
    await delay(everyMs * (0.5 + random()), undefined, { signal: over }).catch(() => undefined);
    // A slow machine, or a database that is away, gets no more than it can work off.
    const { open } = await readOpen(databaseUrl).catch(() => ({ open: Infinity }));
    if (open > MOST_OPEN) continue;
    const team = teams[opened.length % teams.length] ?? assert.fail("no team");
    const name = `topic${opened.length}`;
    await write(team, name, 1);
    const mergeRequest = await gitlab.openMergeRequest(team.project, {
      author: team.author,
      sourceBranch: name,
      title: `Add ${name}v1x`,
    });
    opened.push({ team, mergeRequest, name, version: 1 });
    const again = opened[Math.floor(random() * opened.length)];
    if (random() > 0.4 || again === undefined || again.team === teams.at(-1)) continue;
    again.version += 1;
    await write(again.team, again.name, again.version);
  }
};

/** When instances found that another one may have taken a run of theirs, by what they logged. */
const lostClaims = ({ all }: World): readonly Spell[] =>
  all.flatMap(({ server, instance, aheadMs }) =>
    [...server.output().matchAll(/"time":"([^"]+)".*"msg":"a run was handed over to another process"/g)].map(
      ([, time = ""]) => {
        const atMs = Date.parse(time) - aheadMs - performance.timeOrigin;
        return { act: "lost claim", instance, fromMs: atMs, toMs: atMs };
      },
    ),
  );

/** Acts that neither end a process nor last as long as a lease. */
const HARMLESS: ReadonlySet<string> = new Set(["connections dropped", "orderly restart"]);

/**
 * Whether an answer of the model may have been paid for in vain: its instance was killed, stood still or had no database
 * between the call and NOTED_MS after its answer, or lost its claim by then, as it does on a machine that is too busy.
 */
const isUnavoidable = ({ instance, fromMs, toMs }: Call, spells: readonly Spell[]): boolean =>
  spells.some(
    (spell) =>
      (spell.instance === instance || spell.instance === null) &&
      !HARMLESS.has(spell.act) &&
      spell.fromMs <= (toMs === Infinity ? fromMs + ANSWER_MS : toMs) + NOTED_MS &&
      spell.toMs >= fromMs,
  );

/** What each merge request shows, and what the store has of what was acked. */
const reckon = async (
  world: World,
  opened: readonly Opened[],
  spells: readonly Spell[],
  isThorough: boolean,
): Promise<ChaosReport> => {
  const { gitlab, teams, bot, calls, databaseUrl } = world;
  const deliveries = teams.flatMap(({ project }) => project.hooks.flatMap((hook) => hook.deliveries));
  const acked = deliveries.filter(({ responseStatus }) => responseStatus.startsWith("2"));
  const keys = new Set(
    (await queryPostgres(databaseUrl, "SELECT key FROM reviewflow.deliveries")).map(({ key }) => String(key)),
  );
  const lost: string[] = [];
  const doubled: string[] = [];
  const stuck: string[] = [];
  for (const { team, mergeRequest, name, version } of opened) {
    const title = `${team.project.path}!${mergeRequest.iid} ${name}`;
    const view = await gitlab.viewMergeRequest(mergeRequest);
    const own = view.notes.filter(({ author, system }) => author.id === bot.bot.id && !system);
    const head = mergeRequest.versions.at(-1)?.head ?? "";
    const files = filesOf(name, version);
    const threads = own.filter(({ position }) => files.includes(position?.new_path ?? ""));
    const isOfClassic = team === teams.at(-1);
    const isReviewed = isOfClassic
      ? own.length > 0
      : threads.length > 0 && own.some(({ body }) => body.includes(head.slice(0, 12)));
    const isDue = isThorough || acked.some(({ body }) => body.includes(head));
    if (!isReviewed && isDue) lost.push(title);
    if (isReviewed && !isOfClassic && threads.length < 2) lost.push(`${title}: ${threads.length} threads`);
    doubled.push(...saidTwice(view, bot.bot.id).map((said) => `${title}: ${said.slice(0, 80)}`));
    if (isOfClassic && own.length > 1) doubled.push(`${title}: ${own.length} notes`);
    stuck.push(...view.drafts.map(() => `${title}: a draft`));
    if (!isThorough) continue;
    const left = [
      ...view.statuses.filter(({ status, sha }) => status === "pending" && sha === head).map(() => "status"),
      ...view.reactions.filter(({ on }) => on === "MergeRequest").map((one) => one.name),
      ...own.filter(({ body }) => body.includes("reviewflow:progress")).map(() => "progress note"),
    ];
    stuck.push(...left.map((what) => `${title}: ${what}`));
  }
  const runs = await queryPostgres(
    databaseUrl,
    `SELECT project_path, iid, state, attempts, stalled_count, reason_code, waiting_kind FROM reviewflow.runs
     WHERE finished_at IS NULL OR state = 'failed' ORDER BY seq`,
  );
  const again = [...Map.groupBy(calls, ({ about }) => about).values()].flatMap((same) => same.slice(0, -1));
  const claims = lostClaims(world);
  const unavoidable = again.filter((call) => isUnavoidable(call, [...spells, ...claims]));
  return {
    sent: deliveries.length,
    acked: acked.length,
    stored: acked.filter(({ idempotencyKey }) => keys.has(`idempotency-key:${idempotencyKey}`)).length,
    opened: opened.length,
    reviewed: opened.length - new Set(lost.map((title) => title.split(":")[0])).size,
    lost,
    doubled,
    calls: calls.length,
    paidTwice: again.map((call) => call.about),
    avoidable: again
      .filter((call) => !unavoidable.includes(call))
      .map((call) => `${call.about}: by instance ${call.instance} at ${Math.round(call.fromMs)} and again`),
    unavoidable: unavoidable.length,
    claimsLost: claims.length,
    stuck: [...stuck, ...runs.map((row) => JSON.stringify(row))],
  };
};

/** The report as a table, with what went wrong below it. */
const tableOf = (report: ChaosReport): readonly string[] => {
  const rows = [
    ["deliveries sent", report.sent],
    ["deliveries acked", report.acked],
    ["stored of these", report.stored],
    ["merge requests opened", report.opened],
    ["reviewed at their newest head", report.reviewed],
    ["reviews lost", report.lost.length],
    ["notes or threads doubled", report.doubled.length],
    ["model calls", report.calls],
    ["paid twice", report.paidTwice.length],
    ["of these unavoidable", report.unavoidable],
    ["claims lost", report.claimsLost],
    ["left stuck", report.stuck.length],
  ] as const;
  return [
    ...rows.map(([what, count]) => `| ${what} | ${count} |`),
    ...report.lost,
    ...report.doubled,
    ...report.stuck,
    ...report.avoidable,
  ];
};

/**
 * Merge requests under load on three servers, each with a clock of its own, that share one PostgreSQL: instances are
 * killed, stand still for longer than their lease, at a write too, and are restarted in good order, while PostgreSQL is
 * restarted, falls silent or drops connections, in an order that a seed names. Prints what came of it as a table.
 */
export const chaos = async (options: ChaosOptions): Promise<ChaosReport> => {
  await using world = await openWorld(options);
  const random = randomOf(options.seed);
  const spells: Spell[] = [];
  const startedMs = performance.now();
  const stage: Stage = {
    world,
    postgres: options.postgres,
    random,
    during: async (name, instance, work) => {
      const spell: Spell = { act: name, instance, fromMs: performance.now(), toMs: Infinity };
      spells.push(spell);
      await work();
      spell.toMs = performance.now();
    },
  };
  const opened: Opened[] = [];
  const over = new AbortController();
  const opening = openWhile({ ...stage, random: randomOf(options.seed + 1) }, options, opened, over.signal);
  await eventually("a merge request", async () => opened.length > 0 || undefined);
  await act(stage, options.forMs, options.print).finally(() => over.abort());
  await opening;
  const acts = Map.groupBy(spells, (spell) => spell.act);
  const seconds = (ms: number): number => Math.round(ms / 1_000);
  options.print(
    `${seconds(performance.now() - startedMs)} s: ${[...acts].map(([name, { length }]) => `${length} × ${name}`).join(", ")}`,
  );
  const isDone = async (): Promise<true | undefined> => {
    await world.gitlab.settleHooks();
    const { open, untold } = await readOpen(world.databaseUrl);
    if (open > 0 || (options.isThorough && untold > 0)) return undefined;
    if (!options.isThorough) return true;
    return (await reckon(world, opened, spells, true)).lost.length === 0 || undefined;
  };
  await eventually("all to be done", isDone, options.isThorough ? 3 * PATIENCE_MS : PATIENCE_MS).catch(
    (error: unknown) => options.print(String(error)),
  );
  const report = await reckon(world, opened, spells, options.isThorough);
  if (report.avoidable.length > 0) {
    for (const { act: name, instance, fromMs, toMs } of [...spells, ...lostClaims(world)])
      options.print(
        `${Math.round(fromMs)} to ${Math.round(toMs)} ${name}${instance === null ? "" : ` of ${instance}`}`,
      );
    for (const { server, instance } of world.all) options.print(`instance ${instance}: ${server.output()}`);
  }
  options.print(`${seconds(performance.now() - startedMs)} s until all was done`);
  for (const line of tableOf(report)) options.print(line);
  for (const { server } of world.instances)
    assert.equal(await server.stop(), 0, `an orderly stop ends well: ${server.output()}`);
  assert.deepEqual(world.gitlab.failures, []);
  assert.ok(
    !world.all.some(({ server }) => server.output().includes(world.bot.token)),
    "no log holds the token",
  );
  return report;
};
