import { z } from "zod";
import { forbidden, json, noContent, notFound, recordNotFound } from "../answers.ts";
import { emojiPayload } from "../payloads.ts";
import { paginate } from "../pagination.ts";
import { parseParams } from "../params.ts";
import { del, get, post } from "../router.ts";
import type { ApiRequest, Route } from "../router.ts";
import { awardEntity } from "../side-entities.ts";
import type { Award, MergeRequest, User } from "../state.ts";
import { ACCESS_LEVELS } from "../state.ts";
import { accessLevel } from "../world.ts";
import { findNote, noteTarget } from "./notes.ts";

type Target = {
  readonly mergeRequest: MergeRequest;
  readonly user: User;
  readonly type: Award["awardableType"];
  readonly id: number;
};
type TargetOf = (request: ApiRequest) => Target;

const onMergeRequest: TargetOf = (request) => {
  const { mergeRequest, user } = noteTarget(request);
  return { mergeRequest, user, type: "MergeRequest", id: mergeRequest.id };
};

const onNote: TargetOf = (request) => {
  const { mergeRequest, user } = noteTarget(request);
  return { mergeRequest, user, type: "Note", id: findNote(request, mergeRequest).note.id };
};

const isOn =
  (target: Target) =>
  (award: Award): boolean =>
    award.awardableType === target.type && award.awardableId === target.id;

const fire = async (
  request: ApiRequest,
  mergeRequest: MergeRequest,
  award: Award,
  action: "award" | "revoke",
) => {
  const { world, hooks } = request.context;
  hooks.fire(mergeRequest.project, {
    flag: "emoji_events",
    trigger: "emoji_hooks",
    event: "Emoji Hook",
    payload: await emojiPayload(world, mergeRequest, award, action),
  });
};

const list = (targetOf: TargetOf) => (request: ApiRequest) => {
  const { world } = request.context;
  return paginate(request, world.awards.filter(isOn(targetOf(request))), (award) =>
    awardEntity(world, award),
  );
};

/** A name that is unknown or given twice answers 404 with the model's errors, as GitLab has it. */
const create = (targetOf: TargetOf) => async (request: ApiRequest) => {
  const { world } = request.context;
  const target = targetOf(request);
  const { name: given } = parseParams(z.object({ name: z.string() }), request.params);
  const name = given.replaceAll(":", "");
  if (accessLevel(target.mergeRequest.project, target.user) < ACCESS_LEVELS.guest) throw forbidden();
  if (!/^[a-z0-9_+-]+$/.test(name)) throw notFound(`Award Emoji {:name=>["is not a valid emoji name"]}`);
  if (
    world.awards.some((award) => isOn(target)(award) && award.name === name && award.user === target.user)
  ) {
    throw notFound(`Award Emoji {:name=>["has already been taken"]}`);
  }
  const award: Award = {
    id: world.nextId("award"),
    name,
    user: target.user,
    awardableType: target.type,
    awardableId: target.id,
    createdAt: world.timestamp(),
  };
  world.awards.push(award);
  await fire(request, target.mergeRequest, award, "award");
  return json(awardEntity(world, award), 201);
};

const remove = (targetOf: TargetOf) => async (request: ApiRequest) => {
  const { world } = request.context;
  const target = targetOf(request);
  const found = world.awards.find(
    (award) => isOn(target)(award) && String(award.id) === request.path("award_id"),
  );
  if (found === undefined) throw recordNotFound();
  if (found.user !== target.user && !target.user.admin) throw forbidden();
  world.awards.splice(world.awards.indexOf(found), 1);
  await fire(request, target.mergeRequest, found, "revoke");
  return noContent();
};

const routesAt = (base: string, targetOf: TargetOf): readonly Route[] => [
  get(base, list(targetOf)),
  post(base, create(targetOf)),
  del(`${base}/:award_id`, remove(targetOf)),
];

/** Reactions on merge requests and their notes. */
export const awardEmojiRoutes: readonly Route[] = [
  ...routesAt("projects/:id/merge_requests/:iid/award_emoji", onMergeRequest),
  ...routesAt("projects/:id/merge_requests/:iid/notes/:note_id/award_emoji", onNote),
];
