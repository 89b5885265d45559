import type { Discussion, MergeRequest, Note, Project, User } from "./state.ts";
import type { HookDispatcher } from "./webhooks.ts";
import { createHash } from "node:crypto";
import { ACCESS_LEVELS } from "./state.ts";
import { accessLevel } from "./world.ts";
import type { World } from "./world.ts";

/** The world and its senders, as every operation gets them. */
export type Context = { readonly world: World; readonly hooks: HookDispatcher };

/** Whether the user may change the merge request: a Developer, or its author with any role. */
export const mayUpdate = (mergeRequest: MergeRequest, user: User): boolean => {
  const level = accessLevel(mergeRequest.project, user);
  return level >= ACCESS_LEVELS.developer || (mergeRequest.author.id === user.id && level > 0);
};

/** Whether the user may read code and merge requests: a Reporter, or anybody where the project is not private. */
export const mayReadCode = (project: Project, user: User | null): boolean => {
  if (accessLevel(project, user) >= ACCESS_LEVELS.reporter || project.visibility === "public") return true;
  return project.visibility === "internal" && user !== null;
};

/** A fresh discussion id: 40 hex digits. */
export const discussionId = (world: World): string =>
  createHash("sha1")
    .update(`discussion-${world.nextId("discussion")}`)
    .digest("hex");

/** Every note of the merge request with the discussion that holds it, in order of creation. */
export const allNotes = (
  mergeRequest: MergeRequest,
): readonly { readonly note: Note; readonly discussion: Discussion }[] =>
  mergeRequest.discussions
    .flatMap((discussion) => discussion.notes.map((note) => ({ note, discussion })))
    .sort((one, other) => one.note.id - other.note.id);

/** Adds one of GitLab's own remarks, such as `closed`; it fires no hook. */
export const addSystemNote = (world: World, mergeRequest: MergeRequest, author: User, body: string): void => {
  const at = world.timestamp();
  const note: Note = {
    id: world.nextId("note"),
    type: null,
    body,
    author,
    createdAt: at,
    updatedAt: at,
    system: true,
    internal: false,
    position: null,
    originalPosition: null,
    lineCode: null,
    resolvable: false,
    resolved: false,
    resolvedBy: null,
    resolvedAt: null,
    commandsChanges: {},
  };
  mergeRequest.discussions.push({ id: discussionId(world), individual: true, notes: [note] });
};
