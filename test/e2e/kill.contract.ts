import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClassicApp } from "../../standins/dify/flow-program.ts";
import { startDifyStandIn } from "../../standins/dify/dify-stand-in.ts";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import type { MergeRequest } from "../../standins/gitlab/state.ts";
import { freePort } from "../free-port.ts";
import { isIdle, PATIENCE_MS } from "./kill-world.ts";
import { noteApp } from "./review-apps.ts";
import { type ServerProcess, startServerProcess } from "./server-process.ts";
import { SECRET, teamEnvironment } from "./start.ts";
import { addHook, createTeam, eventually, type Team } from "./team.ts";

/** Two flows: one that posts by itself, one whose note we post. */
export const CONFIG = `
flows:
  - name: classic
    projects: ["classic/**"]
    dify: { api_key: app-classic, lookup_timeout: 2s }
  - name: note
    contract: note
    dify: { api_key: app-note, lookup_timeout: 2s }
`;

/** How a database takes part: what the server is told of it. */
export type KillOptions = {
  readonly environment: Readonly<Record<string, string>>;
  /** How many servers are killed; one more finishes what they left. */
  readonly kills: number;
  readonly random: () => number;
};

/** What came of it. */
export type KillReport = {
  readonly accepted: number;
  /** Notes by merge request, for those whose delivery was accepted. */
  readonly notes: readonly { readonly title: string; readonly count: number }[];
  /** What the servers printed, all of them. */
  readonly output: string;
  readonly token: string;
};

/**
 * Opens merge requests one after the other while the server is killed (SIGKILL) at random points and
 * started again, until each accepted delivery has its review or patience ends. A server is killed some
 * random time after it took a random number of deliveries, however long that took it. Half of the merge
 * requests are reviewed by the classic flow, which posts by itself, half by one whose note we post.
 */
export const killAtRandom = async (options: KillOptions): Promise<KillReport> => {
  await using gitlab = await startGitLabStandIn();
  await using dify = await startDifyStandIn({
    apps: [
      await createClassicApp("app-classic"),
      noteApp((context) => context.sleep(60).then(() => "Reviewed.")),
    ],
    workers: 4,
  });
  const folder = await mkdtemp(join(tmpdir(), "reviewflow-kill-"));
  const teams = [await createTeam(gitlab, "classic/shop"), await createTeam(gitlab, "note/bank")];
  const port = await freePort();
  const servers: ServerProcess[] = [];
  try {
    const file = join(folder, "reviewflow.yml");
    await writeFile(file, CONFIG);
    for (const team of teams)
      await addHook(team, { url: `http://127.0.0.1:${port}/webhooks/gitlab`, token: SECRET });
    const bot = sharedToken(teams);
    const environment = {
      ...teamEnvironment(bot, dify, join(folder, "store"), {
        DIFY_API_KEY: undefined,
        REVIEWFLOW_CONTRACT: undefined,
        REVIEWFLOW_CONFIG: file,
        REVIEWFLOW_PORT: String(port),
        REVIEWFLOW_ENCRYPTION_KEY: randomBytes(32).toString("base64"),
      }),
      ...options.environment,
    };
    const opened: { team: Team; mergeRequest: MergeRequest }[] = [];
    const door = createDoor();
    const opening = openAll(teams, opened, door);
    const reckon = (): number => acceptedOf(teams, opened).length;
    for (let kill = 0; kill < options.kills; kill += 1) {
      const server = await startServerProcess(environment);
      servers.push(server);
      // A hook that failed four times in a row is off for a while; the clock brings it back.
      gitlab.advanceTime(86_400_000);
      const enough = reckon() + 2 + Math.floor(options.random() * 6);
      door.open();
      const lived = eventually(
        `${enough} accepted deliveries`,
        async () => reckon() >= enough || undefined,
        PATIENCE_MS,
      );
      await Promise.race([lived, opening]);
      await new Promise((resolve) => setTimeout(resolve, options.random() * 400));
      door.shut();
      assert.ok(server.isAlive(), `the server ended by itself: ${server.output()}`);
      await server.kill();
    }
    door.close();
    await opening;
    const last = await startServerProcess(environment);
    servers.push(last);
    await gitlab.settleHooks();
    const accepted = acceptedOf(teams, opened);
    await eventually("every accepted delivery to be reviewed", () => allReviewed(accepted), PATIENCE_MS);
    await eventually("the queue to be empty", async () => (await isIdle(last.url)) || undefined, PATIENCE_MS);
    const notes = await Promise.all(
      accepted.map(async ({ team, mergeRequest }) => ({
        title: `${team.project.path} ${mergeRequest.title}`,
        count: (await team.allBotNotes(mergeRequest)).length,
      })),
    );
    assert.equal(await last.stop(), 0, "an orderly stop ends well");
    return {
      accepted: accepted.length,
      notes,
      output: servers.map((one) => one.output()).join(""),
      token: bot.token,
    };
  } finally {
    for (const server of servers) await server.kill();
    await rm(folder, { recursive: true, force: true });
  }
};

/** One bot for both projects, as a group access token would be. */
export const sharedToken = ([first, ...others]: readonly Team[]): Team => {
  const team = first ?? assert.fail("no team");
  for (const other of others) team.gitlab.addMember(other.project, team.bot, "developer");
  return team;
};

/** Whether somebody is at home: who opens merge requests waits at it while no server runs. */
type Door = {
  /** Resolves while it is open; false when it will never be again. */
  readonly pass: () => Promise<boolean>;
  readonly open: () => void;
  readonly shut: () => void;
  readonly close: () => void;
};

const createDoor = (): Door => {
  let isClosed = false;
  let opened = Promise.withResolvers<void>();
  return {
    pass: async () => {
      await opened.promise;
      return !isClosed;
    },
    open: () => opened.resolve(),
    shut: () => void (opened = Promise.withResolvers<void>()),
    close: () => {
      isClosed = true;
      opened.resolve();
    },
  };
};

const openAll = async (
  teams: readonly Team[],
  opened: { team: Team; mergeRequest: MergeRequest }[],
  door: Door,
): Promise<void> => {
  for (let index = 0; await door.pass(); index += 1) {
    const team = teams[index % teams.length] ?? assert.fail("no team");
    opened.push({ team, mergeRequest: await team.openMergeRequest(`topic${index}`) });
    await team.gitlab.settleHooks();
  }
};

/** The merge requests whose delivery was answered with a success. */
export const acceptedOf = (
  teams: readonly Team[],
  opened: readonly { team: Team; mergeRequest: MergeRequest }[],
) => {
  const iids = new Set(
    teams.flatMap(({ project }) =>
      project.hooks.flatMap(({ deliveries }) =>
        deliveries
          .filter(({ responseStatus }) => responseStatus.startsWith("2"))
          .map(({ body }) => `${project.id}!${/"iid":(\d+)/.exec(body)?.[1] ?? ""}`),
      ),
    ),
  );
  return opened.filter(({ team, mergeRequest }) => iids.has(`${team.project.id}!${mergeRequest.iid}`));
};

/** Undefined as long as one of them has no review. */
export const allReviewed = async (
  accepted: readonly { team: Team; mergeRequest: MergeRequest }[],
): Promise<true | undefined> => {
  for (const { team, mergeRequest } of accepted) {
    if ((await team.allBotNotes(mergeRequest)).length === 0) return undefined;
  }
  return true;
};
