import { isAbsent } from "../absent.ts";
import { z } from "zod";
import { badRequest, invalidParameter, json, noContent, recordNotFound } from "../answers.ts";
import { discussionEntity, noteEntity } from "../entities.ts";
import { createNote, deleteNote, findDiscussion, resolveDiscussion, updateNote } from "../noting.ts";
import { paginate } from "../pagination.ts";
import { Flag, parseParams, Text } from "../params.ts";
import { PositionInput } from "../positions.ts";
import { del, get, post, put } from "../router.ts";
import type { ApiRequest, Route } from "../router.ts";
import type { MergeRequest } from "../state.ts";
import { answerNote, countNote, findNote, noteTarget } from "./notes.ts";

const list = (request: ApiRequest) => {
  const { mergeRequest } = noteTarget(request);
  return paginate(request, mergeRequest.discussions, (discussion) =>
    discussionEntity(request.context.world, mergeRequest, discussion),
  );
};

const show = (request: ApiRequest) => {
  const { mergeRequest } = noteTarget(request);
  const found = findDiscussion(mergeRequest, request.path("discussion_id"));
  return json(discussionEntity(request.context.world, mergeRequest, found));
};

const CreateInput = z.object({ body: Text, position: PositionInput.nullish() });

const create = async (request: ApiRequest) => {
  const { mergeRequest, user } = noteTarget(request);
  const input = parseParams(CreateInput, request.params);
  countNote(request, user);
  const outcome = await createNote(request.context, mergeRequest, user, {
    body: input.body,
    place: { kind: "thread", position: input.position ?? null },
  });
  if (outcome.kind === "commands") return answerNote(request, mergeRequest, outcome, 202);
  return json(discussionEntity(request.context.world, mergeRequest, outcome.discussion), 201);
};

const resolve = (request: ApiRequest) => {
  const { mergeRequest, user } = noteTarget(request);
  const { resolved } = parseParams(z.object({ resolved: Flag }), request.params);
  const found = findDiscussion(mergeRequest, request.path("discussion_id"));
  resolveDiscussion(request.context, mergeRequest, user, found, resolved);
  return json(discussionEntity(request.context.world, mergeRequest, found));
};

const listNotes = (request: ApiRequest) => {
  const { mergeRequest } = noteTarget(request);
  const found = findDiscussion(mergeRequest, request.path("discussion_id"));
  return json(found.notes.map((note) => noteEntity(request.context.world, mergeRequest, note)));
};

const reply = async (request: ApiRequest) => {
  const { mergeRequest, user } = noteTarget(request);
  const { body } = parseParams(z.object({ body: Text }), request.params);
  const found = findDiscussion(mergeRequest, request.path("discussion_id"));
  if (found.notes[0]?.system === true) throw badRequest("Discussion can not be replied to.");
  countNote(request, user);
  const outcome = await createNote(request.context, mergeRequest, user, {
    body,
    place: { kind: "reply", discussionId: found.id },
  });
  return answerNote(request, mergeRequest, outcome, 201);
};

const noteInDiscussion = (request: ApiRequest, mergeRequest: MergeRequest) => {
  const found = findNote(request, mergeRequest);
  if (found.discussion.id !== request.path("discussion_id")) throw recordNotFound();
  return found;
};

const showNote = (request: ApiRequest) => {
  const { mergeRequest } = noteTarget(request);
  return json(noteEntity(request.context.world, mergeRequest, noteInDiscussion(request, mergeRequest).note));
};

const updateOne = async (request: ApiRequest) => {
  const { mergeRequest, user } = noteTarget(request);
  const input = parseParams(z.object({ body: Text.nullish(), resolved: Flag.nullish() }), request.params);
  const found = noteInDiscussion(request, mergeRequest);
  if (isAbsent(input.body) && isAbsent(input.resolved)) {
    throw invalidParameter("body, resolved are missing, exactly one parameter must be provided");
  }
  if (!isAbsent(input.body) && !isAbsent(input.resolved))
    throw invalidParameter("body, resolved are mutually exclusive");
  if (!isAbsent(input.body)) {
    return answerNote(
      request,
      mergeRequest,
      await updateNote(request.context, mergeRequest, user, found, input.body),
      200,
    );
  }
  if (!found.note.resolvable) throw badRequest("Note is not resolvable");
  resolveDiscussion(request.context, mergeRequest, user, found.discussion, input.resolved ?? false);
  return json(noteEntity(request.context.world, mergeRequest, found.note));
};

const removeOne = (request: ApiRequest) => {
  const { mergeRequest, user } = noteTarget(request);
  deleteNote(mergeRequest, user, noteInDiscussion(request, mergeRequest));
  return noContent();
};

const BASE = "projects/:id/merge_requests/:iid/discussions";

/** Discussions on merge requests. */
export const discussionRoutes: readonly Route[] = [
  get(BASE, list),
  post(BASE, create),
  get(`${BASE}/:discussion_id`, show),
  put(`${BASE}/:discussion_id`, resolve),
  get(`${BASE}/:discussion_id/notes`, listNotes),
  post(`${BASE}/:discussion_id/notes`, reply),
  get(`${BASE}/:discussion_id/notes/:note_id`, showNote),
  put(`${BASE}/:discussion_id/notes/:note_id`, updateOne),
  del(`${BASE}/:discussion_id/notes/:note_id`, removeOne),
];
