import assert from "node:assert/strict";
import { type GitLabStandIn, startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import type { MergeRequest } from "../../standins/gitlab/state.ts";
import { type ModelStandIn, startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { freePort } from "../free-port.ts";
import { type ServerProcess, startServerProcess } from "./server-process.ts";
import { setUpEmbedded } from "./start-embedded.ts";
import { SECRET } from "./start.ts";
import { addHook, createTeam, eventually, type Team } from "./team.ts";

/** How long a step may take on a slow machine under load, in milliseconds. */
export const PATIENCE_MS = 400_000;

/** The call of the server that it dies at: before GitLab carries it out or after, when its answer is on the way. */
export type Death = {
  readonly method: string;
  readonly path: RegExp;
  /** How many such calls go well before. */
  readonly after?: number;
  readonly when: "before" | "after";
};

/** A team whose server, in a process of its own, is killed at chosen calls and started again at the same place. */
export type KillWorld = AsyncDisposable & {
  readonly gitlab: GitLabStandIn;
  readonly model: ModelStandIn;
  readonly team: Team;
  /** A new merge request with one file. */
  readonly open: (name: string, content: string) => Promise<MergeRequest>;
  /**
   * Kills the server at that call, to which `cause` leads, and starts it again. What comes back is the
   * number of model calls at its death.
   */
  readonly dieAt: (death: Death, cause: () => Promise<unknown>) => Promise<number>;
  /** Comes back when the server has nothing left to do. */
  readonly idle: () => Promise<void>;
  /** An orderly stop. */
  readonly stop: () => Promise<void>;
};

/** Starts the server with the shipped review, an embedded store and a hook. */
export const startKillWorld = async (hook: Readonly<Record<string, unknown>> = {}): Promise<KillWorld> => {
  await using stack = new AsyncDisposableStack();
  const gitlab = stack.use(await startGitLabStandIn());
  const model = stack.use(await startModelStandIn());
  const team = await createTeam(gitlab);
  const setup = stack.use(
    await setUpEmbedded(team, model, {
      server: { port: await freePort() },
      flows: [{ name: "review", file: "builtin:review" }],
    }),
  );
  const environment = { ...setup.environment, REVIEWFLOW_CONFIG: setup.configFile };
  let server: ServerProcess = await startServerProcess(environment);
  let output = "";
  stack.defer(() => server.kill());
  await addHook(team, { url: `${server.url}/webhooks/gitlab`, token: SECRET, ...hook });
  const owned = stack.move();
  return {
    gitlab,
    model,
    team,
    open: async (name, content) => {
      await gitlab.push(team.project, {
        branch: name,
        user: team.author,
        actions: [{ action: "write", path: `src/${name}.js`, content }],
      });
      return gitlab.openMergeRequest(team.project, {
        author: team.author,
        sourceBranch: name,
        title: `Add ${name}`,
      });
    },
    dieAt: async ({ when, ...match }, cause) => {
      const fault = gitlab.fail(match, { kind: "hang", when });
      await cause();
      await eventually(
        `${match.method} ${String(match.path)}`,
        async () => {
          assert.ok(server.isAlive(), `the server ended by itself: ${server.output()}`);
          return fault.hits() > 0 || undefined;
        },
        PATIENCE_MS,
      );
      await server.kill();
      output += server.output();
      const chats = model.chatCount();
      server = await startServerProcess(environment);
      return chats;
    },
    idle: async () => {
      await eventually("an empty queue", async () => (await isIdle(server.url)) || undefined, PATIENCE_MS);
    },
    stop: async () => {
      assert.equal(await server.stop(), 0, "an orderly stop ends well");
      assert.ok(!(output + server.output()).includes(team.token), "no log line holds the token");
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};

/** Whether a server has nothing left to do, by its own numbers. */
export const isIdle = async (url: string): Promise<boolean> => {
  const response = await fetch(`${url}/metrics`);
  const counts = [...(await response.text()).matchAll(/^reviewflow_queue_runs\{[^}]*\} (\d+)/gm)];
  return counts.length > 0 && counts.every(([, count]) => count === "0");
};
