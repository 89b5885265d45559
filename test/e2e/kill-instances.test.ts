import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { describeError } from "../../src/base/errors.ts";
import { createClassicApp } from "../../standins/dify/flow-program.ts";
import { startDifyStandIn } from "../../standins/dify/dify-stand-in.ts";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import type { MergeRequest } from "../../standins/gitlab/state.ts";
import { livesOf, randomOf, seedOf } from "../seeded.ts";
import { POSTGRES_MISSING, queryPostgres, startPostgres } from "../store/postgres-server.ts";
import { startBalancer } from "./balancer.ts";
import { freePort } from "../free-port.ts";
import { isIdle, PATIENCE_MS } from "./kill-world.ts";
import { acceptedOf, allReviewed, CONFIG, sharedToken } from "./kill.contract.ts";
import { noteApp } from "./review-apps.ts";
import { type ServerProcess, startServerProcess } from "./server-process.ts";
import { SECRET, teamEnvironment } from "./start.ts";
import { addHook, createTeam, eventually, type Team } from "./team.ts";

const INSTANCES = 3;

const KILLS = livesOf(8);

/** So many merge requests are opened for each kill, however long a slow machine takes to start a server again. */
const OPENED_PER_KILL = 15;

type Opened = { readonly team: Team; readonly mergeRequest: MergeRequest };

/** How far the killing is. */
type Progress = { kills: number; isOver: boolean };

/** Opens merge requests in every project until the killing is over. */
const openWhile = async (
  teams: readonly Team[],
  opened: Opened[],
  progress: Readonly<Progress>,
): Promise<void> => {
  const openIn = async (team: Team, name: string): Promise<void> => {
    for (let index = 0; !progress.isOver;) {
      if (opened.length < OPENED_PER_KILL * (progress.kills + 1)) {
        opened.push({ team, mergeRequest: await team.openMergeRequest(`${name}${index}`) });
        index += 1;
      }
      await delay(150);
    }
  };
  await Promise.all(teams.map((team, index) => openIn(team, `topic${index}x`)));
};

/**
 * Kills one server after the other, each at a random moment, and starts it again while the others go on. One at least
 * is always up.
 */
const killInTurn = async (
  servers: ServerProcess[],
  random: () => number,
  progress: Progress,
  start: (index: number) => Promise<ServerProcess>,
  onRestart: () => void,
): Promise<void> => {
  const starting = new Map<number, Promise<void>>();
  for (; progress.kills < KILLS; progress.kills += 1) {
    await delay(500 + random() * 2_500);
    if (starting.size >= INSTANCES - 1) await Promise.race(starting.values());
    const up = servers
      .keys()
      .filter((index) => !starting.has(index))
      .toArray();
    const index = up[Math.floor(random() * up.length)] ?? assert.fail("no server");
    const victim = servers[index] ?? assert.fail("no server");
    assert.ok(victim.isAlive(), `a server ended by itself: ${victim.output()}`);
    await victim.kill();
    const restart = async (): Promise<void> => {
      servers[index] = await start(index);
      starting.delete(index);
      onRestart();
    };
    starting.set(index, restart());
  }
  await Promise.all(starting.values());
};

const Facts = z.object({
  lost: z.coerce.number(),
  slowest_ms: z.coerce.number(),
  unfinished: z.coerce.number(),
});

/** What the store says of the runs: how many lost their worker, and the longest from delivery to end. */
const readFacts = async (url: string): Promise<z.infer<typeof Facts>> => {
  const [facts] = await queryPostgres(
    url,
    `SELECT count(*) FILTER (WHERE stalled_count > 0) AS lost, max(finished_at - created_at) AS slowest_ms,
       count(*) FILTER (WHERE finished_at IS NULL) AS unfinished FROM reviewflow.runs`,
  );
  return Facts.parse(facts);
};

/** The runs that have not ended well, for a message. */
const readUnfinished = async (url: string): Promise<string> =>
  JSON.stringify(
    await queryPostgres(
      url,
      `SELECT project_path, iid, state, attempts, stalled_count, reason_code,
         due_at - extract(epoch FROM now()) * 1000 AS due
       FROM reviewflow.runs WHERE state <> 'succeeded' ORDER BY seq LIMIT 20`,
    ),
  );

/** Everything up to the last check; `url` is the database's. */
const killInstances = async (context: TestContext, url: string, folder: string): Promise<void> => {
  await using gitlab = await startGitLabStandIn();
  await using dify = await startDifyStandIn({
    apps: [
      await createClassicApp("app-classic"),
      noteApp((program) => program.sleep(300).then(() => "Reviewed.")),
    ],
    workers: 8,
  });
  const teams = [
    await createTeam(gitlab, "classic/shop"),
    await createTeam(gitlab, "note/bank"),
    await createTeam(gitlab, "note/post"),
  ];
  const bot = sharedToken(teams);
  const file = join(folder, "reviewflow.yml");
  await writeFile(file, CONFIG);
  const ports: number[] = [];
  for (let index = 0; index < INSTANCES; index += 1) ports.push(await freePort());
  const key = randomBytes(32).toString("base64");
  const all: ServerProcess[] = [];
  const start = async (index: number): Promise<ServerProcess> => {
    const server = await startServerProcess({
      ...teamEnvironment(bot, dify, join(folder, "unused"), {
        DIFY_API_KEY: undefined,
        REVIEWFLOW_CONTRACT: undefined,
        REVIEWFLOW_CONFIG: file,
        REVIEWFLOW_PORT: String(ports[index]),
        REVIEWFLOW_ENCRYPTION_KEY: key,
        DATABASE_URL: url,
      }),
    });
    all.push(server);
    return server;
  };
  try {
    await using balancer = await startBalancer(ports.map((port) => `http://127.0.0.1:${port}`));
    // All at once on an empty database: one makes the tables, the others wait for it.
    const servers = await Promise.all(ports.map((_, index) => start(index)));
    for (const team of teams) await addHook(team, { url: `${balancer.url}/webhooks/gitlab`, token: SECRET });
    const opened: Opened[] = [];
    const progress = { kills: 0, isOver: false };
    const opening = openWhile(teams, opened, progress);
    // A hook that failed four times in a row is off for a while; the clock brings it back.
    const startedMs = Date.now();
    const random = randomOf(seedOf(context));
    await killInTurn(servers, random, progress, start, () => gitlab.advanceTime(86_400_000)).finally(
      () => (progress.isOver = true),
    );
    const seconds = Math.round((Date.now() - startedMs) / 1_000);
    await opening;
    await gitlab.settleHooks();
    const accepted = acceptedOf(teams, opened);
    await eventually(
      "every accepted delivery to be reviewed",
      () => allReviewed(accepted),
      PATIENCE_MS,
    ).catch(async (error: unknown) => assert.fail(`${describeError(error)}: ${await readUnfinished(url)}`));
    const [{ url: anyUrl }] = z
      .tuple([z.object({ url: z.string() })])
      .rest(z.unknown())
      .parse(servers);
    await eventually("the queue to be empty", async () => (await isIdle(anyUrl)) || undefined, PATIENCE_MS);
    const notes = await Promise.all(
      opened.map(async ({ team, mergeRequest }) => ({
        title: `${team.project.path} ${mergeRequest.title}`,
        isAccepted: accepted.some((one) => one.mergeRequest === mergeRequest),
        count: (await team.allBotNotes(mergeRequest)).length,
      })),
    );
    const { lost, slowest_ms: slowestMs, unfinished } = await readFacts(url);
    context.diagnostic(
      `${KILLS} kills in ${seconds} s, ${opened.length} merge requests opened, ${accepted.length} deliveries ` +
        `accepted, ${lost} runs taken over, the slowest review after ${Math.round(slowestMs / 100) / 10} s`,
    );
    assert.deepEqual(
      notes.filter(({ isAccepted, count }) => count > 1 || (isAccepted && count !== 1)),
      [],
      "nothing accepted is lost, nothing is said twice",
    );
    assert.equal(unfinished, 0);
    assert.ok(accepted.length > KILLS, `${KILLS} kills, ${accepted.length} accepted`);
    for (const server of servers) assert.equal(await server.stop(), 0, "an orderly stop ends well");
    assert.ok(!all.some((server) => server.output().includes(bot.token)), "no log line holds the token");
  } finally {
    for (const server of all) await server.kill();
  }
};

test("three instances on PostgreSQL under load, one killed every few seconds: nothing is lost, nothing comes twice", async (context) => {
  const postgres = await startPostgres();
  if (postgres === null) return context.skip(POSTGRES_MISSING);
  const folder = await mkdtemp(join(tmpdir(), "reviewflow-instances-"));
  try {
    await killInstances(context, await postgres.createDatabase(), folder);
  } finally {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
