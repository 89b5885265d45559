import type { Run } from "../../src/store/store.ts";
import type { Reviewflow } from "../../src/main.ts";
import { startGitLabStandIn, type GitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import type { MergeRequest } from "../../standins/gitlab/state.ts";
import { type ModelStandIn, startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { SECRET } from "../e2e/start.ts";
import { type EmbeddedSetup, setUpEmbedded, startEmbedded } from "../e2e/start-embedded.ts";
import { addHook, createTeam, eventually, type Team } from "../e2e/team.ts";

/** A key that the model takes, and one that it does not. */
export const KEYS = { right: "sk-right-key-of-the-tests", wrong: "sk-wrong-key-of-the-tests" } as const;

/** A team, a model with a key, and how the server is started between outages; a day is some seconds long. */
export type OutageWorld = AsyncDisposable & {
  readonly gitlab: GitLabStandIn;
  readonly model: ModelStandIn;
  readonly team: Team;
  readonly start: (key: keyof typeof KEYS, more?: Readonly<Record<string, unknown>>) => Promise<Reviewflow>;
  /** Reviews that were published, by the notes of the bot that are no threads. */
  readonly summaries: (mergeRequest: MergeRequest) => Promise<number>;
};

/** Opens the world. Calls of the model are counted by its stand-in. */
export const openOutageWorld = async (): Promise<OutageWorld> => {
  const stack = new AsyncDisposableStack();
  const gitlab = stack.use(await startGitLabStandIn());
  const model = stack.use(await startModelStandIn({ apiKeys: [KEYS.right] }));
  const team = await createTeam(gitlab);
  let hookId: number | null = null;
  const folders: EmbeddedSetup[] = [];
  const start: OutageWorld["start"] = async (key, more = {}) => {
    const settings = {
      models: { main: { model: "stand-in", base_url: model.url, api_key: KEYS[key], concurrency: 4 } },
      flows: [{ name: "team", file: "builtin:review", language: "English" }],
      worker: { backoff: "50ms", max_backoff: "400ms", concurrency: 4, per_project: 4 },
      ...more,
    };
    const setup = stack.use(await setUpEmbedded(team, model, settings));
    // Every start has the same store.
    folders.push(setup);
    const [first = setup] = folders;
    const environment = {
      ...setup.environment,
      REVIEWFLOW_DATA_DIR: first.environment["REVIEWFLOW_DATA_DIR"] ?? "",
    };
    const running = await startEmbedded({ ...setup, environment });
    const url = `${running.url}/webhooks/gitlab`;
    if (hookId === null) hookId = await addHook(team, { url, token: SECRET });
    else await moveHook(team, hookId, url);
    return running;
  };
  const summaries = async (mergeRequest: MergeRequest): Promise<number> =>
    (await team.botNotes(mergeRequest)).filter((text) => text.includes("reviewflow:summary")).length;
  return { gitlab, model, team, start, summaries, [Symbol.asyncDispose]: () => stack.disposeAsync() };
};

const moveHook = async (team: Team, hookId: number, url: string): Promise<void> => {
  const response = await fetch(`${team.gitlab.url}/api/v4/projects/${team.project.id}/hooks/${hookId}`, {
    method: "PUT",
    headers: { "private-token": team.ownerToken, "content-type": "application/json" },
    body: JSON.stringify({ url, merge_requests_events: true, push_events: false, token: SECRET }),
  });
  if (!response.ok) throw new Error(`the hook was not moved: ${response.status}`);
};

/** Waits until a run waits for something outside. */
export const untilWaiting = (store: Reviewflow["store"]): Promise<Run> =>
  eventually("a run that waits", async () =>
    (await store.listRuns({ limit: 50, state: "queued" })).find(({ waitingFor }) => waitingFor !== null),
  );
