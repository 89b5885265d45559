import assert from "node:assert/strict";
import type { Run } from "../../src/store/store.ts";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import type { MergeRequest, Project, User } from "../../standins/gitlab/state.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { setUpEmbedded, startEmbedded } from "./start-embedded.ts";
import { SECRET } from "./start.ts";
import { addHook, createTeam, eventually, type Team } from "./team.ts";

/** How a merge request is opened; what is left out is as usual. */
type Opening = {
  readonly author?: User;
  readonly title?: string;
  readonly targetBranch?: string;
  readonly labels?: readonly string[];
  readonly files?: readonly string[];
};

/** One server with many projects, each under a flow with triggers and filters of its own. */
export const startTriggerWorld = async (
  flows: readonly { readonly name: string; readonly projects: readonly string[] }[],
  more: Readonly<Record<string, unknown>> = {},
) => {
  const stack = new AsyncDisposableStack();
  const gitlab = stack.use(await startGitLabStandIn({ limits: { notesPerMinute: null } }));
  const model = stack.use(await startModelStandIn());
  const bot = gitlab.createUser({ username: "reviewer-bot" });
  const author = gitlab.createUser({ username: "trainee" });
  const teams: Team[] = [];
  for (const path of flows.flatMap(({ projects }) => projects)) {
    const team = await createTeam(gitlab, path);
    gitlab.addMember(team.project, bot, "developer");
    gitlab.addMember(team.project, author, "maintainer");
    teams.push(team);
  }
  const [first = assert.fail("no flows")] = teams;
  const token = gitlab.createPersonalToken(bot);
  const setup = stack.use(await setUpEmbedded({ ...first, token }, model, { flows, ...more }));
  const reviewflow = stack.use(await startEmbedded(setup));
  const { store } = reviewflow;
  const url = `${reviewflow.url}/webhooks/gitlab`;
  for (const team of teams) await addHook(team, { url, token: SECRET, note_events: true });

  /** Every run of a merge request, oldest first, when nothing is under way any more. */
  const runs = ({ project, iid }: MergeRequest): Promise<readonly Run[]> =>
    eventually(`the runs of ${project.path}!${iid} to end`, async () => {
      await gitlab.settleHooks();
      const all = await store.listRuns({ limit: 200 });
      const own = all.filter((run) => run.projectId === project.id && run.iid === iid);
      return own.every(({ finishedAtMs }) => finishedAtMs !== null) ? own.toReversed() : undefined;
    });

  return {
    gitlab,
    bot,
    author,
    runs,
    /** A page of the server. */
    page: async (path: string): Promise<string> => (await fetch(`${reviewflow.url}${path}`)).text(),
    project: (name: string): Project =>
      teams.find(({ project }) => project.path === `bootcamp/${name}`)?.project ??
      assert.fail(`no project ${name}`),
    /** Pushes a branch and opens a merge request from it; the branch stays as it is where it exists. */
    open: async (project: Project, branch: string, opening: Opening = {}): Promise<MergeRequest> => {
      const { author: opener = author, title = `Add ${branch}`, files = ["src/a.js"], ...rest } = opening;
      await gitlab.push(project, {
        branch,
        user: opener,
        actions: files.map((path) => ({
          action: "write",
          path,
          content: `export const name = "${branch}";\n`,
        })),
      });
      return gitlab.openMergeRequest(project, { author: opener, sourceBranch: branch, title, ...rest });
    },
    push: ({ project, sourceBranch }: MergeRequest, word: string, user: User = author): Promise<string> =>
      gitlab.push(project, {
        branch: sourceBranch,
        user,
        actions: [{ action: "write", path: "src/pushed.js", content: `export const word = "${word}";\n` }],
      }),
    /** What was decided about the newest delivery for a merge request: the code of a reason, or what started a run. */
    reason: async ({ project, iid }: MergeRequest): Promise<string> => {
      await gitlab.settleHooks();
      const all = await store.listDeliveries({ limit: 200 });
      const newest = all.find((delivery) => delivery.projectId === project.id && delivery.iid === iid);
      if (newest === undefined) return assert.fail("no delivery");
      const { reason } = newest;
      return reason.code === "triggered" ? reason.params.trigger : reason.code;
    },
    /** The texts of what the bot wrote. */
    notes: async (mergeRequest: MergeRequest): Promise<readonly string[]> => {
      const { notes } = await gitlab.viewMergeRequest(mergeRequest);
      return notes.filter(({ author: by, system }) => by.id === bot.id && !system).map(({ body }) => body);
    },
    /** What the model was asked about a merge request, by its title. */
    prompts: ({ title }: MergeRequest): readonly string[] =>
      model
        .calls()
        .map(({ body }) => JSON.stringify(body))
        .filter((prompt) => prompt.includes(title)),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
};

/** What `startTriggerWorld` gives. */
export type TriggerWorld = Awaited<ReturnType<typeof startTriggerWorld>>;
