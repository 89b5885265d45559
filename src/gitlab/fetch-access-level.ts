import { z } from "zod";
import { GitLabError } from "../base/errors.ts";
import type { GitLabClient } from "./client.ts";

const Member = z.object({ access_level: z.int() });

/**
 * The access level of a user in a project, with what groups and invitations give; null for a user who is
 * no member.
 *
 * @see https://docs.gitlab.com/api/project_members/
 */
export const fetchAccessLevel = async (
  client: GitLabClient,
  { projectId, userId }: { readonly projectId: number; readonly userId: number },
  signal?: AbortSignal,
): Promise<number | null> => {
  try {
    const route = "/projects/:id/members/all/:user";
    const member = await client.json({ route, params: { id: projectId, user: userId }, signal }, Member);
    return member.access_level;
  } catch (error) {
    if (error instanceof GitLabError && error.code === "gitlab-not-found") return null;
    throw error;
  }
};
