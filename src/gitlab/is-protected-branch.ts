import { z } from "zod";
import { GitLabError } from "../base/errors.ts";
import type { GitLabClient } from "./client.ts";

const Branch = z.object({ name: z.string(), protected: z.boolean(), default: z.boolean() });

/** What GitLab, or a proxy before it, says of a name that it does not take: it is no branch that anybody protects. */
const NO_SUCH_NAME: ReadonlySet<string> = new Set(["gitlab-not-found", "gitlab-invalid-request"]);

/**
 * Whether a branch is the default one or a protected one, so that not everybody who may push made it what it is. A name
 * that is refused (as one that is too long for an address) is none: its author chose it, and the rules with it.
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
    return found.name === branch && (found.protected || found.default);
  } catch (error) {
    if (error instanceof GitLabError && NO_SUCH_NAME.has(error.code)) return false;
    throw error;
  }
};
