import assert from "node:assert/strict";
import type { Server } from "node:http";
import { z } from "zod";
import type { GitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import type { MergeRequest, Project, User } from "../../standins/gitlab/state.ts";

/** A project with a bot, a hook and an author, as a team would set it up. */
export type Team = {
  readonly gitlab: GitLabStandIn;
  readonly project: Project;
  readonly author: User;
  readonly owner: User;
  /** The project access token of the bot. */
  readonly token: string;
  readonly bot: User;
  readonly ownerToken: string;
  readonly openMergeRequest: (name: string) => Promise<MergeRequest>;
  readonly push: (mergeRequest: MergeRequest, content: string) => Promise<string>;
  /** Texts of the notes that our bot wrote, oldest first. */
  readonly botNotes: (mergeRequest: MergeRequest) => Promise<readonly string[]>;
  /** Texts of the notes of any bot. */
  readonly allBotNotes: (mergeRequest: MergeRequest) => Promise<readonly string[]>;
};

/** Creates a project at `path`. */
export const createTeam = async (gitlab: GitLabStandIn, path = "bootcamp/shop"): Promise<Team> => {
  const [, name = path] = path.split("/");
  const owner = gitlab.createUser({ username: `${name}-mentor` });
  const author = gitlab.createUser({ username: `${name}-trainee` });
  const project = await gitlab.createProject({ path, owner, files: { "README.md": "# Shop\n" } });
  gitlab.addMember(project, author, "developer");
  const { token, user: bot } = gitlab.createProjectToken(project);
  const notesOf = async (mergeRequest: MergeRequest, isWanted: (authorId: number) => boolean) => {
    const { notes } = await gitlab.viewMergeRequest(mergeRequest);
    return notes.filter((note) => isWanted(note.author.id) && !note.system).map((note) => note.body);
  };
  return {
    gitlab,
    project,
    author,
    owner,
    token,
    bot,
    ownerToken: gitlab.createPersonalToken(owner),
    openMergeRequest: async (topic) => {
      await gitlab.push(project, {
        branch: topic,
        user: author,
        actions: [{ action: "write", path: `src/${topic}.js`, content: `export const ${topic} = 1;\n` }],
      });
      return gitlab.openMergeRequest(project, { author, sourceBranch: topic, title: `Add ${topic}` });
    },
    push: (mergeRequest, content) =>
      gitlab.push(project, {
        branch: mergeRequest.sourceBranch,
        user: author,
        actions: [{ action: "write", path: "src/more.js", content }],
      }),
    botNotes: (mergeRequest) => notesOf(mergeRequest, (id) => id === bot.id),
    allBotNotes: (mergeRequest) => notesOf(mergeRequest, (id) => id !== author.id && id !== owner.id),
  };
};

/** Adds a project hook for merge request events, through GitLab's API as its owner. */
export const addHook = async (team: Team, fields: Readonly<Record<string, unknown>>): Promise<number> => {
  const response = await fetch(`${team.gitlab.url}/api/v4/projects/${team.project.id}/hooks`, {
    method: "POST",
    headers: { "private-token": team.ownerToken, "content-type": "application/json" },
    body: JSON.stringify({ merge_requests_events: true, push_events: false, ...fields }),
  });
  assert.equal(response.status, 201, await response.clone().text());
  return z.object({ id: z.number() }).parse(await response.json()).id;
};

/**
 * Waits until `look` gives something else than undefined; fails when it takes over `timeoutMs`. The default leaves
 * minutes to a busy machine, and is below the limit of a test's file (`scripts/test.mjs`), so that what was waited for
 * is said.
 */
export const eventually = async <T>(
  what: string,
  look: () => Promise<T | undefined>,
  timeoutMs = 400_000,
): Promise<T> => {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) assert.fail(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

/** Ends a plain HTTP server with its connections. */
export const closeServer = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
