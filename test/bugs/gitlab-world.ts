import type { StartOptions } from "../../src/main.ts";
import type { Run, Store } from "../../src/store/store.ts";
import { type GitLabStandIn, startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import type { FileAction } from "../../standins/gitlab/repository.ts";
import type { MergeRequest } from "../../standins/gitlab/state.ts";
import type { StandInOptions } from "../../standins/gitlab/world.ts";
import { type ModelStandIn, startModelStandIn } from "../../standins/model/model-stand-in.ts";
import type { ModelStandInOptions } from "../../standins/model/endpoints.ts";
import { SECRET } from "../e2e/start.ts";
import { setUpEmbedded, startEmbedded } from "../e2e/start-embedded.ts";
import { addHook, createTeam, eventually, type Team } from "../e2e/team.ts";

/** What of a world is not as usual. */
export type GitLabWorldOptions = {
  readonly gitlab?: StandInOptions;
  readonly model?: ModelStandInOptions;
  /** Added to the configuration file; by default the review flow that comes with the product. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly start?: Partial<StartOptions>;
};

/** A GitLab with one project, a model, and the product between them, over the whole way from webhook to note. */
export type GitLabWorld = AsyncDisposable & {
  readonly gitlab: GitLabStandIn;
  readonly model: ModelStandIn;
  readonly team: Team;
  readonly store: Store;
  /** Commits to a new branch and opens a merge request from it. */
  readonly open: (
    actions: readonly FileAction[],
    more?: { readonly title?: string; readonly branch?: string },
  ) => Promise<MergeRequest>;
  readonly push: (mergeRequest: MergeRequest, actions: readonly FileAction[]) => Promise<string>;
  /** Every run of a merge request, oldest first, when `least` of them were made and all have ended. */
  readonly runs: (mergeRequest: MergeRequest, least?: number) => Promise<readonly Run[]>;
  /** Texts of the bot's summaries and threads. */
  readonly said: (mergeRequest: MergeRequest) => Promise<{
    readonly summaries: readonly string[];
    readonly threads: readonly {
      readonly body: string;
      /** `path:+12` for an added line, `path:-12` for a removed one, `path:11/12` for an unchanged one, or the path. */
      readonly place: string;
      readonly resolved: boolean;
    }[];
  }>;
};

/** Starts one; `files` is its main branch. */
export const startGitLabWorld = async (
  files: Readonly<Record<string, string | Buffer>> = {},
  { gitlab: options = {}, model: modelOptions = {}, config = {}, start }: GitLabWorldOptions = {},
): Promise<GitLabWorld> => {
  await using stack = new AsyncDisposableStack();
  const gitlab = stack.use(await startGitLabStandIn(options));
  const model = stack.use(await startModelStandIn(modelOptions));
  const team = await createTeam(gitlab);
  const { project, author, owner, bot } = team;
  const write = Object.entries(files).map(([path, content]) => ({ action: "write", path, content }) as const);
  if (write.length > 0) await gitlab.push(project, { branch: "main", user: owner, actions: write });
  const setup = stack.use(
    await setUpEmbedded(team, model, {
      flows: [{ name: "review", file: "builtin:review", language: "English" }],
      ...config,
    }),
  );
  const reviewflow = stack.use(await startEmbedded(setup, start));
  await addHook(team, { url: `${reviewflow.url}/webhooks/gitlab`, token: SECRET, note_events: true });
  let branches = 0;
  const owned = stack.move();
  return {
    gitlab,
    model,
    team,
    store: reviewflow.store,
    open: async (actions, { title = "A change", branch = `topic-${(branches += 1)}` } = {}) => {
      await gitlab.push(project, { branch, user: author, actions });
      return gitlab.openMergeRequest(project, { author, sourceBranch: branch, title });
    },
    push: ({ sourceBranch }, actions) =>
      gitlab.push(project, { branch: sourceBranch, user: author, actions }),
    runs: ({ iid }, least = 1) =>
      eventually(`${least} ended runs of !${iid}`, async () => {
        await gitlab.settleHooks();
        const all = await reviewflow.store.listRuns({ limit: 100 });
        const own = all.filter((run) => run.iid === iid);
        return own.length >= least && own.every(({ finishedAtMs }) => finishedAtMs !== null)
          ? own.toReversed()
          : undefined;
      }),
    said: async (mergeRequest) => {
      const { discussions } = await gitlab.viewMergeRequest(mergeRequest);
      const ours = discussions.filter(({ notes: [first] }) => first?.author.id === bot.id);
      const bodies = (isSummary: boolean) =>
        ours.filter(({ individual_note }) => individual_note === isSummary);
      return {
        summaries: bodies(true).flatMap(({ notes }) => notes.map(({ body }) => body)),
        threads: bodies(false).flatMap(({ notes: [first] }) =>
          first === undefined
            ? []
            : [{ body: first.body, place: placeOf(first.position), resolved: first.resolved === true }],
        ),
      };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};

type Place = {
  readonly old_path: string;
  readonly new_path: string;
  readonly old_line: number | null;
  readonly new_line: number | null;
};

const placeOf = (position: Place | null | undefined): string => {
  if (position === null || position === undefined) return "";
  const { old_line: old, new_line: next, new_path: path } = position;
  if (old === null) return next === null ? path : `${path}:+${next}`;
  return next === null ? `${path}:-${old}` : `${path}:${old}/${next}`;
};
