import type { IncomingHttpHeaders } from "node:http";
import { ApiError, forbidden, notFound, recordNotFound, unauthorized } from "./answers.ts";
import { mayReadCode } from "./context.ts";
import type { MergeRequest, Project, Scope, Token, User } from "./state.ts";
import { accessLevel, canSee } from "./world.ts";
import type { World } from "./world.ts";

/** Who asks: a user by a token, or nobody. */
export type Caller = { readonly user: User | null; readonly token: Token | null };

const EXPIRED = "Token is expired. You can either do re-authorization or token refresh.";
const REVOKED = "Token was revoked. You have to re-authorize from the user.";

const tokenText = (headers: IncomingHttpHeaders): string | null => {
  const own = headers["private-token"];
  if (typeof own === "string" && own !== "") return own;
  const bearer = /^bearer\s+(\S+)$/i.exec(headers.authorization ?? "");
  return bearer?.[1] ?? null;
};

const refusal = (description: string): ApiError =>
  new ApiError(
    401,
    { error: "invalid_token", error_description: description },
    {
      "WWW-Authenticate": `Bearer realm="Protected by OAuth 2.0", error="invalid_token", error_description="${description}"`,
    },
  );

/**
 * The caller of a request, by `PRIVATE-TOKEN` or `Authorization: Bearer`.
 * @throws ApiError 401, with `invalid_token` where the token was known but has expired or been revoked.
 */
export const identify = (world: World, headers: IncomingHttpHeaders): Caller => {
  const text = tokenText(headers);
  if (text === null) return { user: null, token: null };
  const token = world.tokens.find((candidate) => candidate.value === text);
  if (token === undefined) throw unauthorized();
  if (token.revoked) throw refusal(REVOKED);
  if (token.expiresAt !== null && token.expiresAt <= world.now()) throw refusal(EXPIRED);
  return { user: token.user, token };
};

/** Refuses a token whose scopes do not cover the request, with 403 `insufficient_scope`. */
export const checkScope = (caller: Caller, method: string, extra: readonly Scope[]): void => {
  if (caller.token === null) return;
  const reading = method === "GET" || method === "HEAD";
  const accepted: readonly Scope[] = ["api", ...(reading ? (["read_api", ...extra] as const) : [])];
  if (caller.token.scopes.some((scope) => accepted.includes(scope))) return;
  throw new ApiError(403, {
    error: "insufficient_scope",
    error_description: "The request requires higher privileges than provided by the access token.",
    scope: accepted.join(" "),
  });
};

/** The user, or 401 of nobody. */
export const requireUser = (caller: Caller): User => {
  if (caller.user === null) throw unauthorized();
  return caller.user;
};

/** The project by its number or path; 404 also where the caller may not know of it. */
export const findProject = (world: World, caller: Caller, id: string): Project => {
  const project = world.projects.find((candidate) => String(candidate.id) === id || candidate.path === id);
  if (project === undefined || !canSee(project, caller.user)) throw notFound("Project");
  return project;
};

/** Refuses a caller below a role with 403. */
export const requireLevel = (project: Project, caller: Caller, level: number): User => {
  const user = requireUser(caller);
  if (accessLevel(project, user) < level) throw forbidden();
  return user;
};

/** Refuses with 403 a caller who sees the project but not its code. */
export const requireCode = (project: Project, caller: Caller): void => {
  if (!mayReadCode(project, caller.user)) throw forbidden();
};

/** The merge request by its iid; 404 also where the caller may not read merge requests. */
export const findMergeRequest = (project: Project, caller: Caller, iid: string): MergeRequest => {
  if (!/^\d+$/.test(iid)) throw new ApiError(400, { error: "merge_request_iid is invalid" });
  const found = project.mergeRequests.find((candidate) => String(candidate.iid) === iid);
  if (found === undefined || !mayReadCode(project, caller.user)) throw recordNotFound();
  return found;
};
