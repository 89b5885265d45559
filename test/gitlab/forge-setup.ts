import type { ServerResponse } from "node:http";
import { Secret } from "../../src/base/secret.ts";
import { createGitLabClient } from "../../src/gitlab/client.ts";
import { type ForgeOptions, createForge } from "../../src/gitlab/forge.ts";
import { type Seen, answer, createFastClock, startTinyGitLab } from "./tiny-gitlab.ts";

/** The merge request that the tests are about. */
export const REF = { projectId: 7, iid: 3 };

const SHAS = { base_sha: "b".repeat(40), start_sha: "c".repeat(40), head_sha: "d".repeat(40) };

/** A merge request as GitLab answers it. */
export const mergeRequestAnswer = (given: object = {}) => ({
  id: 100,
  iid: 3,
  project_id: 7,
  title: "Title",
  description: null,
  state: "opened",
  draft: false,
  web_url: "https://gitlab.example.com/group/project/-/merge_requests/3",
  author: { id: 11, username: "ada" },
  source_branch: "feature",
  target_branch: "main",
  sha: SHAS.head_sha,
  diff_refs: SHAS,
  labels: ["bug"],
  references: { short: "!3", relative: "!3", full: "group/project!3" },
  ...given,
});

/** A diff version as GitLab answers it. */
export const versionAnswer = (given: object = {}) => ({
  id: 1,
  base_commit_sha: SHAS.base_sha,
  start_commit_sha: SHAS.start_sha,
  head_commit_sha: SHAS.head_sha,
  real_size: "1",
  state: "collected",
  ...given,
});

/** An entry of the diffs as GitLab answers it. */
export const entryAnswer = (given: object = {}) => ({
  old_path: "a.txt",
  new_path: "a.txt",
  a_mode: "100644",
  b_mode: "100644",
  diff: "@@ -1 +1 @@\n-a\n+b\n",
  new_file: false,
  renamed_file: false,
  deleted_file: false,
  ...given,
});

/** Answers by method and path below `/api/v4/projects/7/merge_requests/3`, or from the root. */
export type Routes = Readonly<
  Record<string, (request: Seen, response: ServerResponse, number: number) => void>
>;

const BELOW = "/api/v4/projects/7/merge_requests/3";

const DEFAULTS: Routes = {
  "GET /api/v4/user": (_, response) => answer(response, 200, { id: 42, username: "project_7_bot_x" }),
  "GET /api/v4/projects/7": (_, response) =>
    answer(response, 200, {
      id: 7,
      path_with_namespace: "group/project",
      web_url: "https://gitlab.example.com/group/project",
    }),
  "GET ": (_, response) => answer(response, 200, mergeRequestAnswer()),
  "GET /versions": (_, response) => answer(response, 200, [versionAnswer()]),
};

/** A forge over a tiny server with the given routes; `number` counts the calls of each route. */
export const setUpForge = async (routes: Routes, options: ForgeOptions = {}) => {
  const counts = new Map<string, number>();
  const all: Routes = { ...DEFAULTS, ...routes };
  const server = await startTinyGitLab((request, response) => {
    const path = request.url.replace(/\?.*$/, "");
    const key = `${request.method} ${path.startsWith(BELOW) ? path.slice(BELOW.length) : path}`;
    const number = (counts.get(key) ?? 0) + 1;
    counts.set(key, number);
    const route = all[key];
    if (route === undefined) answer(response, 404, { error: "404 Not Found" });
    else route(request, response, number);
  });
  const { clock, sleeps } = createFastClock();
  const client = createGitLabClient({
    url: server.url,
    token: new Secret("glpat-token"),
    clock,
    random: () => 0,
    timeoutMs: 1_500,
    maxAttempts: 2,
  });
  return {
    forge: createForge(client, { clock, ...options }),
    server,
    sleeps,
    count: (key: string) => counts.get(key) ?? 0,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
};
