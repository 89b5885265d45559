import type { CommandName } from "./command.ts";

/** Roles in a project, the lowest first, with GitLab's access levels. */
const LEVELS = {
  none: 0,
  minimal: 5,
  guest: 10,
  planner: 15,
  reporter: 20,
  developer: 30,
  maintainer: 40,
  owner: 50,
} as const;

/** A role in a project. */
export type Role = keyof typeof LEVELS;

/** Every role, the lowest first. */
export const ROLES: readonly Role[] = [
  "none",
  "minimal",
  "guest",
  "planner",
  "reporter",
  "developer",
  "maintainer",
  "owner",
];

/** Who may give commands, and whether they may be given with a slash. */
export type CommandRules = {
  /** The lowest role that may give a command. */
  readonly least: Role;
  /** Commands that take another role than that. */
  readonly per: Readonly<Partial<Record<CommandName, Role>>>;
  readonly slash: boolean;
};

/**
 * The role of an access level, which is what GitLab's API of members gives; a level between two roles
 * counts as the lower one. The role of the user who wrote the note is meant, with what groups give.
 *
 * @see https://docs.gitlab.com/api/access_requests/#valid-access-levels
 */
export const roleOfLevel = (level: number | null): Role =>
  ROLES.findLast((role) => level !== null && LEVELS[role] <= level) ?? "none";

/** Whether a role gives what a lower one gives. */
export const isAtLeast = (role: Role, least: Role): boolean => LEVELS[role] >= LEVELS[least];

/** The lowest role that may give a command. */
export const roleFor = (command: CommandName, { least, per }: CommandRules): Role =>
  Object.hasOwn(per, command) ? (per[command] ?? least) : least;

/** Whether a role may give a command. */
export const mayCommand = (role: Role, command: CommandName, rules: CommandRules): boolean =>
  isAtLeast(role, roleFor(command, rules));
