import { z } from "zod";
import { json, noContent, recordNotFound } from "../answers.ts";
import { findMergeRequest, findProject, requireUser } from "../auth.ts";
import { allNotes } from "../context.ts";
import { noteEntity } from "../entities.ts";
import { createNote, deleteNote, tooManyNotes, updateNote } from "../noting.ts";
import type { NoteOutcome } from "../noting.ts";
import { paginate } from "../pagination.ts";
import { Flag, parseParams, Text } from "../params.ts";
import { del, get, post, put } from "../router.ts";
import type { ApiRequest, Route } from "../router.ts";
import type { MergeRequest, User } from "../state.ts";
import { ACCESS_LEVELS } from "../state.ts";
import { accessLevel } from "../world.ts";

/** The merge request of the path and the user, who must be known. */
export const noteTarget = ({
  context,
  caller,
  path,
}: ApiRequest): { readonly user: User; readonly mergeRequest: MergeRequest } => {
  const user = requireUser(caller);
  const project = findProject(context.world, caller, path("id"));
  return { user, mergeRequest: findMergeRequest(project, caller, path("iid")) };
};

/** Counts a note against the limit of its author. */
export const countNote = ({ context, limiter }: ApiRequest, user: User): void => {
  const limit = context.world.limits.notesPerMinute;
  if (limit === null) return;
  const allowance = limiter.count(`notes of ${user.id}`, limit);
  if (!allowance.allowed) throw tooManyNotes(context, allowance.resetSeconds);
};

/** A note, or 202 with what the commands changed where the text was nothing else. */
export const answerNote = (
  request: ApiRequest,
  mergeRequest: MergeRequest,
  outcome: NoteOutcome,
  status: number,
) =>
  outcome.kind === "note"
    ? json(noteEntity(request.context.world, mergeRequest, outcome.note), status)
    : json({ commands_changes: outcome.outcome.changes, summary: outcome.outcome.summary }, 202);

/** The note of the path, or 404. */
export const findNote = (request: ApiRequest, mergeRequest: MergeRequest) => {
  const found = allNotes(mergeRequest).find(({ note }) => String(note.id) === request.path("note_id"));
  if (found === undefined) throw recordNotFound();
  return found;
};

const ListInput = z.object({
  order_by: z.enum(["created_at", "updated_at"]).nullish(),
  sort: z.enum(["asc", "desc"]).nullish(),
  activity_filter: z.enum(["all_notes", "only_comments", "only_activity"]).nullish(),
});

const list = (request: ApiRequest) => {
  const { mergeRequest, user } = noteTarget(request);
  const input = parseParams(ListInput, request.params);
  const direction = input.sort === "asc" ? 1 : -1;
  const seesInternal = accessLevel(mergeRequest.project, user) >= ACCESS_LEVELS.reporter;
  const notes = allNotes(mergeRequest)
    .map(({ note }) => note)
    .filter((note) => seesInternal || !note.internal)
    .filter((note) => input.activity_filter !== "only_comments" || !note.system)
    .filter((note) => input.activity_filter !== "only_activity" || note.system)
    .toSorted((one, other) => {
      const [left, right] =
        input.order_by === "updated_at" ? [one.updatedAt, other.updatedAt] : [one.createdAt, other.createdAt];
      return direction * (left < right ? -1 : left > right ? 1 : one.id - other.id);
    });
  return paginate(request, notes, (note) => noteEntity(request.context.world, mergeRequest, note));
};

const CreateInput = z.object({ body: Text, internal: Flag.nullish(), confidential: Flag.nullish() });

const create = async (request: ApiRequest) => {
  const user = requireUser(request.caller);
  countNote(request, user);
  const { mergeRequest } = noteTarget(request);
  const input = parseParams(CreateInput, request.params);
  const outcome = await createNote(request.context, mergeRequest, user, {
    body: input.body,
    internal: input.internal ?? input.confidential ?? false,
    place: { kind: "individual" },
  });
  return answerNote(request, mergeRequest, outcome, 201);
};

const show = (request: ApiRequest) => {
  const { mergeRequest } = noteTarget(request);
  return json(noteEntity(request.context.world, mergeRequest, findNote(request, mergeRequest).note));
};

const update = async (request: ApiRequest) => {
  const { mergeRequest, user } = noteTarget(request);
  const { body } = parseParams(z.object({ body: Text }), request.params);
  const found = findNote(request, mergeRequest);
  return answerNote(
    request,
    mergeRequest,
    await updateNote(request.context, mergeRequest, user, found, body),
    200,
  );
};

const remove = (request: ApiRequest) => {
  const { mergeRequest, user } = noteTarget(request);
  deleteNote(mergeRequest, user, findNote(request, mergeRequest));
  return noContent();
};

/** Notes on merge requests. */
export const noteRoutes: readonly Route[] = [
  get("projects/:id/merge_requests/:iid/notes", list),
  post("projects/:id/merge_requests/:iid/notes", create),
  get("projects/:id/merge_requests/:iid/notes/:note_id", show),
  put("projects/:id/merge_requests/:iid/notes/:note_id", update),
  del("projects/:id/merge_requests/:iid/notes/:note_id", remove),
];
