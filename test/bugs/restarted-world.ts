import assert from "node:assert/strict";
import type { Run } from "../../src/store/store.ts";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import type { MergeRequest, User } from "../../standins/gitlab/state.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { setUpEmbedded, startEmbedded } from "../e2e/start-embedded.ts";
import { SECRET } from "../e2e/start.ts";
import { addHook, createTeam, eventually } from "../e2e/team.ts";
import { pastTheEnd } from "../e2e/talk-world.ts";

/** What a server is started again with. */
type Settings = { readonly token?: string; readonly flow?: string };

/**
 * A server whose store outlives it: it is stopped and started again, with another token or with another name of its
 * flow, over the same merge request.
 */
export const startRestartedWorld = async () => {
  await using stack = new AsyncDisposableStack();
  const gitlab = stack.use(await startGitLabStandIn({ limits: { notesPerMinute: null } }));
  const model = stack.use(await startModelStandIn());
  const team = await createTeam(gitlab);
  const setup = stack.use(await setUpEmbedded(team, model));
  const hookId = await addHook(team, {
    url: "http://127.0.0.1:9/webhooks/gitlab",
    token: SECRET,
    note_events: true,
  });
  const hook = team.project.hooks.find(({ id }) => id === hookId) ?? assert.fail("no hook");
  let running: Awaited<ReturnType<typeof startEmbedded>> | null = null;
  const stop = async (): Promise<void> => {
    await running?.[Symbol.asyncDispose]();
    running = null;
  };
  stack.defer(stop);
  const store = () => (running ?? assert.fail("not started")).store;
  const idle = (mergeRequest: MergeRequest): Promise<readonly Run[]> =>
    eventually("the runs to end", async () => {
      await gitlab.settleHooks();
      const runs = (await store().listRuns({ limit: 100 })).filter(({ iid }) => iid === mergeRequest.iid);
      return runs.every(({ finishedAtMs }) => finishedAtMs !== null) ? runs : undefined;
    });
  const notesOf = async (mergeRequest: MergeRequest, marker: string) =>
    (await gitlab.viewMergeRequest(mergeRequest)).notes.filter(({ body }) =>
      body.startsWith(`<!-- reviewflow:${marker} `),
    );
  const owned = stack.move();
  return {
    gitlab,
    team,
    model,
    hook,
    store,
    /** Ends the server, if one runs, and starts one with these settings. */
    restart: async ({ token = team.token, flow = "review" }: Settings = {}): Promise<void> => {
      await stop();
      const flows = [{ name: flow, file: "builtin:review" }];
      const again = await setUpEmbedded(team, model, { flows });
      owned.use(again);
      running = await startEmbedded({
        ...again,
        environment: { ...setup.environment, GITLAB_TOKEN: token },
      });
      hook.url = `${running.url}/webhooks/gitlab`;
      hook.failures = 0;
      hook.disabledUntil = null;
    },
    stop,
    idle,
    /** Opens a merge request with one mistake in it, and waits for its review. */
    openReviewed: async (name: string, author: User = team.author): Promise<MergeRequest> => {
      await gitlab.push(team.project, {
        branch: name,
        user: author,
        actions: [{ action: "write", path: `src/${name}.js`, content: pastTheEnd(name) }],
      });
      const mergeRequest = await gitlab.openMergeRequest(team.project, {
        author,
        sourceBranch: name,
        title: `Add ${name}`,
      });
      const [run] = await idle(mergeRequest);
      assert.equal(run?.state, "succeeded", JSON.stringify(run?.reason));
      return mergeRequest;
    },
    /** Pushes a file, and waits for the review. */
    push: async (mergeRequest: MergeRequest, path: string, content: string): Promise<Run> => {
      await gitlab.push(team.project, {
        branch: mergeRequest.sourceBranch,
        user: team.author,
        actions: [{ action: "write", path, content }],
      });
      const [run] = await idle(mergeRequest);
      return run ?? assert.fail("no run");
    },
    /** The first notes of threads that tell of findings. */
    findings: (mergeRequest: MergeRequest) => notesOf(mergeRequest, "thread"),
    summaries: (mergeRequest: MergeRequest) => notesOf(mergeRequest, "summary"),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};

/** What `startRestartedWorld` gives. */
export type RestartedWorld = Awaited<ReturnType<typeof startRestartedWorld>>;
