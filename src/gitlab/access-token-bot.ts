import { z } from "zod";
import { GitLabError } from "../base/errors.ts";
import type { GitLabClient } from "./client.ts";
import { Project, User } from "./rest-schema.ts";

/** A user as `GET /user` and `GET /users/:id` give it. */
export const TokenUser = User.extend({ bot: z.boolean().nullish() });
export type TokenUser = z.infer<typeof TokenUser>;

/**
 * GitLab's names of the users of access tokens, with the id of the project or group; older versions counted where
 * newer ones draw.
 *
 * @see https://docs.gitlab.com/user/project/settings/project_access_tokens/#bot-users-for-projects
 */
const BOT_NAME = /^(project|group)_(\d+)_bot(?:\d*|_[0-9a-z]+)$/i;

/** Whether a user is named like the bot of an access token. Anybody may choose such a name. */
export const isNamedLikeBot = ({ username }: Pick<TokenUser, "username">): boolean => BOT_NAME.test(username);

/**
 * Whether a user is the bot of an access token of a project, whichever, or of a group above it: GitLab calls it a bot,
 * and its name says whose. Asks for the group where it is one. Throws GitLabErrors.
 */
export const isBotOf = async (
  client: GitLabClient,
  { username, bot }: TokenUser,
  project: { readonly id: number; readonly readPath: () => Promise<string> },
  signal?: AbortSignal,
): Promise<boolean> => {
  const [, kind, number] = BOT_NAME.exec(username) ?? [];
  if (bot !== true || kind === undefined) return false;
  const id = Number(number);
  if (kind.toLowerCase() === "project") return id === project.id;
  const query = { with_projects: false };
  const group = await unlessRefused(
    client.json({ route: "/groups/:id", params: { id }, query, signal }, Group),
  );
  if (group === null) return false;
  return (await project.readPath()).toLowerCase().startsWith(`${group.full_path.toLowerCase()}/`);
};

/** Whether the user with this id is or was such a bot; see `isBotOf`. */
export const wasBotOf = async (
  client: GitLabClient,
  userId: number,
  projectId: number,
  signal?: AbortSignal,
): Promise<boolean> => {
  const route = "/users/:id";
  const user = await unlessRefused(client.json({ route, params: { id: userId }, signal }, TokenUser));
  const readPath = async (): Promise<string> =>
    (await client.json({ route: "/projects/:id", params: { id: projectId }, signal }, Project))
      .path_with_namespace;
  return user !== null && isBotOf(client, user, { id: projectId, readPath }, signal);
};

const Group = z.object({ full_path: z.string() });

const REFUSALS: ReadonlySet<string> = new Set(["gitlab-forbidden", "gitlab-not-found"]);

/** What GitLab gives; null for what it does not show to us. */
const unlessRefused = async <Value>(answer: Promise<Value>): Promise<Value | null> => {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof GitLabError && REFUSALS.has(error.code)) return null;
    throw error;
  }
};
