import { ApiError, badRequest, forbidden, notFound } from "./answers.ts";
import { discussionId, mayReadCode } from "./context.ts";
import type { Context } from "./context.ts";
import { notePayload } from "./payloads.ts";
import { validatePosition } from "./positions.ts";
import type { PositionInput } from "./positions.ts";
import { extractCommands, runCommands } from "./quick-actions.ts";
import type { CommandOutcome } from "./quick-actions.ts";
import type { Discussion, MergeRequest, Note, Position, User } from "./state.ts";
import { ACCESS_LEVELS } from "./state.ts";
import { accessLevel } from "./world.ts";

/** A note to write: on its own, as the first of a thread, or as an answer. */
export type NoteInput = {
  readonly body: string;
  readonly place:
    | { readonly kind: "individual" }
    | { readonly kind: "thread"; readonly position: PositionInput | null }
    | { readonly kind: "reply"; readonly discussionId: string };
  readonly internal?: boolean;
  /** Whether it is part of a review, which sends one notification for all. */
  readonly quiet?: boolean;
};

/** What became of a text: a note, or nothing but commands. */
export type NoteOutcome =
  | { readonly kind: "note"; readonly note: Note; readonly discussion: Discussion }
  | { readonly kind: "commands"; readonly outcome: CommandOutcome };

/** Refuses a blank or overlong text in the words of GitLab's model. */
const checkBody = (context: Context, body: string): void => {
  const limit = context.world.limits.noteCharacters;
  if (body.trim() === "") throw badRequest(`Note {:note=>["can't be blank"]}`);
  if (body.length > limit) {
    throw badRequest(`Note {:note=>["is too long (maximum is ${limit} characters)"]}`);
  }
};

/** The discussion, or GitLab's 404. */
export const findDiscussion = (mergeRequest: MergeRequest, id: string): Discussion => {
  const found = mergeRequest.discussions.find((discussion) => discussion.id === id);
  if (found === undefined) throw notFound("Discussion");
  return found;
};

const checkMayWrite = (mergeRequest: MergeRequest, user: User, internal: boolean): void => {
  const level = accessLevel(mergeRequest.project, user);
  if (!mayReadCode(mergeRequest.project, user)) throw notFound("MergeRequest");
  if (mergeRequest.discussionLocked && level < ACCESS_LEVELS.reporter) throw forbidden();
  if (internal && level < ACCESS_LEVELS.reporter) throw forbidden();
};

type Placed = {
  readonly type: Note["type"];
  readonly position: Position | null;
  readonly lineCode: string | null;
  readonly discussion: Discussion | null;
};

const placeOf = async (context: Context, mergeRequest: MergeRequest, input: NoteInput): Promise<Placed> => {
  const { place } = input;
  switch (place.kind) {
    case "individual":
      return { type: null, position: null, lineCode: null, discussion: null };
    case "reply": {
      const discussion = findDiscussion(mergeRequest, place.discussionId);
      const [first] = discussion.notes;
      const onDiff = first?.type === "DiffNote";
      return {
        type: onDiff ? "DiffNote" : "DiscussionNote",
        position: onDiff ? first.position : null,
        lineCode: onDiff ? first.lineCode : null,
        discussion,
      };
    }
    case "thread": {
      if (place.position === null) {
        return { type: "DiscussionNote", position: null, lineCode: null, discussion: null };
      }
      const verdict = await validatePosition(context.world, mergeRequest, place.position);
      if (!verdict.ok) throw badRequest(`Note ${verdict.errors}`);
      return { type: "DiffNote", position: verdict.position, lineCode: verdict.lineCode, discussion: null };
    }
  }
};

const store = (
  context: Context,
  mergeRequest: MergeRequest,
  user: User,
  placed: Placed,
  fields: {
    readonly body: string;
    readonly internal: boolean;
    readonly changes: Readonly<Record<string, unknown>>;
  },
): { readonly note: Note; readonly discussion: Discussion } => {
  const at = context.world.timestamp();
  const resolved = placed.discussion?.notes.find((one) => one.resolvable) ?? null;
  const note: Note = {
    id: context.world.nextId("note"),
    type: placed.type,
    body: fields.body,
    author: user,
    createdAt: at,
    updatedAt: at,
    system: false,
    internal: fields.internal,
    position: placed.position,
    originalPosition: placed.position,
    lineCode: placed.lineCode,
    resolvable: placed.type !== null,
    resolved: placed.type !== null && resolved?.resolved === true,
    resolvedBy: resolved?.resolvedBy ?? null,
    resolvedAt: resolved?.resolvedAt ?? null,
    commandsChanges: fields.changes,
  };
  const discussion = placed.discussion ?? {
    id: discussionId(context.world),
    individual: placed.type === null,
    notes: [],
  };
  // An answer to a single comment makes a thread of it.
  if (placed.discussion === null) mergeRequest.discussions.push(discussion);
  else discussion.individual = false;
  discussion.notes.push(note);
  mergeRequest.updatedAt = at;
  return { note, discussion };
};

/** Fires the note event; an internal note goes to hooks for confidential notes. */
const fireNote = async (
  context: Context,
  mergeRequest: MergeRequest,
  found: { readonly note: Note; readonly discussion: Discussion },
  action: "create" | "update",
): Promise<void> => {
  const { note, discussion } = found;
  const flag = note.internal ? "confidential_note_events" : "note_events";
  if (!context.hooks.wants(mergeRequest.project, flag)) return;
  const payload = await notePayload(context.world, mergeRequest, discussion, note, action);
  context.hooks.fire(mergeRequest.project, {
    flag,
    trigger: note.internal ? "confidential_note_hooks" : "note_hooks",
    event: note.internal ? "Confidential Note Hook" : "Note Hook",
    payload,
  });
};

/**
 * Writes a note as a user. The place is judged first, then quick actions in the text run as that user and
 * are taken out of it; a text of nothing else leaves no note.
 * @throws ApiError 400 for the text or the position, 403 and 404 for the user, in GitLab's words.
 */
export const createNote = async (
  context: Context,
  mergeRequest: MergeRequest,
  user: User,
  input: NoteInput,
): Promise<NoteOutcome> => {
  checkMayWrite(mergeRequest, user, input.internal ?? false);
  checkBody(context, input.body);
  const placed = await placeOf(context, mergeRequest, input);
  const outcome = await runCommands(context, mergeRequest, user, input.body);
  if (outcome.commands.length > 0 && outcome.text === "") {
    if (outcome.summary.length === 0) throw badRequest("Failed to apply commands.");
    return { kind: "commands", outcome };
  }
  const internal = input.internal ?? false;
  const stored = store(context, mergeRequest, user, placed, {
    body: outcome.text,
    internal,
    changes: outcome.changes,
  });
  if (input.quiet !== true) {
    context.world.notifications.push({
      kind: "note",
      projectId: mergeRequest.project.id,
      iid: mergeRequest.iid,
      author: user.username,
      noteIds: [stored.note.id],
    });
  }
  await fireNote(context, mergeRequest, stored, "create");
  return { kind: "note", ...stored };
};

/** Whether the user may edit or delete the note: its author or a Maintainer; nobody a system note. */
const checkMayEdit = (mergeRequest: MergeRequest, user: User, note: Note): void => {
  const maintainer = accessLevel(mergeRequest.project, user) >= ACCESS_LEVELS.maintainer;
  if (note.system || (note.author.id !== user.id && !maintainer)) throw forbidden();
};

/** Changes a note's text; quick actions in it run too, and a text of nothing else deletes the note. */
export const updateNote = async (
  context: Context,
  mergeRequest: MergeRequest,
  user: User,
  found: { readonly note: Note; readonly discussion: Discussion },
  body: string,
): Promise<NoteOutcome> => {
  checkMayEdit(mergeRequest, user, found.note);
  checkBody(context, body);
  if (found.note.body === body) return { kind: "note", ...found };
  const outcome =
    extractCommands(body).commands.length === 0 ? null : await runCommands(context, mergeRequest, user, body);
  if (outcome !== null && outcome.text === "") {
    deleteNote(mergeRequest, user, found);
    return { kind: "commands", outcome };
  }
  found.note.body = outcome?.text ?? body;
  found.note.updatedAt = context.world.timestamp();
  mergeRequest.updatedAt = found.note.updatedAt;
  await fireNote(context, mergeRequest, found, "update");
  return { kind: "note", ...found };
};

/** Deletes a note, and its discussion with the last one. */
export const deleteNote = (
  mergeRequest: MergeRequest,
  user: User,
  found: { readonly note: Note; readonly discussion: Discussion },
): void => {
  checkMayEdit(mergeRequest, user, found.note);
  found.discussion.notes.splice(found.discussion.notes.indexOf(found.note), 1);
  if (found.discussion.notes.length > 0) return;
  mergeRequest.discussions.splice(mergeRequest.discussions.indexOf(found.discussion), 1);
};

const resolvableNotes = (discussion: Discussion): readonly Note[] =>
  discussion.notes.filter((note) => note.resolvable);

/** Whether the user may resolve the discussion: a Developer or the merge request's author. */
export const mayResolveDiscussion = (
  mergeRequest: MergeRequest,
  user: User,
  discussion: Discussion,
): boolean => {
  const developer = accessLevel(mergeRequest.project, user) >= ACCESS_LEVELS.developer;
  return resolvableNotes(discussion).length > 0 && (developer || mergeRequest.author.id === user.id);
};

/** Resolves or reopens a discussion without asking who may. */
export const setResolved = (
  context: Context,
  mergeRequest: MergeRequest,
  user: User,
  discussion: Discussion,
  resolved: boolean,
): void => {
  const at = context.world.timestamp();
  for (const note of resolvableNotes(discussion)) {
    if (note.resolved === resolved) continue;
    note.resolved = resolved;
    note.resolvedBy = resolved ? user : null;
    note.resolvedAt = resolved ? at : null;
    note.updatedAt = at;
  }
  mergeRequest.updatedAt = at;
};

/** Resolves or reopens a discussion; 403 for a user who may not. */
export const resolveDiscussion = (
  context: Context,
  mergeRequest: MergeRequest,
  user: User,
  discussion: Discussion,
  resolved: boolean,
): void => {
  if (!mayResolveDiscussion(mergeRequest, user, discussion)) throw forbidden();
  setResolved(context, mergeRequest, user, discussion, resolved);
};

/**
 * The limit on notes by one user in a minute, in GitLab's words. How long to wait is said from 18.0 on†; older
 * versions leave it to the reader to know the limiter's minute.
 */
export const tooManyNotes = ({ world }: Context, retryAfterSeconds: number): ApiError =>
  new ApiError(
    429,
    { message: { error: "This endpoint has been requested too many times. Try again later." } },
    world.atLeast(18, 0) ? { "Retry-After": String(retryAfterSeconds) } : {},
  );
