import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { stringify } from "yaml";
import { z } from "zod";
import { type DifyStandIn, startDifyStandIn } from "../../standins/dify/dify-stand-in.ts";
import { type GitLabStandIn, startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import type { User } from "../../standins/gitlab/state.ts";
import type { MergeRequestView } from "../../standins/gitlab/view.ts";
import { type ModelStandIn, startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { startBalancer } from "./balancer.ts";
import { freePort } from "../free-port.ts";
import { queryPostgres } from "../store/postgres-server.ts";
import { sharedToken } from "./kill.contract.ts";
import { PATIENCE_MS } from "./kill-world.ts";
import { noteApp } from "./review-apps.ts";
import { type ServerProcess, startServerProcess } from "./server-process.ts";
import { SECRET, teamEnvironment } from "./start.ts";
import type { StopAt } from "./stop-at-write.ts";
import { addHook, createTeam, eventually, type Team } from "./team.ts";

const INSTANCES = 3;

/** Flows that between them make every kind of write that there is. */
const CONFIG = {
  worker: { lease: "2s", backoff: "100ms", attempts: 20 },
  reconcile: { enabled: false },
  budgets: { projects: [{ match: ["**"], runs: 100_000 }] },
  flows: [
    {
      name: "note",
      projects: ["note/**"],
      contract: "note",
      dify: { api_key: "app-note", lookup_timeout: "2s" },
      publish: { status: true },
    },
    { name: "classic", projects: ["classic/**"], file: "builtin:classic", language: "English" },
    {
      name: "watched",
      projects: ["watched/**"],
      file: "builtin:review",
      language: "English",
      shadow: { name: "next", file: "builtin:review" },
    },
    {
      name: "review",
      projects: ["review/**"],
      file: "builtin:review",
      language: "English",
      review: "every-push",
      publish: { labels: ["reviewed"], status: true },
    },
  ],
};

/** What a late attempt must leave as it is: every table whose rows follow from what a run does. */
const TABLES = {
  deliveries: "id, key, decision, reason_code, run_id",
  runs: "*",
  steps: "*",
  review_cache: "seq, project_id, iid, flow, key, value",
  findings: "*",
  outcomes: "*",
  lessons: "*",
  spendings: "*",
  shadow_runs: "*",
  shadow_steps: "*",
  progress_notes: "*",
  reactions: "*",
  pending_statuses: "*",
} as const;

/** An instance that was stopped just before a write. */
export type Stopped = {
  readonly server: ServerProcess;
  /** Lets it go on, and waits until its attempt has come to its end. */
  readonly goOn: () => Promise<void>;
};

/** Three instances on one PostgreSQL, one of which can be stopped at a write. */
export type StopWorld = AsyncDisposable & {
  readonly gitlab: GitLabStandIn;
  readonly dify: DifyStandIn;
  readonly model: ModelStandIn;
  /** The user of the servers. */
  readonly bot: User;
  readonly team: (name: "review" | "note" | "classic" | "watched") => Team;
  /** Stops whichever instance is about to make that write, to which `cause` leads. */
  readonly stopAt: (at: StopAt, cause: () => Promise<unknown>, work: Work) => Promise<Stopped>;
  /** Waits until no run and no shadow run is left to do, and merge requests show how theirs have ended. */
  readonly idle: () => Promise<void>;
  /** What is in the store that follows from what runs do, events apart, which are open to a late attempt. */
  readonly readStore: () => Promise<Readonly<Record<string, readonly unknown[]>>>;
};

const Open = z.object({ open: z.coerce.number(), unplanned: z.coerce.number(), untold: z.coerce.number() });

/**
 * What is left to do: runs that have not ended, shadow runs that are not there yet, and merge requests that do not show yet
 * how their review has ended.
 */
export const readOpen = async (databaseUrl: string): Promise<z.infer<typeof Open>> => {
  const [row] = await queryPostgres(
    databaseUrl,
    `SELECT (SELECT count(*) FROM reviewflow.runs WHERE finished_at IS NULL)
       + (SELECT count(*) FROM reviewflow.shadow_runs WHERE finished_at IS NULL) AS open,
       (SELECT count(*) FROM reviewflow.runs WHERE flow = 'watched' AND kind = 'review' AND finished_at IS NOT NULL)
       - (SELECT count(*) FROM reviewflow.shadow_runs) AS unplanned,
       (SELECT count(*) FROM reviewflow.reactions) + (SELECT count(*) FROM reviewflow.pending_statuses)
       + (SELECT count(*) FROM reviewflow.runs r
           LEFT JOIN reviewflow.progress_notes p ON p.project_id = r.project_id AND p.iid = r.iid
           WHERE r.kind = 'review'
           AND CASE WHEN r.state = 'failed' THEN p.run_id IS DISTINCT FROM r.id ELSE p.run_id IS NOT NULL END
           AND NOT EXISTS (SELECT 1 FROM reviewflow.runs n WHERE n.kind = 'review'
             AND n.project_id = r.project_id AND n.iid = r.iid AND n.seq > r.seq)) AS untold`,
  );
  return Open.parse(row);
};

/** What is loaded into a server that is to stop at a write. */
export const PRELOAD = new URL("./stop-at-write.ts", import.meta.url).href;

/** What a user has said in a merge request more than once; of summaries there may be one only, whatever they say. */
export const saidTwice = ({ notes }: Pick<MergeRequestView, "notes">, userId: number): readonly string[] => {
  const seen = new Set<string>();
  return notes
    .filter(({ author, system }) => author.id === userId && !system)
    .map(({ body, position }) =>
      body.startsWith("<!-- reviewflow:summary ")
        ? "summary"
        : `${position?.new_path ?? ""}:${position?.new_line ?? ""} ${body.replaceAll(/<!--.*?-->/g, "")}`,
    )
    .filter((said) => seen.size === seen.add(said).size);
};

/** What a server says when the work that it was stopped in has come to its end and another process has it. */
const LATE = {
  run: /another process has it|"kept":false/g,
  "follow-up": /Merge requests could not be kept up to date/g,
} as const;

/** What is written: the work on a run, or what shows in merge requests how runs have ended. */
export type Work = keyof typeof LATE;

const countLate = (server: ServerProcess, work: Work): number =>
  [...server.output().matchAll(LATE[work])].length;

/** Starts it on an empty database. */
export const startStopWorld = async (databaseUrl: string): Promise<StopWorld> => {
  await using stack = new AsyncDisposableStack();
  const gitlab = stack.use(await startGitLabStandIn({ limits: { notesPerMinute: null } }));
  const judged = new Set<string>();
  const dify = stack.use(
    await startDifyStandIn({
      apps: [
        noteApp(async ({ inputs, sleep }) => {
          const title = String(inputs["title"]);
          await sleep(/slow/.test(title) ? 4_000 : 200);
          const isFirst = !judged.has(title);
          judged.add(title);
          // The first review of such a merge request fails for good.
          if (isFirst && /broken/.test(title)) throw new Error("no review");
          return "Reviewed.";
        }),
      ],
      workers: 8,
    }),
  );
  const model = stack.use(await startModelStandIn());
  const folder = await mkdtemp(join(tmpdir(), "reviewflow-stop-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));

  const teams = new Map<string, Team>();
  for (const name of ["review", "note", "classic", "watched"])
    teams.set(name, await createTeam(gitlab, `${name}/${name}`));
  const bot = sharedToken([...teams.values()]);
  const configFile = join(folder, "reviewflow.yml");
  const egress = { allow: [new URL(gitlab.url).host] };
  await writeFile(
    configFile,
    stringify({ ...CONFIG, egress, models: { main: { model: "stand-in", base_url: model.url } } }),
  );
  const armed = join(folder, "stop-at");
  const environment = teamEnvironment(bot, dify, join(folder, "unused"), {
    DIFY_API_KEY: undefined,
    REVIEWFLOW_CONTRACT: undefined,
    REVIEWFLOW_CONFIG: configFile,
    REVIEWFLOW_ENCRYPTION_KEY: randomBytes(32).toString("base64"),
    DATABASE_URL: databaseUrl,
    NODE_OPTIONS: `--import ${PRELOAD}`,
    STOP_AT_WRITE: armed,
  });
  const servers = await Promise.all(
    Array.from({ length: INSTANCES }, async () => {
      const port = await freePort();
      const server = await startServerProcess({ ...environment, REVIEWFLOW_PORT: String(port) });
      stack.defer(() => server.kill());
      return server;
    }),
  );
  // As a balancer's health check would, it leaves out an instance that stands still.
  const targets = servers.map(({ url }) => url);
  const balancer = stack.use(await startBalancer(targets, 500));
  for (const team of teams.values())
    await addHook(team, { url: `${balancer.url}/webhooks/gitlab`, token: SECRET, note_events: true });

  const findStopped = async (): Promise<ServerProcess | undefined> => {
    for (const server of servers) assert.ok(server.isAlive(), `a server ended by itself: ${server.output()}`);
    const [name] = (await readdir(folder)).filter((one) => one.startsWith(`${basename(armed)}.`));
    return name === undefined ? undefined : servers.find(({ pid }) => name.endsWith(`.${pid}`));
  };
  const owned = stack.move();
  return {
    gitlab,
    dify,
    model,
    bot: bot.bot,
    team: (name) => teams.get(name) ?? assert.fail(`no team ${name}`),
    stopAt: async (at, cause, work) => {
      await writeFile(armed, JSON.stringify(at));
      await cause();
      const server = await eventually(`a server to stop at ${at.pattern}`, findStopped, PATIENCE_MS);
      await rm(`${armed}.${server.pid}`);
      targets.splice(targets.indexOf(server.url), 1);
      return {
        server,
        goOn: async () => {
          const before = countLate(server, work);
          process.kill(server.pid, "SIGCONT");
          targets.push(server.url);
          await eventually(
            `the late attempt at ${at.pattern} to end`,
            async () => countLate(server, work) > before || undefined,
            PATIENCE_MS,
          );
        },
      };
    },
    idle: async () => {
      await eventually(
        "the queue to be empty",
        async () => {
          await gitlab.settleHooks();
          const { open, unplanned, untold } = await readOpen(databaseUrl);
          return (open === 0 && unplanned <= 0 && untold === 0) || undefined;
        },
        PATIENCE_MS,
      );
      // What was said last has hooks of its own, which lead to nothing.
      await gitlab.settleHooks();
    },
    readStore: async () => {
      const store: Record<string, readonly string[]> = {};
      for (const [table, columns] of Object.entries(TABLES)) {
        const rows = await queryPostgres(databaseUrl, `SELECT ${columns} FROM reviewflow.${table}`);
        store[table] = rows.map((row) => JSON.stringify(row)).toSorted();
      }
      return store;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};
