import { type Message, message } from "../messages/message.ts";
import type { Clock } from "../base/clock.ts";
import { retryBy } from "../base/retry.ts";
import { GitLabError } from "../base/errors.ts";
import type { HookApi } from "../gitlab/hooks/hook-api.ts";
import type { HookEvent } from "../gitlab/hooks/schema.ts";
import { type Diagnosis, fail, ok } from "./diagnosis.ts";

/** GitLab takes so many resends of one user in one project in a minute. */
const PER_MINUTE = 5;
const MINUTE_MS = 61_000;

/** More would take longer than anybody waits; the next call goes on. */
const MAX_RESENDS = 50;

/** Which events are sent again. */
export type ResendSubject = {
  readonly api: HookApi;
  readonly clock: Clock;
  readonly projectId: number;
  readonly path: string;
  readonly hookId: number;
  /** Oldest first. */
  readonly events: readonly HookEvent[];
};

/** What came of sending events again. */
export type Resent = {
  readonly diagnoses: readonly Diagnosis[];
  /** The new attempts, newest first, as GitLab will tell them when it has written them down. */
  readonly attempts: readonly HookEvent[];
};

/**
 * Has GitLab send events again, five in a minute as it allows, and says how each that failed again ended.
 * A receiver knows a resent event by its idempotency key, so that none is worked on twice. GitLab writes
 * the attempts down later, so that they are told from its answers.
 *
 * @see https://docs.gitlab.com/api/project_webhooks/#resend-a-project-webhook-event
 */
export const resendEvents = async (subject: ResendSubject): Promise<Resent> => {
  const { path, hookId, clock } = subject;
  const chosen = subject.events.slice(0, MAX_RESENDS);
  const left = subject.events.length - chosen.length;
  const attempts: HookEvent[] = [];
  const failures: Diagnosis[] = [];
  for (const [index, event] of chosen.entries()) {
    if (index > 0 && index % PER_MINUTE === 0) await clock.sleep(MINUTE_MS);
    const outcome = await resendOne(subject, event);
    if (outcome.status !== null) attempts.unshift({ ...event, response_status: String(outcome.status) });
    const { problem } = outcome;
    if (problem === null) continue;
    failures.push(
      fail(
        "hook-resend",
        message("doctor.resend.failed", { hook: hookId, path, event: event.id, problem }),
        message("doctor.resend.failed.fix"),
      ),
    );
  }
  const arrived = chosen.length - failures.length;
  const counts = { hook: hookId, path, arrived, count: chosen.length };
  const sent =
    left === 0
      ? message("doctor.resend.sent", counts)
      : message("doctor.resend.sent-some", { ...counts, left });
  return { diagnoses: [ok("hook-resend", sent), ...failures], attempts };
};

/** The longest that a rate limit is waited for. */
const MAX_WAIT_MS = 120_000;

/** How a resend ended; the status is null when the event was not sent at all. */
type Outcome = { readonly status: number | null; readonly problem: Message | null };

const resendOne = async (
  { api, clock, projectId, hookId }: ResendSubject,
  event: HookEvent,
): Promise<Outcome> => {
  const pauseMs = (error: unknown, failures: number): number | null => {
    const waitMs = error instanceof GitLabError && error.status === 429 ? error.retryAfterMs : undefined;
    return waitMs === undefined || waitMs > MAX_WAIT_MS || failures > 1 ? null : waitMs + 1_000;
  };
  try {
    const status = await retryBy(() => api.resend(projectId, hookId, event.id), { pauseMs, clock });
    const isGood = status !== null && status >= 200 && status < 300;
    const answered = { status: status ?? message("doctor.nothing") };
    return { status, problem: isGood ? null : message("doctor.resend.answered", answered) };
  } catch (error) {
    if (!(error instanceof GitLabError)) throw error;
    return { status: null, problem: error.what };
  }
};
