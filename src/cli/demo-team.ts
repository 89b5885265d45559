import { z } from "zod";
import { type GitLabStandIn, startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import type { Project } from "../../standins/gitlab/state.ts";
import { type DemoChange, type DemoMergeRequest, observe } from "./demo-merge-request.ts";

/** A GitLab stand-in with two projects, set up as a team would: a bot with a token, webhooks, a trainee. */
export type DemoTeam = AsyncDisposable & {
  readonly gitlab: GitLabStandIn;
  /** The bot's access token. */
  readonly token: string;
  /** Adds the webhook to every project. */
  readonly addHooks: (url: string, secret: string) => Promise<void>;
  /** The trainee pushes a branch with one changed file and opens a merge request for it. */
  readonly openMergeRequest: (change: DemoChange) => Promise<DemoMergeRequest>;
};

/** Where the tutorial's flow reviews. */
export const TUTORIAL = "bootcamp/tutorial";

/** Where the review by findings is shown. */
export const SHOP = "bootcamp/shop";

const START: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  [TUTORIAL]: { "src/hello.js": 'export const hello = () => "hello";\n' },
  [SHOP]: {
    "src/cart.js":
      "export const total = (items) => {\n  let sum = 0;\n  for (const item of items) sum += item.price;\n  return sum;\n};\n",
  },
};

/** Starts the stand-in and sets the team up. */
export const startDemoTeam = async (): Promise<DemoTeam> => {
  const gitlab = await startGitLabStandIn();
  const owner = gitlab.createUser({ username: "mentor" });
  const author = gitlab.createUser({ username: "trainee" });
  const bot = gitlab.createUser({ username: "reviewflow" });
  const token = gitlab.createPersonalToken(bot);
  const headers = { "private-token": gitlab.createPersonalToken(owner), "content-type": "application/json" };
  const projects = new Map<string, Project>();
  const hookIds = new Map<string, number>();
  for (const [path, files] of Object.entries(START)) {
    const project = await gitlab.createProject({ path, owner, files });
    gitlab.addMember(project, author, "developer");
    gitlab.addMember(project, bot, "developer");
    projects.set(path, project);
  }
  const hooksOf = (project: Project): string => `${gitlab.url}/api/v4/projects/${project.id}/hooks`;

  return {
    gitlab,
    token,
    addHooks: async (url, secret) => {
      for (const project of projects.values()) {
        const body = JSON.stringify({ url, token: secret, merge_requests_events: true, push_events: false });
        const answer: unknown = await (
          await fetch(hooksOf(project), { method: "POST", headers, body })
        ).json();
        hookIds.set(project.path, z.object({ id: z.number() }).parse(answer).id);
      }
    },
    openMergeRequest: async (change) => {
      const project = projects.get(change.project);
      if (project === undefined) throw new Error(`the demo has no project ${change.project}`);
      const { branch, path, content, title } = change;
      await gitlab.push(project, { branch, user: author, actions: [{ action: "write", path, content }] });
      const mergeRequest = await gitlab.openMergeRequest(project, { author, sourceBranch: branch, title });
      const hook = { id: hookIds.get(project.path) ?? 0, url: hooksOf(project), headers };
      return observe({ gitlab, project, mergeRequest, author, bot, hook }, change);
    },
    [Symbol.asyncDispose]: gitlab.close,
  };
};
