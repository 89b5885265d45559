import { message } from "../messages/message.ts";
import { systemClock } from "../base/clock.ts";
import { GitLabError } from "../base/errors.ts";
import type { ProjectPath, ProjectPaths } from "../review/project-paths.ts";
import { type GitLabClientOptions, createGitLabClient } from "./client.ts";
import { createExpiringMap } from "./expiring-map.ts";
import { fail } from "./failure.ts";
import { Project } from "./rest-schema.ts";

/** How long a path holds: after a renaming it is known again after that time, in milliseconds. */
const KNOWN_FOR_MS = 60_000;
/** How long GitLab is not asked again about a project that it could not name, in milliseconds. */
const UNKNOWN_FOR_MS = 10_000;
/** The longest that GitLab is waited for, in milliseconds: it gives up on a webhook after 10 s. */
const TIMEOUT_MS = 4_000;
const MOST_REMEMBERED = 1_000;
const MOST_AT_ONCE = 16;

/**
 * Creates the reading of projects' paths by their ids, with a token of the server. Answers are remembered
 * briefly, and questions about one project that come at once are asked once. Throws ConfigError for an
 * unusable address or token.
 *
 * @see https://docs.gitlab.com/api/projects/#get-a-single-project
 */
export const createProjectPaths = (options: GitLabClientOptions): ProjectPaths => {
  const { clock = systemClock, timeoutMs = TIMEOUT_MS } = options;
  const client = createGitLabClient({
    ...options,
    timeoutMs: Math.min(timeoutMs, TIMEOUT_MS),
    maxAttempts: 1,
  });
  const remembered = createExpiringMap<number, ProjectPath>(MOST_REMEMBERED, () => clock.now());
  const underWay = new Map<number, Promise<ProjectPath>>();

  const ask = async (projectId: number): Promise<ProjectPath> => {
    try {
      const project = await client.json({ route: "/projects/:id", params: { id: projectId } }, Project);
      return { kind: "known", path: project.path_with_namespace };
    } catch (error) {
      if (error instanceof GitLabError) return { kind: "unknown", error };
      throw error;
    }
  };

  const askOnce = async (projectId: number): Promise<ProjectPath> => {
    const answer = await ask(projectId);
    remembered.set(projectId, answer, answer.kind === "known" ? KNOWN_FOR_MS : UNKNOWN_FOR_MS);
    return answer;
  };

  return {
    of: async (projectId) => {
      const answered = remembered.get(projectId) ?? underWay.get(projectId);
      if (answered !== undefined) return answered;
      if (underWay.size >= MOST_AT_ONCE) return { kind: "unknown", error: TOO_MANY };
      const asking = askOnce(projectId).finally(() => underWay.delete(projectId));
      underWay.set(projectId, asking);
      return asking;
    },
  };
};

const TOO_MANY = fail("gitlab-unavailable", message("gitlab.paths-busy"), {
  retryable: true,
});
