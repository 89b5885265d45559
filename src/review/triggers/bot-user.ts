import type { EventUser } from "../delivery-event.ts";

/** Users that the operator names as bots, or as none. */
export type KnownBots = {
  readonly ids: readonly number[];
  /** Ids of users that are no bots although they are named like one. */
  readonly notIds: readonly number[];
};

/**
 * The user names that GitLab itself gives: users of project and group access tokens, service accounts
 * (of a group, a project, or the whole instance) and its own internal users.
 *
 * @see https://docs.gitlab.com/user/project/settings/project_access_tokens/#bot-users-for-projects
 * @see https://docs.gitlab.com/api/service_accounts/
 * @see https://docs.gitlab.com/administration/internal_users/
 */
const BOT_NAMES: readonly RegExp[] = [
  /^(?:project|group)_\d+_bot(?:_?[0-9a-z]*)$/i,
  /^service_account(?:_(?:group|project)_\d+)?_[0-9a-z]+$/i,
  /^(?:support-bot|alert-bot|visual-review-bot|security-bot|automation-bot|gitlab-security-bot)\d*$/i,
  /^(?:gitlabduo|gitlab-duo|duo-[a-z0-9-]+)$/i,
];

/**
 * Whether a user is a bot: by its id where the operator named it, else by GitLab's own naming. The
 * display name says nothing, since anybody can choose it.
 */
export const isBotUser = (user: EventUser, known: KnownBots): boolean => {
  if (known.notIds.includes(user.id)) return false;
  return known.ids.includes(user.id) || BOT_NAMES.some((name) => name.test(user.username));
};
