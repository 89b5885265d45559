import { z } from "zod";
import { isAbsent } from "../absent.ts";
import { json } from "../answers.ts";
import { findProject, requireUser } from "../auth.ts";
import { projectEntity, userEntity } from "../entities.ts";
import { notFound, recordNotFound, unauthorized } from "../answers.ts";
import { paginate } from "../pagination.ts";
import { Flag, Integer, parseParams } from "../params.ts";
import { get } from "../router.ts";
import type { ApiRequest, Route } from "../router.ts";
import type { Project } from "../state.ts";
import { accessLevel, canSee, findGroup } from "../world.ts";

const version = ({ context, caller }: ApiRequest) => {
  requireUser(caller);
  return json({
    version: context.world.version,
    revision: "5741d1a1f2b",
    enterprise: false,
    kas: { enabled: false, externalUrl: null, version: null },
  });
};

const currentUser = ({ context, caller }: ApiRequest) => {
  const user = requireUser(caller);
  return json({
    ...userEntity(context.world, user),
    bot: user.bot,
    email: `${user.username}@noreply.invalid`,
    is_admin: user.admin,
    external: false,
    private_profile: false,
  });
};

const ownToken = ({ caller }: ApiRequest) => {
  const { token } = caller;
  if (token === null) throw unauthorized();
  return json({
    id: token.id,
    name: `token ${token.id}`,
    revoked: token.revoked,
    scopes: token.scopes,
    user_id: token.user.id,
    active: true,
    expires_at: token.expiresAt === null ? null : new Date(token.expiresAt).toISOString().slice(0, 10),
  });
};

const users = (request: ApiRequest) => {
  requireUser(request.caller);
  const { world } = request.context;
  const name = request.params["username"];
  const found = world.users.filter((user) => typeof name !== "string" || user.username === name);
  return paginate(request, found, (user) => userEntity(world, user));
};

/** Anybody who is signed in sees who is a bot; whoever was deleted is not found. */
const oneUser = ({ context, caller, path }: ApiRequest) => {
  requireUser(caller);
  const found = context.world.users.find((user) => String(user.id) === path("user_id"));
  if (found === undefined) throw notFound("User");
  return json({ ...userEntity(context.world, found), bot: found.bot });
};

/** A group is seen by whoever sees a project in it. */
const oneGroup = ({ context: { world }, caller, path }: ApiRequest) => {
  const group = findGroup(world, path("id"));
  const isSeen = world.projects.some(
    (project) =>
      group !== undefined && project.path.startsWith(`${group.path}/`) && canSee(project, caller.user),
  );
  if (group === undefined || !isSeen) throw notFound("Group");
  const name = group.path.split("/").at(-1) ?? "";
  return json({
    id: group.id,
    name,
    path: name,
    full_path: group.path,
    visibility: "private",
    parent_id: null,
  });
};

/** Whether a project passes the filter `archived`, which lists all where it is left out. */
const passesArchived = (request: ApiRequest, project: Project): boolean => {
  const { archived } = parseParams(z.object({ archived: Flag.nullish() }), request.params);
  return isAbsent(archived) || archived === project.archived;
};

const ProjectsInput = z.object({
  min_access_level: Integer.nullish(),
  with_merge_requests_enabled: Flag.nullish(),
});

const projects = (request: ApiRequest, prefix: string) => {
  const { context, caller, params } = request;
  const input = parseParams(ProjectsInput, params);
  const member = params["membership"] === "true" || params["membership"] === true;
  const found = context.world.projects.filter(
    (project) =>
      project.path.startsWith(prefix) &&
      passesArchived(request, project) &&
      canSee(project, caller.user) &&
      (!member || accessLevel(project, caller.user) > 0) &&
      accessLevel(project, caller.user) >= (input.min_access_level ?? 0) &&
      (input.with_merge_requests_enabled !== true || project.mergeRequestsEnabled),
  );
  return paginate(request, found, (project) => projectEntity(context.world, project, caller.user));
};

const groupProjects = (request: ApiRequest) => {
  const group = request.path("id");
  const subgroups = request.params["include_subgroups"];
  const deep = subgroups === "true" || subgroups === true;
  const { world } = request.context;
  const inside = world.projects.filter(
    (project) => project.path.startsWith(`${group}/`) && canSee(project, request.caller.user),
  );
  if (inside.length === 0) throw recordNotFound();
  const shown = inside
    .filter((project) => deep || !project.path.slice(group.length + 1).includes("/"))
    .filter((project) => passesArchived(request, project));
  return paginate(request, shown, (project) => projectEntity(world, project, request.caller.user));
};

const project = ({ context, caller, path }: ApiRequest) =>
  json(projectEntity(context.world, findProject(context.world, caller, path("id")), caller.user));

const member = ({ context, caller, path }: ApiRequest) => {
  requireUser(caller);
  const found = findProject(context.world, caller, path("id"));
  const user = context.world.users.find((candidate) => String(candidate.id) === path("user_id"));
  const level = user === undefined ? undefined : found.members.get(user.id);
  if (user === undefined || level === undefined) throw recordNotFound();
  return json({
    ...userEntity(context.world, user),
    access_level: level,
    expires_at: null,
    membership_state: "active",
  });
};

const members = (request: ApiRequest) => {
  const { context, caller, path } = request;
  requireUser(caller);
  const found = findProject(context.world, caller, path("id"));
  const listed = context.world.users.filter((user) => found.members.has(user.id));
  return paginate(request, listed, (user) => ({
    ...userEntity(context.world, user),
    access_level: found.members.get(user.id) ?? 0,
    expires_at: null,
    membership_state: "active",
  }));
};

/** The instance, the caller, projects and members. */
export const systemRoutes: readonly Route[] = [
  get("version", version, ["read_user"]),
  get("metadata", version, ["read_user"]),
  get("user", currentUser, ["read_user"]),
  get("users", users, ["read_user"]),
  get("users/:user_id", oneUser, ["read_user"]),
  get("personal_access_tokens/self", ownToken, ["read_user", "read_repository", "write_repository"]),
  get("projects", (request) => projects(request, "")),
  get("groups/:id", oneGroup),
  get("groups/:id/projects", groupProjects),
  get("projects/:id", project),
  get("projects/:id/members/all", members),
  get("projects/:id/members/all/:user_id", member),
];
