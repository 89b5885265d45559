import { isAbsent } from "../absent.ts";
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { ApiError, invalidParameter, json, noContent, recordNotFound } from "../answers.ts";
import { findProject, requireLevel } from "../auth.ts";
import { paginate } from "../pagination.ts";
import { Flag, Integer, parseParams, Text } from "../params.ts";
import { del, get, post, put } from "../router.ts";
import type { ApiRequest, Route } from "../router.ts";
import { deliveryEntity, hookEntity } from "../side-entities.ts";
import type { Hook, Project, User } from "../state.ts";
import { testEvent } from "../test-events.ts";
import { ACCESS_LEVELS } from "../state.ts";

/** The triggers of a project hook and whether each is on where it is not given. */
const FLAG_DEFAULTS: Readonly<Record<string, boolean>> = {
  push_events: true,
  issues_events: false,
  confidential_issues_events: false,
  merge_requests_events: false,
  tag_push_events: false,
  note_events: false,
  confidential_note_events: false,
  job_events: false,
  pipeline_events: false,
  wiki_page_events: false,
  deployment_events: false,
  feature_flag_events: false,
  releases_events: false,
  emoji_events: false,
  resource_access_token_events: false,
  enable_ssl_verification: true,
  repository_update_events: false,
};

const FlagFields = z.object(
  Object.fromEntries(Object.keys(FLAG_DEFAULTS).map((name) => [name, Flag.nullish()])),
);
const TextFields = z.object({
  name: Text.nullish(),
  description: Text.nullish(),
  token: Text.nullish(),
  signing_token: Text.nullish(),
  push_events_branch_filter: Text.nullish(),
});
const UpdateInput = TextFields.extend({ url: z.string().nullish() });

const target = (request: ApiRequest): { readonly project: Project; readonly user: User } => {
  const { context, caller, path } = request;
  const project = findProject(context.world, caller, path("id"));
  return { project, user: requireLevel(project, caller, ACCESS_LEVELS.maintainer) };
};

const hookOf = (request: ApiRequest): Hook => {
  const found = target(request).project.hooks.find((hook) => String(hook.id) === request.path("hook_id"));
  if (found === undefined) throw recordNotFound();
  return found;
};

/** 422 `Invalid url given` for what is not an address of http or https. */
const checkUrl = (url: string): void => {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !["http:", "https:"].includes(parsed.protocol) || parsed.hostname === "") {
    throw new ApiError(422, { error: "Invalid url given" });
  }
};

/** Before 19.0 the parameter is unknown and ignored; then it holds a base64 key of 32 bytes behind `whsec_`. */
const checkedSigningToken = (
  request: ApiRequest,
  token: string | null | undefined,
): string | null | undefined => {
  if (!request.context.world.atLeast(19, 0)) return undefined;
  if (token === null || token === undefined || token === "") return token === undefined ? undefined : null;
  const encoded = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(token)?.[1];
  if (encoded === undefined || Buffer.from(encoded, "base64").length !== 32) {
    throw new ApiError(422, {
      message: { signing_token: ["must be in whsec_<base64> format encoding a 32-byte key"] },
    });
  }
  return token;
};

const given = (flags: Readonly<Record<string, boolean | null | undefined>>): Record<string, boolean> =>
  Object.fromEntries(
    Object.entries(flags).flatMap(([name, value]) => (isAbsent(value) ? [] : [[name, value]])),
  );

const list = (request: ApiRequest) =>
  paginate(request, target(request).project.hooks, (hook) => hookEntity(request.context.world, hook));

const show = (request: ApiRequest) => json(hookEntity(request.context.world, hookOf(request)));

const create = (request: ApiRequest) => {
  const { project } = target(request);
  const { world } = request.context;
  const input = parseParams(UpdateInput.extend({ url: z.string() }), request.params);
  const flags = given(parseParams(FlagFields, request.params));
  checkUrl(input.url);
  const hook: Hook = {
    id: world.nextId("hook"),
    project,
    url: input.url,
    name: input.name ?? null,
    description: input.description ?? null,
    token: input.token || null,
    signingToken: checkedSigningToken(request, input.signing_token) ?? null,
    flags: { ...FLAG_DEFAULTS, ...flags },
    branchFilter: input.push_events_branch_filter ?? "",
    createdAt: world.timestamp(),
    failures: 0,
    disabledUntil: null,
    deliveries: [],
  };
  project.hooks.push(hook);
  return json(hookEntity(world, hook), 201);
};

const update = (request: ApiRequest) => {
  const hook = hookOf(request);
  const input = parseParams(UpdateInput, request.params);
  const flags = given(parseParams(FlagFields, request.params));
  if (Object.values(input).every((value) => value === undefined) && Object.keys(flags).length === 0) {
    throw new ApiError(400, { error: "No parameters provided" });
  }
  const signingToken = checkedSigningToken(request, input.signing_token);
  if (!isAbsent(input.url)) {
    checkUrl(input.url);
    // Secrets are for one address: a new one starts without them.
    if (input.url !== hook.url && isAbsent(input.token)) hook.token = null;
    hook.url = input.url;
  }
  if (input.token !== undefined) hook.token = input.token || null;
  if (signingToken !== undefined) hook.signingToken = signingToken;
  if (input.name !== undefined) hook.name = input.name;
  if (input.description !== undefined) hook.description = input.description;
  if (!isAbsent(input.push_events_branch_filter)) hook.branchFilter = input.push_events_branch_filter;
  Object.assign(hook.flags, flags);
  return json(hookEntity(request.context.world, hook));
};

const remove = (request: ApiRequest) => {
  const { hooks } = target(request).project;
  hooks.splice(hooks.indexOf(hookOf(request)), 1);
  return noContent();
};

const tooMany = (retryAfterSeconds: number): ApiError =>
  new ApiError(
    429,
    { message: { error: "This endpoint has been requested too many times. Try again later." } },
    { "Retry-After": String(retryAfterSeconds) },
  );

/** Both test deliveries and resends are limited to five a minute. */
const PER_MINUTE = 5;

const countOrRefuse = (request: ApiRequest, what: string, project: Project, user: User): void => {
  const allowance = request.limiter.count(`${what} ${project.id} ${user.id}`, PER_MINUTE);
  if (!allowance.allowed) throw tooMany(allowance.resetSeconds);
};

const test = async (request: ApiRequest) => {
  const { project, user } = target(request);
  const hook = hookOf(request);
  const trigger = request.path("trigger");
  if (!(trigger in FLAG_DEFAULTS)) throw invalidParameter("trigger does not have a valid value");
  countOrRefuse(request, "test hook", project, user);
  const event = await testEvent(request.context, project, user, trigger);
  if (typeof event === "string") throw new ApiError(422, { message: event });
  const message = { ...event, body: JSON.stringify(event.payload), idempotencyKey: randomUUID() };
  const delivery = await request.context.hooks.deliver(hook, message, true);
  // Only a 2xx answer counts here, though a redirect wakes a disabled hook all the same.
  if (delivery === null || !/^2\d\d$/.test(delivery.responseStatus)) {
    throw new ApiError(422, { message: delivery?.errorMessage ?? delivery?.responseBody ?? "Hook disabled" });
  }
  return json({ message: "201 Created" }, 201);
};

const DAYS_KEPT_MS = 7 * 86_400_000;
const EVENTS_PER_PAGE = 20;

const inStatus = (status: string, wanted: string): boolean => {
  const category = { successful: "2", client_failure: "4", server_failure: "5" }[wanted];
  return category === undefined ? status === wanted : /^\d{3}$/.test(status) && status.startsWith(category);
};

const events = (request: ApiRequest) => {
  const hook = hookOf(request);
  const { status, per_page: size } = parseParams(
    z.object({ status: Text.nullish(), per_page: Integer.nullish() }),
    request.params,
  );
  // Unlike other lists this one refuses larger pages.
  if (!isAbsent(size) && (size < 1 || size > EVENTS_PER_PAGE)) {
    throw invalidParameter("per_page does not have a valid value");
  }
  const wanted = (status ?? "").split(",").filter(Boolean);
  const since = request.context.world.now() - DAYS_KEPT_MS;
  const found = hook.deliveries
    .filter((delivery) => delivery.at >= since)
    .filter(
      (delivery) => wanted.length === 0 || wanted.some((one) => inStatus(delivery.responseStatus, one)),
    );
  return paginate(request, found.toReversed(), deliveryEntity, EVENTS_PER_PAGE);
};

const resend = async (request: ApiRequest) => {
  const { project, user } = target(request);
  const hook = hookOf(request);
  countOrRefuse(request, "resend hook event", project, user);
  const logged = hook.deliveries.find((delivery) => String(delivery.id) === request.path("event_id"));
  if (logged === undefined) throw recordNotFound();
  if (logged.url !== hook.url) {
    throw new ApiError(422, { message: "The hook URL has changed. Unable to resend." });
  }
  const delivery = await request.context.hooks.deliver(hook, logged);
  if (delivery === null) throw new ApiError(422, { message: "Hook disabled" });
  if (delivery.errorMessage !== null) throw new ApiError(422, { message: delivery.errorMessage });
  return json({ response_status: Number(delivery.responseStatus) }, 201);
};

const BASE = "projects/:id/hooks";

/** Project hooks, for Maintainers. */
export const hookRoutes: readonly Route[] = [
  get(BASE, list),
  post(BASE, create),
  get(`${BASE}/:hook_id`, show),
  put(`${BASE}/:hook_id`, update),
  del(`${BASE}/:hook_id`, remove),
  post(`${BASE}/:hook_id/test/:trigger`, test),
  get(`${BASE}/:hook_id/events`, events),
  post(`${BASE}/:hook_id/events/:event_id/resend`, resend),
];
