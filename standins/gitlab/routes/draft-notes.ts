import { isAbsent } from "../absent.ts";
import { z } from "zod";
import { badRequest, json, noContent } from "../answers.ts";
import { createDraft, findDraft, validateDraftPosition, publishDrafts } from "../drafting.ts";
import { draftEntity } from "../entities.ts";
import { Flag, parseParams, Text } from "../params.ts";
import { PositionInput } from "../positions.ts";
import { del, get, post, put } from "../router.ts";
import type { ApiRequest, Route } from "../router.ts";
import { noteTarget } from "./notes.ts";

const draftOf = (request: ApiRequest) => {
  const { mergeRequest, user } = noteTarget(request);
  return { mergeRequest, user, draft: findDraft(mergeRequest, user, Number(request.path("draft_id"))) };
};

const own = (request: ApiRequest) => {
  const { mergeRequest, user } = noteTarget(request);
  return { mergeRequest, user, drafts: mergeRequest.drafts.filter((draft) => draft.author.id === user.id) };
};

/** GitLab gives all drafts at once, without pages. */
const list = (request: ApiRequest) => {
  const { mergeRequest, drafts } = own(request);
  return json(drafts.map((draft) => draftEntity(mergeRequest, draft)));
};

const CreateInput = z.object({
  note: Text,
  in_reply_to_discussion_id: z.string().nullish(),
  resolve_discussion: Flag.nullish(),
  position: PositionInput.nullish(),
});

const create = async (request: ApiRequest) => {
  const { mergeRequest, user } = noteTarget(request);
  const input = parseParams(CreateInput, request.params);
  const draft = await createDraft(request.context, mergeRequest, user, {
    note: input.note,
    position: input.position ?? null,
    discussionId: input.in_reply_to_discussion_id ?? null,
    resolveDiscussion: input.resolve_discussion ?? false,
  });
  return json(draftEntity(mergeRequest, draft), 201);
};

const show = (request: ApiRequest) => {
  const { mergeRequest, draft } = draftOf(request);
  return json(draftEntity(mergeRequest, draft));
};

const update = async (request: ApiRequest) => {
  const { mergeRequest, draft } = draftOf(request);
  const input = parseParams(
    z.object({ note: Text.nullish(), position: PositionInput.nullish() }),
    request.params,
  );
  if (isAbsent(input.note) || input.note === "") throw badRequest("Missing params to modify");
  const placed = await validateDraftPosition(request.context, mergeRequest, input.position ?? null);
  draft.note = input.note;
  draft.position = placed.position;
  draft.lineCode = placed.lineCode;
  return json(draftEntity(mergeRequest, draft));
};

const remove = (request: ApiRequest) => {
  const { mergeRequest, draft } = draftOf(request);
  mergeRequest.drafts = mergeRequest.drafts.filter((other) => other !== draft);
  return noContent();
};

const publishOne = async (request: ApiRequest) => {
  const { mergeRequest, user, draft } = draftOf(request);
  await publishDrafts(request.context, mergeRequest, user, [draft]);
  return noContent();
};

const BulkInput = z.object({
  note: Text.nullish(),
  reviewer_state: z.enum(["reviewed", "requested_changes", "approved"]).nullish(),
});

const publishAll = async (request: ApiRequest) => {
  const { mergeRequest, user, drafts } = own(request);
  const known = request.context.world.atLeast(19, 2);
  const input = parseParams(BulkInput, known ? request.params : {});
  await publishDrafts(request.context, mergeRequest, user, drafts, {
    note: input.note ?? undefined,
    state: input.reviewer_state === "approved" ? "approved" : undefined,
  });
  return noContent();
};

const BASE = "projects/:id/merge_requests/:iid/draft_notes";

/** Drafts of the caller's review. */
export const draftNoteRoutes: readonly Route[] = [
  get(BASE, list),
  post(BASE, create),
  post(`${BASE}/bulk_publish`, publishAll),
  get(`${BASE}/:draft_id`, show),
  put(`${BASE}/:draft_id`, update),
  del(`${BASE}/:draft_id`, remove),
  put(`${BASE}/:draft_id/publish`, publishOne),
];
