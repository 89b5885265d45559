import { type Translate, translator } from "../messages/format-message.ts";
import { FALLBACK } from "../messages/language.ts";
import { type Message, message, verbatim } from "../messages/message.ts";
import type { Outside } from "./outside.ts";
import { isReasonCode, type Reason, REASONS, reasonFrom, reasonOf, withDetail } from "./reason.ts";

/** What every failure of ours carries besides its message. */
export type FailureDetails = {
  /** Stable, machine-readable name of the failure, in kebab-case; shown on pages and in logs. */
  readonly code: string;
  /** Whether trying the same thing again later may succeed; decided where the error is born. */
  readonly retryable?: boolean;
  /** How long the other side asked us to wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** Whether nothing was tried at all: an attempt that ends so does not count. */
  readonly untried?: boolean;
  /** What outside this process failed; left out where it is a failure of our own, or of the request. */
  readonly outside?: Outside | undefined;
  /** What the failure is for a run, where its code alone does not say it; see `reasonOfError`. */
  readonly reason?: Reason;
  /** What the other side said in its own words, masked; left out where it said nothing. */
  readonly said?: string | undefined;
  /** The error that this one translates. */
  readonly cause?: unknown;
};

/**
 * The common ground of the failures that Reviewflow throws. Expected outcomes are unions, not errors. `what`
 * is for people, in their language, names what to change and holds no secret; `message` is the same in English,
 * for logs.
 */
export abstract class ReviewflowError extends Error {
  readonly what: Message;
  readonly code: string;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly untried: boolean;
  readonly outside: Outside | undefined;
  readonly reason: Reason | undefined;
  readonly said: string;

  constructor(what: Message, details: FailureDetails) {
    super(inEnglish(what), details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.what = what;
    this.code = details.code;
    this.retryable = details.retryable ?? false;
    this.retryAfterMs = details.retryAfterMs;
    this.untried = details.untried ?? false;
    this.outside = details.outside;
    this.reason = details.reason;
    this.said = details.said ?? "";
  }
}

/** A message for logs. */
export const inEnglish = (what: Message): string => translator(FALLBACK).message(what);

/** What a port of the engine fails with: in English for the flow that reads it, as a code for people. */
export const stated = (host: Message): { readonly message: string; readonly host: Message } => ({
  message: inEnglish(host),
  host,
});

/** The configuration cannot be used as it stands; `problems` lists every mistake that was found. */
export class ConfigError extends ReviewflowError {
  readonly problems: readonly Message[];

  constructor(problems: readonly Message[], details: Partial<FailureDetails> = {}) {
    super(listOf("config.problems", problems), { code: "config-invalid", ...details });
    this.problems = problems;
  }
}

/** Several problems under a head, each in a line of its own. */
export const listOf = (code: "cli.problems" | "config.problems", problems: readonly Message[]): Message => {
  const lines = problems.reduce<Message | string>(
    (above, line) => message("problem.listed", { above, line }),
    "",
  );
  return message(code, { count: problems.length, problems: problems.length === 1 ? problems : lines });
};

/** A problem with the key, file or option that it is about. */
export const problemAt = (place: string, problem: Message): Message =>
  message("problem.at", { place, problem });

/** GitLab refused, failed or could not be reached. `status` is the HTTP status, null without an answer. */
export class GitLabError extends ReviewflowError {
  readonly status: number | null;

  constructor(what: Message, details: FailureDetails & { readonly status: number | null }) {
    super(what, details);
    this.status = details.status;
  }
}

/** Dify refused, failed or could not be reached. `code` is Dify's own error code where it gave one. */
export class DifyError extends ReviewflowError {
  readonly status: number | null;

  constructor(what: Message, details: FailureDetails & { readonly status: number | null }) {
    super(what, details);
    this.status = details.status;
  }
}

/** A model provider refused, failed or answered with something unusable. */
export class ModelError extends ReviewflowError {}

/** A flow cannot be loaded or run; `nodeId` names the node at fault, null for the file as a whole. */
export class FlowError extends ReviewflowError {
  readonly nodeId: string | null;

  constructor(what: Message, details: FailureDetails & { readonly nodeId: string | null }) {
    super(what, details);
    this.nodeId = details.nodeId;
  }
}

/** What a flow reported as findings cannot be understood. */
export class FindingsError extends ReviewflowError {}

/** A budget is used up; nothing more is spent under it until its next day. */
export class BudgetError extends ReviewflowError {}

/** The store cannot be opened, read or written. */
export class StoreError extends ReviewflowError {}

/** Whether `error` is one of ours and worth another attempt. Unknown errors are not retried blindly. */
export const isRetryable = (error: unknown): boolean => error instanceof ReviewflowError && error.retryable;

/** Whether `error` says that nothing was tried, so that the attempt does not count. */
export const isUntried = (error: unknown): boolean => error instanceof ReviewflowError && error.untried;

/** Whether `error` says that something outside failed, which is waited for. */
export const isOutside = (error: unknown): boolean =>
  error instanceof ReviewflowError && error.outside !== undefined;

/** A one-line account of any thrown value, for logs, pages and reasons. */
export const describeError = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** As `describeError`, in the language of whoever reads it where the error is one of ours. */
export const explainError = (t: Translate, error: unknown): string =>
  error instanceof ReviewflowError ? t.message(error.what) : describeError(error);

/** What any thrown value says, as far as another message names it. */
export const messageOfError = (error: unknown): Message =>
  error instanceof ReviewflowError ? error.what : verbatim(describeError(error));

/**
 * Why a run failed that ended in `error`: the error's own reason, else its code where that is one of a reason, else
 * the code of its kind. What the error says stands in the detail.
 */
export const reasonOfError = (error: unknown): Reason => {
  if (!(error instanceof ReviewflowError))
    return reasonOf("unexpected-error", { detail: describeError(error) });
  return error.reason ?? withDetail(reasonOfCode(error), error.what);
};

const reasonOfCode = (error: ReviewflowError): Reason => {
  const { code } = error;
  const known = isReasonCode(code) && Object.keys(REASONS[code]).length === 0;
  return known ? reasonFrom(code, {}) : reasonOf(familyOf(error), { error: code });
};

const familyOf = (error: ReviewflowError) => {
  if (error instanceof GitLabError) return "gitlab-failed";
  if (error instanceof DifyError) return "dify-failed";
  if (error instanceof ModelError) return "model-failed";
  if (error instanceof FlowError) return "flow-unusable";
  return error instanceof StoreError ? "store-failed" : "failed-otherwise";
};
