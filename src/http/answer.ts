import { inEnglish } from "../base/errors.ts";
import type { Message } from "../messages/message.ts";
import type { JsonObject } from "../base/json.ts";
import type { AcceptOutcome } from "../store/store.ts";

/** What a request is answered with; never a redirect, which GitLab takes for success. */
export type Answer = {
  readonly status: 200 | 202 | 400 | 401 | 404 | 405 | 408 | 411 | 413 | 415 | 429 | 500 | 503;
  readonly body: JsonObject;
  readonly headers?: Readonly<Record<string, string>>;
};

const problem = (
  status: Answer["status"],
  code: string,
  message: string,
  headers: Record<string, string> = {},
): Answer => ({
  status,
  body: { error: { code, message } },
  headers,
});

/**
 * Every answer of the webhook. GitLab turns a hook off after failures in a row, so only what is wrong
 * with the sender is told by a status of 4xx; what is merely unwanted is a success with its reason.
 */
export const answers = {
  accepted: (outcome: AcceptOutcome): Answer => ({
    status: "runId" in outcome ? 202 : 200,
    body: describeOutcome(outcome),
  }),
  unauthorized: (code: string, message: string): Answer => problem(401, code, message),
  invalid: ({ code, what }: { readonly code: string; readonly what: Message }): Answer =>
    problem(400, code, inEnglish(what)),
  wrongContentType: problem(
    415,
    "content-type",
    "Send the event as application/json, as GitLab's webhooks do",
  ),
  tooLarge: problem(413, "body-too-large", "The body is over 25 MB, the most that GitLab sends"),
  tooLargeUnproven: problem(
    413,
    "body-too-large-unproven",
    "The body is over 1 MB, the most that is taken from a sender who proved nothing yet: once a smaller event with this token, or with a right signature from this address, was taken, 25 MB are",
  ),
  lengthRequired: problem(
    411,
    "length-required",
    "A sender who proved nothing yet says how long the body is (Content-Length), as GitLab does",
  ),
  tooManyRefused: problem(
    429,
    "too-many-refused",
    "Too many wrong tokens came from this address; wait a minute",
    { "retry-after": "60" },
  ),
  incomplete: problem(408, "body-incomplete", "The body did not arrive whole"),
  wrongMethod: problem(
    405,
    "method-not-allowed",
    "GitLab's webhooks are sent here with POST; there is nothing to read",
    { allow: "POST" },
  ),
  notFound: problem(404, "not-found", "There is nothing here; GitLab's webhooks go to /webhooks/gitlab"),
  internal: problem(500, "internal", "The request could not be handled; the log says why"),
  /** The event is not stored: only the sender can bring it again. */
  unavailable: (code: string, message: string): Answer => problem(503, code, message, { "retry-after": "5" }),
} as const;

const describeOutcome = (outcome: AcceptOutcome): JsonObject => {
  const base = { outcome: outcome.kind, delivery: outcome.deliveryId };
  switch (outcome.kind) {
    case "review":
    case "reply":
      return { ...base, run: outcome.runId };
    case "cancel":
      return { ...base, runs: outcome.runIds, reason: outcome.reason };
    case "ignore":
      return { ...base, reason: outcome.reason };
    case "duplicate":
      return base;
  }
};
