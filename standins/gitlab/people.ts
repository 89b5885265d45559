import { randomBytes } from "node:crypto";
import { ACCESS_LEVELS } from "./state.ts";
import type { Group, Project, Role, Scope, Token, User } from "./state.ts";
import { findGroup } from "./world.ts";
import type { World } from "./world.ts";

/** What a new token may do and for how long. */
type TokenInput = {
  /** Default `api`. */
  readonly scopes?: readonly Scope[];
  /** Default: it does not expire. */
  readonly expiresAt?: Date;
  /** Its text; a random one when left out. */
  readonly value?: string;
};

/** A token's text with its user. */
type IssuedToken = { readonly token: string; readonly user: User };

/** Users, roles and tokens of a scenario. */
export type People = {
  readonly createUser: (input: {
    readonly username: string;
    readonly name?: string;
    readonly admin?: boolean;
  }) => User;
  readonly createPersonalToken: (user: User, input?: TokenInput) => string;
  /** A project access token with its bot user `project_<id>_bot_<rand>`. Default role Developer. */
  readonly createProjectToken: (
    project: Project,
    input?: TokenInput & { readonly role?: Role },
  ) => IssuedToken;
  /** A group access token with its bot user `group_<id>_bot_<rand>`, a member of every project below the group. */
  readonly createGroupToken: (group: string, input?: TokenInput & { readonly role?: Role }) => IssuedToken;
  /** Revokes a token as GitLab did until 17: its bot is deleted, and what it wrote is the ghost user's. */
  readonly deleteToken: (token: string) => void;
  readonly addMember: (project: Project, user: User, role: Role) => void;
  readonly removeMember: (project: Project, user: User) => void;
  readonly revokeToken: (token: string) => void;
  readonly expireToken: (token: string) => void;
};

const issue = (world: World, user: User, input: TokenInput): string => {
  const token: Token = {
    id: world.nextId("token"),
    value: input.value ?? `glpat-${randomBytes(15).toString("base64url")}`,
    user,
    scopes: input.scopes ?? ["api"],
    expiresAt: input.expiresAt?.getTime() ?? null,
    revoked: false,
  };
  world.tokens.push(token);
  return token.value;
};

const addUser = (world: World, fields: Omit<User, "id">): User => {
  if (world.users.some((user) => user.username === fields.username)) {
    throw new Error(`the user ${fields.username} exists already`);
  }
  const user = { id: world.nextId("user"), ...fields };
  world.users.push(user);
  return user;
};

const addGroup = (world: World, path: string): Group => {
  const group = { id: world.nextId("group"), path };
  world.groups.push(group);
  return group;
};

/** Deletes a user: notes go to the ghost user, everything else with it. */
const haunt = (world: World, user: User): void => {
  const ghost =
    world.users.find(({ username }) => username === "ghost") ??
    addUser(world, { username: "ghost", name: "Ghost User", admin: false, bot: false });
  world.users.splice(world.users.indexOf(user), 1);
  for (const project of world.projects) {
    project.members.delete(user.id);
    const notes = project.mergeRequests.flatMap(({ discussions }) => discussions.flatMap((one) => one.notes));
    for (const note of notes) {
      if (note.author === user) note.author = ghost;
      if (note.resolvedBy === user) note.resolvedBy = ghost;
    }
  }
};

/** The part of the scenario API that makes people. */
export const createPeople = (world: World): People => {
  const find = (value: string): Token => {
    const token = world.tokens.find((candidate) => candidate.value === value);
    if (token === undefined) throw new Error("no such token was issued");
    return token;
  };
  return {
    createUser: ({ username, name, admin }) =>
      addUser(world, { username, name: name ?? username, admin: admin ?? false, bot: false }),
    createPersonalToken: (user, input = {}) => issue(world, user, input),
    createProjectToken: (project, input = {}) => {
      const username = `project_${project.id}_bot_${randomBytes(16).toString("hex")}`;
      const user = addUser(world, { username, name: "Reviewflow", admin: false, bot: true });
      project.members.set(user.id, ACCESS_LEVELS[input.role ?? "developer"]);
      return { token: issue(world, user, input), user };
    },
    createGroupToken: (path, input = {}) => {
      const group = findGroup(world, path) ?? addGroup(world, path);
      const username = `group_${group.id}_bot_${randomBytes(16).toString("hex")}`;
      const user = addUser(world, { username, name: "Reviewflow", admin: false, bot: true });
      const level = ACCESS_LEVELS[input.role ?? "developer"];
      for (const project of world.projects)
        if (project.path.startsWith(`${path}/`)) project.members.set(user.id, level);
      return { token: issue(world, user, input), user };
    },
    deleteToken: (value) => {
      const token = find(value);
      token.revoked = true;
      haunt(world, token.user);
    },
    addMember: (project, user, role) => void project.members.set(user.id, ACCESS_LEVELS[role]),
    removeMember: (project, user) => void project.members.delete(user.id),
    revokeToken: (value) => {
      find(value).revoked = true;
    },
    expireToken: (value) => {
      find(value).expiresAt = world.now();
    },
  };
};
