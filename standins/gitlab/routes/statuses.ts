import { z } from "zod";
import { ApiError, json, notFound } from "../answers.ts";
import { findProject, requireCode, requireLevel } from "../auth.ts";
import { paginate } from "../pagination.ts";
import { Integer, parseParams, Text } from "../params.ts";
import { get, post } from "../router.ts";
import type { ApiRequest, Route } from "../router.ts";
import { statusEntity } from "../side-entities.ts";
import type { CommitStatus, Project } from "../state.ts";
import { ACCESS_LEVELS } from "../state.ts";

const Input = z.object({
  state: z.enum(["pending", "running", "success", "failed", "canceled", "skipped"]),
  ref: Text.nullish(),
  name: Text.nullish(),
  context: Text.nullish(),
  target_url: z.string().nullish(),
  description: Text.nullish(),
  coverage: z.union([z.number(), Integer]).nullish(),
});

const EVENTS = {
  pending: "enqueue",
  running: "run",
  success: "success",
  failed: "drop",
  canceled: "cancel",
  skipped: "skip",
} as const;

const TARGET_URL_LENGTH = 255;

/**
 * A branch of the project that holds the commit; there are no pipelines here whose branch would come first. The
 * head of a fork is in none.
 */
const branchWith = async ({ repository }: Project, sha: string): Promise<string | null> => {
  for (const branch of await repository.branches()) {
    const tip = await repository.resolve(`refs/heads/${branch}`);
    if (tip !== null && (await repository.mergeBase(tip, sha)) === sha) return branch;
  }
  return null;
};

/**
 * Sets a status. One that is still pending or running under the same name is moved on, and refuses the state
 * that it has; one that is finished is followed by a new one.
 */
const create = async (request: ApiRequest) => {
  const { context, caller, path, params } = request;
  const project = findProject(context.world, caller, path("id"));
  const user = requireLevel(project, caller, ACCESS_LEVELS.developer);
  const input = parseParams(Input, params);
  const sha = await project.repository.resolve(path("sha"));
  if (sha === null || !/^[0-9a-f]{7,40}$/.test(path("sha"))) throw notFound("Commit");
  if ((input.target_url ?? "").length > TARGET_URL_LENGTH) {
    throw new ApiError(400, {
      message: { target_url: [`is too long (maximum is ${TARGET_URL_LENGTH} characters)`] },
    });
  }
  const name = input.name ?? input.context ?? "default";
  const ref = input.ref ?? (await branchWith(project, sha));
  if (ref === null) throw notFound("References for commit");
  const open = project.statuses.findLast(
    (status) =>
      status.sha === sha &&
      status.name === name &&
      status.ref === ref &&
      ["pending", "running"].includes(status.status),
  );
  if (open?.status === input.state) {
    const event = EVENTS[input.state];
    throw new ApiError(400, {
      message: `Cannot transition status via :${event} from :${open.status} (Reason(s): Status cannot transition via "${event}")`,
    });
  }
  const status: CommitStatus = open ?? {
    id: context.world.nextId("status"),
    sha,
    ref,
    name,
    status: input.state,
    targetUrl: null,
    description: null,
    coverage: input.coverage ?? null,
    author: user,
    createdAt: context.world.timestamp(),
  };
  if (open === undefined) project.statuses.push(status);
  status.status = input.state;
  status.targetUrl = input.target_url ?? status.targetUrl;
  status.description = input.description ?? status.description;
  return json(statusEntity(context.world, status), 201);
};

const Filter = z.object({
  name: Text.nullish(),
  ref: Text.nullish(),
  all: z.literal(["true", "false"]).nullish(),
});

const list = async (request: ApiRequest) => {
  const { context, caller, path, params } = request;
  const project = findProject(context.world, caller, path("id"));
  requireCode(project, caller);
  const sha = await project.repository.resolve(path("sha"));
  if (sha === null) throw notFound("Commit");
  const { name = null, ref = null, all = null } = parseParams(Filter, params);
  const asked = project.statuses.filter(
    (status) =>
      status.sha === sha && (name === null || status.name === name) && (ref === null || status.ref === ref),
  );
  const newest = [
    ...Map.groupBy(asked, (status) => JSON.stringify([status.ref, status.name])).values(),
  ].flatMap((same) => same.slice(-1));
  return paginate(request, all === "true" ? asked : newest, (status) => statusEntity(context.world, status));
};

/** Statuses of commits. */
export const statusRoutes: readonly Route[] = [
  post("projects/:id/statuses/:sha", create),
  get("projects/:id/repository/commits/:sha/statuses", list),
];
