import { z } from "zod";
import { GitLabError } from "../base/errors.ts";
import type { GitLabClient } from "./client.ts";

const Branch = z.object({ protected: z.boolean(), default: z.boolean() });

/**
 * Whether a branch is the default one or a protected one, so that not everybody who may push made it what it is.
 *
 * @see https://docs.gitlab.com/api/branches/#get-single-repository-branch
 */
export const isProtectedBranch = async (
  client: GitLabClient,
  { projectId, branch }: { readonly projectId: number; readonly branch: string },
  signal?: AbortSignal,
): Promise<boolean> => {
  try {
    const route = "/projects/:id/repository/branches/:branch";
    const found = await client.json({ route, params: { id: projectId, branch }, signal }, Branch);
    return found.protected || found.default;
  } catch (error) {
    if (error instanceof GitLabError && error.code === "gitlab-not-found") return false;
    throw error;
  }
};
