import { z } from "zod";
import { GitLabError } from "../base/errors.ts";
import type { FolderEntry, MergeRequestRef } from "../review/forge.ts";
import type { GitLabClient } from "./client.ts";

const Entry = z.object({
  id: z.string(),
  path: z.string(),
  type: z.enum(["blob", "tree", "commit"]),
  mode: z.string(),
});

/**
 * Lists a folder at a commit or a full ref, all pages of it; the empty path is the root. What GitLab does
 * not find is empty: the folder, the commit, or a project that the token may not see.
 *
 * @see https://docs.gitlab.com/api/repositories/#list-repository-tree
 */
export const listFolder = async (
  client: GitLabClient,
  { projectId }: Pick<MergeRequestRef, "projectId">,
  { path, sha, recursive }: { readonly path: string; readonly sha: string; readonly recursive: boolean },
  signal?: AbortSignal,
): Promise<readonly FolderEntry[]> => {
  try {
    return await client.pages(
      {
        route: "/projects/:id/repository/tree",
        params: { id: projectId },
        query: {
          ref: sha,
          ...(path === "" ? {} : { path }),
          ...(recursive ? { recursive: true } : {}),
          per_page: 100,
        },
        signal,
      },
      Entry,
    );
  } catch (error) {
    if (error instanceof GitLabError && error.code === "gitlab-not-found") return [];
    throw error;
  }
};
