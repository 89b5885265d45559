import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { describeError, StoreError } from "../../base/errors.ts";
import type { Secret } from "../../base/secret.ts";
import { maskAnswers } from "../mask-answers.ts";
import { apiProblem } from "./api-problem.ts";
import { guardApi, type GuardOptions } from "./guard-api.ts";

/** Routes of one kind of thing, behind the API's guard. */
type ApiPart = {
  /** Below the API's path, such as `/deliveries`. */
  readonly path: string;
  readonly routes: Hono;
};

/** What the API is made of. */
export type ApiOptions = GuardOptions & {
  readonly parts: readonly ApiPart[];
  /** What no answer holds. */
  readonly secrets: readonly Secret[];
};

/** Where the API lives in the server. */
export const API_PATH = "/api";

const LARGEST_BODY = 1_048_576;

/**
 * What the command line asks of the running server, which has the store to itself: JSON over the same
 * port as the dashboard, with its admin token. Answers hold no secrets; failures are
 * `{"error": {"code", "message"}}`.
 */
export const createApi = (options: ApiOptions): Hono => {
  const api = new Hono();
  api.use("*", maskAnswers(options.secrets));
  api.use("*", guardApi(options));
  api.use(
    "*",
    bodyLimit({
      maxSize: LARGEST_BODY,
      onError: (context) => apiProblem(context, 413, "body-too-large", "The body is over 1 MiB"),
    }),
  );
  for (const { path, routes } of options.parts) api.route(path, routes);
  api.all("*", (context) =>
    apiProblem(
      context,
      404,
      "route-unknown",
      "This server's API has no such route; are both of one version?",
    ),
  );
  api.onError((error, context) => {
    options.logger.error({ error: describeError(error), stack: error.stack }, "API request failed");
    return error instanceof StoreError
      ? apiProblem(context, 503, error.code, error.message)
      : apiProblem(context, 500, "internal", "The request could not be handled; the server's log says why");
  });
  return api;
};
