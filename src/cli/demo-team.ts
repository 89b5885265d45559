import { z } from "zod";
import { type GitLabStandIn, startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";

/** A GitLab stand-in with one project, set up as a team would: a bot's token, a webhook, a branch with work. */
export type DemoTeam = AsyncDisposable & {
  readonly gitlab: GitLabStandIn;
  readonly projectPath: string;
  /** The bot's project access token. */
  readonly token: string;
  readonly addHook: (url: string, secret: string) => Promise<void>;
  readonly openMergeRequest: () => Promise<DemoMergeRequest>;
};

/** What the story tells of the merge request. */
export type DemoMergeRequest = {
  readonly title: string;
  readonly iid: number;
  readonly webUrl: string;
  /** How each delivery to the hook was answered: its status and how long it took, in milliseconds. */
  readonly deliveries: () => readonly { readonly status: string; readonly elapsedMs: number }[];
  readonly resend: () => Promise<void>;
  /** Notes that the bot wrote, oldest first. */
  readonly notes: () => Promise<readonly string[]>;
};

const BEFORE = `export const total = (items) => {
  let sum = 0;
  for (const item of items) sum += item.price;
  return sum;
};
`;

const AFTER = `export const total = (items) => {
  var sum = 0;
  for (var i = 0; i <= items.length; i++) {
    sum = sum + items[i].price * items[i].count;
  }
  return sum;
};

export const discount = (sum, percent) => sum - sum * percent / 100;
`;

/** Starts the stand-in and sets the team up. */
export const startDemoTeam = async (): Promise<DemoTeam> => {
  const gitlab = await startGitLabStandIn();
  const owner = gitlab.createUser({ username: "mentor" });
  const author = gitlab.createUser({ username: "trainee" });
  const project = await gitlab.createProject({
    path: "bootcamp/shop",
    owner,
    files: { "src/cart.js": BEFORE },
  });
  gitlab.addMember(project, author, "developer");
  const { token, user: bot } = gitlab.createProjectToken(project);
  const headers = { "private-token": gitlab.createPersonalToken(owner), "content-type": "application/json" };
  const hooks = `${gitlab.url}/api/v4/projects/${project.id}/hooks`;
  let hookId = 0;
  return {
    gitlab,
    projectPath: project.path,
    token,
    addHook: async (url, secret) => {
      const body = JSON.stringify({ url, token: secret, merge_requests_events: true, push_events: false });
      const answer: unknown = await (await fetch(hooks, { method: "POST", headers, body })).json();
      hookId = z.object({ id: z.number() }).parse(answer).id;
    },
    openMergeRequest: async () => {
      await gitlab.push(project, {
        branch: "item-count",
        user: author,
        actions: [{ action: "write", path: "src/cart.js", content: AFTER }],
      });
      const title = "Count items and give discounts";
      const mergeRequest = await gitlab.openMergeRequest(project, {
        author,
        sourceBranch: "item-count",
        title,
      });
      const hook = project.hooks.find(({ id }) => id === hookId);
      return {
        title,
        iid: mergeRequest.iid,
        webUrl: `${gitlab.url}/${project.path}/-/merge_requests/${mergeRequest.iid}`,
        deliveries: () =>
          (hook?.deliveries ?? []).map(({ responseStatus, duration }) => ({
            status: responseStatus,
            elapsedMs: Math.round(duration * 1_000),
          })),
        resend: async () => {
          const [delivery] = hook?.deliveries ?? [];
          await fetch(`${hooks}/${hookId}/events/${delivery?.id ?? 0}/resend`, { method: "POST", headers });
          await gitlab.settleHooks();
        },
        notes: async () => {
          const { notes } = await gitlab.viewMergeRequest(mergeRequest);
          return notes.filter((note) => note.author?.id === bot.id && !note.system).map((note) => note.body);
        },
      };
    },
    [Symbol.asyncDispose]: gitlab.close,
  };
};
