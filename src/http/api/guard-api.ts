import type { MiddlewareHandler } from "hono";
import type { Clock } from "../../base/clock.ts";
import { type Logger, limitWarnings } from "../../base/logger.ts";
import { decideAccess } from "../dashboard/access.ts";
import { attemptBearer, type AttemptLimit } from "../dashboard/attempt-limit.ts";
import type { AccessOptions } from "../dashboard/dashboard-options.ts";
import type { ClientOf } from "../client-of.ts";
import { apiProblem } from "./api-problem.ts";

/** Who may use the API. */
export type GuardOptions = {
  readonly access: Pick<AccessOptions, "host" | "adminToken" | "gitlab" | "publicUrl" | "sessionMs">;
  /** The same as the sign-in's, so that nobody guesses twice as often by using both. */
  readonly attempts: AttemptLimit;
  readonly clientOf: ClientOf;
  readonly clock: Clock;
  readonly logger: Logger;
};

type Headers = Readonly<Record<string, string | undefined>>;

/** A browser tells where a request comes from; a page of somebody else must not reach a server on loopback. */
const isOfAPage = (headers: Headers): boolean =>
  headers["origin"] !== undefined || !["none", "same-origin", undefined].includes(headers["sec-fetch-site"]);

/**
 * Comes before every route of the API: lets whoever holds the admin token in. Where none is set, only
 * this machine gets in, and only where the dashboard is as open.
 */
export const guardApi = ({ access, attempts, clientOf, ...options }: GuardOptions): MiddlewareHandler => {
  const logger = limitWarnings(options.logger, options.clock);
  return async (context, next) => {
    context.header("cache-control", "no-store");
    const headers = context.req.header();
    const { adminToken } = access;
    if (adminToken === null) {
      if (decideAccess(access, context) !== "open" || isOfAPage(headers)) {
        const message =
          "The API is for this machine only; set REVIEWFLOW_ADMIN_TOKEN and send it as a bearer token";
        return apiProblem(context, 403, "admin-token-not-set", message);
      }
      await next();
      return undefined;
    }
    const client = clientOf(context);
    const attempt = attemptBearer(attempts, client, adminToken, headers["authorization"]);
    if (attempt.kind === "held") {
      context.header("retry-after", String(Math.ceil(attempt.waitMs / 1_000)));
      return apiProblem(context, 429, "too-many-attempts", "Too many wrong tokens; wait a minute");
    }
    if (attempt.kind === "wrong") {
      logger.warn({ client }, "API request refused");
      context.header("www-authenticate", "Bearer");
      const message =
        "Send the token of REVIEWFLOW_ADMIN_TOKEN, else of admin-token in the data folder, as a bearer token";
      return apiProblem(context, 401, "admin-token-wrong", message);
    }
    await next();
    return undefined;
  };
};
