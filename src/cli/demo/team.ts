import { z } from "zod";
import { type GitLabStandIn, startGitLabStandIn } from "../../../standins/gitlab/gitlab-stand-in.ts";
import type { MergeRequest, Project, User } from "../../../standins/gitlab/state.ts";
import { START } from "./changes.ts";
import { type DemoChange, type DemoMergeRequest, observe } from "./observed-merge-request.ts";

/** A GitLab stand-in with two projects, set up as a team would: a bot with a token, webhooks, a trainee. */
export type DemoTeam = AsyncDisposable & {
  readonly gitlab: GitLabStandIn;
  /** The bot's access token. */
  readonly token: string;
  readonly bot: User;
  /** The trainee. */
  readonly author: User;
  /** Adds the webhook to every project; `conversation` with the events of notes and thumbs. */
  readonly addHooks: (
    url: string,
    secret: string,
    events: "merge-requests" | "conversation",
  ) => Promise<void>;
  /** The trainee pushes a branch with one changed file and opens a merge request for it. */
  readonly openMergeRequest: (change: DemoChange) => Promise<MergeRequest>;
  /** Lets a story act on a merge request and look at it. */
  readonly observe: (mergeRequest: MergeRequest, change: DemoChange) => DemoMergeRequest;
  /** The trainee sets an emoji on a note; once more changes nothing. */
  readonly react: (mergeRequest: MergeRequest, noteId: number, name: string) => Promise<void>;
};

/** Starts the stand-in, on a free port for 0, and sets the team up. */
export const startDemoTeam = async (port = 0): Promise<DemoTeam> => {
  const gitlab = await startGitLabStandIn({ port });
  const owner = gitlab.createUser({ username: "mentor" });
  const author = gitlab.createUser({ username: "trainee" });
  const bot = gitlab.createUser({ username: "reviewflow" });
  const calls = createCalls(gitlab, gitlab.createPersonalToken(owner), gitlab.createPersonalToken(author));
  const projects = new Map<string, Project>();
  for (const [path, files] of Object.entries(START)) {
    const project = await gitlab.createProject({ path, owner, files });
    gitlab.addMember(project, author, "developer");
    gitlab.addMember(project, bot, "developer");
    projects.set(path, project);
  }
  return {
    gitlab,
    token: gitlab.createPersonalToken(bot),
    bot,
    author,
    addHooks: async (url, secret, events) => {
      for (const project of projects.values()) await calls.addHook(project, url, secret, events);
    },
    openMergeRequest: async (change) => {
      const project = projects.get(change.project);
      if (project === undefined) throw new Error(`the demo has no project ${change.project}`);
      const { branch, path, content, title } = change;
      const actions = [{ action: "write", path, content }] as const;
      await gitlab.push(project, { branch, user: author, message: title, actions });
      return gitlab.openMergeRequest(project, { author, sourceBranch: branch, title });
    },
    observe: (mergeRequest, change) => {
      const { project } = mergeRequest;
      return observe({ gitlab, project, mergeRequest, author, bot, hook: calls.hookOf(project) }, change);
    },
    react: calls.react,
    [Symbol.asyncDispose]: gitlab.close,
  };
};

/** What people do at the API, each with a token of their own. */
const createCalls = (gitlab: GitLabStandIn, ownerToken: string, authorToken: string) => {
  const headersFor = (token: string) => ({ "private-token": token, "content-type": "application/json" });
  const headers = headersFor(ownerToken);
  const hookIds = new Map<string, number>();
  const addressOf = ({ id }: Project): string => `${gitlab.url}/api/v4/projects/${id}`;
  const addHook = async (
    project: Project,
    url: string,
    secret: string,
    events: Parameters<DemoTeam["addHooks"]>[2],
  ): Promise<void> => {
    const talk = events === "conversation";
    const flags = { merge_requests_events: true, push_events: false, note_events: talk, emoji_events: talk };
    const body = JSON.stringify({ url, token: secret, ...flags });
    const answer = await fetch(`${addressOf(project)}/hooks`, { method: "POST", headers, body });
    hookIds.set(project.path, z.object({ id: z.number() }).parse(await answer.json()).id);
  };
  const react: DemoTeam["react"] = async ({ project, iid }, noteId, name) => {
    await fetch(`${addressOf(project)}/merge_requests/${iid}/notes/${noteId}/award_emoji`, {
      method: "POST",
      headers: headersFor(authorToken),
      body: JSON.stringify({ name }),
    });
  };
  return {
    addHook,
    react,
    hookOf: (project: Project) => ({
      id: hookIds.get(project.path) ?? 0,
      url: `${addressOf(project)}/hooks`,
      headers,
    }),
  };
};
