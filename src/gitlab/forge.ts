import { type Clock, systemClock } from "../base/clock.ts";
import { GitLabError } from "../base/errors.ts";
import { type Logger, silentLogger } from "../base/logger.ts";
import type { Forge } from "../review/forge.ts";
import type { GitLabClient } from "./client.ts";
import { fetchDiff } from "./fetch-diff.ts";
import { fetchMergeRequest } from "./fetch-merge-request.ts";
import { Project, User } from "./rest-schema.ts";
import { upsertNote } from "./upsert-note.ts";

/** How the forge behaves; everything has a default. */
export type ForgeOptions = {
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** How long to wait for GitLab to prepare a diff, in milliseconds; 30,000 when left out. */
  readonly diffRefsWaitMs?: number;
  /** The longest version of a file that is fetched to rebuild its diff, in bytes; 2 MiB when left out. */
  readonly maxBlobBytes?: number;
  /** The most files that are rebuilt from their versions; 200 when left out. */
  readonly maxBlobFiles?: number;
};

/** The most projects whose address is remembered. */
const MAX_PROJECTS = 1_000;

/** Creates the Forge over a GitLab client. Failures are thrown as GitLabError. */
export const createForge = (client: GitLabClient, options: ForgeOptions = {}): Forge => {
  const { clock = systemClock, logger = silentLogger } = options;
  const { diffRefsWaitMs = 30_000, maxBlobBytes = 2 * 1024 * 1024, maxBlobFiles = 200 } = options;
  const findProjectUrl = createProjectUrls(client, logger);
  let user: User | undefined;
  const currentUser = async (signal?: AbortSignal): Promise<User> => {
    user ??= await client.json({ route: "/user", signal }, User);
    return user;
  };
  return {
    currentUser,
    fetchMergeRequest: (ref, signal) => fetchMergeRequest(client, ref, { clock, diffRefsWaitMs }, signal),
    fetchDiff: (mergeRequest, signal) =>
      fetchDiff(client, mergeRequest, { logger, maxBlobBytes, maxBlobFiles }, signal),
    upsertNote: async (ref, draft, signal) => {
      const { id: userId } = await currentUser(signal);
      const note = await upsertNote(client, ref, draft, { clock, logger, userId }, signal);
      const projectUrl = await findProjectUrl(ref.projectId, signal);
      const url =
        projectUrl === null ? null : `${projectUrl}/-/merge_requests/${ref.iid}#note_${note.noteId}`;
      return { ...note, url };
    },
  };
};

/**
 * Finds a project's address for people. It only decorates a note that is already posted, so that a
 * failure is logged and yields null.
 */
const createProjectUrls = (
  client: GitLabClient,
  logger: Logger,
): ((projectId: number, signal?: AbortSignal) => Promise<string | null>) => {
  const urls = new Map<number, string>();
  return async (projectId, signal) => {
    const known = urls.get(projectId);
    if (known !== undefined) return known;
    try {
      const project = await client.json(
        { route: "/projects/:id", params: { id: projectId }, signal },
        Project,
      );
      if (urls.size >= MAX_PROJECTS) urls.clear();
      urls.set(projectId, project.web_url);
      return project.web_url;
    } catch (error) {
      if (!(error instanceof GitLabError)) throw error;
      logger.info({ projectId, code: error.code }, "Project's address cannot be had");
      return null;
    }
  };
};
