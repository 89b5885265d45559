import { type Message, message } from "../messages/message.ts";
import type { GitLabError } from "../base/errors.ts";
import { type GitLabVersion, isAtLeast } from "../gitlab/hooks/fetch-version.ts";
import { type Diagnosis, fail, ok, warn } from "./diagnosis.ts";

/** The ways in which GitLab does not answer, by the code of our error, that have something to do about them. */
const FIXABLE = [
  "gitlab-unreachable",
  "gitlab-timeout",
  "gitlab-certificate",
  "gitlab-redirected",
  "gitlab-not-found",
  "gitlab-bad-response",
  "gitlab-unavailable",
  "gitlab-unauthorized",
  "gitlab-forbidden",
  "gitlab-rate-limited",
] as const;

/** What to do about a failed call of GitLab. */
export const fixFor = ({ code }: GitLabError): Message => {
  const known = FIXABLE.find((one) => one === code);
  return message(known === undefined ? "doctor.gitlab.fix.other" : `doctor.gitlab.fix.${known}`);
};

/** Diagnoses a server that gave no usable answer. */
export const diagnoseUnreachable = (error: GitLabError): Diagnosis =>
  fail("gitlab-reachable", error.what, fixFor(error));

/**
 * Diagnoses GitLab's version: 16 is the oldest supported; older ones than 17.4 send no idempotency key, older
 * ones than 19.2 leave large diffs out.
 */
export const diagnoseVersion = (found: GitLabVersion): Diagnosis => {
  const check = "gitlab-version";
  const version = found.text;
  if (!isAtLeast(found, 16, 0))
    return fail(check, message("doctor.version.old", { version }), message("doctor.version.old.fix"));
  const lacks = [
    ...(isAtLeast(found, 17, 4) ? [] : [message("doctor.version.no-key")]),
    ...(isAtLeast(found, 19, 2) ? [] : [message("doctor.version.no-diffs")]),
  ];
  if (lacks.length === 0) return ok(check, message("doctor.version.ok", { version }));
  return warn(
    check,
    message("doctor.version.lacks", { version, lacks }),
    message("doctor.version.lacks.fix"),
  );
};

/** The limits of the clock: GitLab's signatures are taken within 5 minutes. */
const CLOCK_WARN_MS = 60_000;
const CLOCK_FAIL_MS = 300_000;

/** Diagnoses how far our clock is before (or, below 0, behind) GitLab's; null when GitLab told no time. */
export const diagnoseClock = (skewMs: number | null, toleranceMs = CLOCK_FAIL_MS): Diagnosis => {
  const check = "clock";
  if (skewMs === null)
    return warn(check, message("doctor.clock.unknown"), message("doctor.clock.unknown.fix"));
  const seconds = Math.round(Math.abs(skewMs) / 1_000);
  const skew = message("doctor.clock.skew", { seconds, side: skewMs < 0 ? "behind" : "ahead" });
  const fix = message("doctor.clock.fix");
  if (Math.abs(skewMs) > Math.min(CLOCK_FAIL_MS, toleranceMs))
    return fail(check, message("doctor.clock.stale", { skew }), fix);
  if (Math.abs(skewMs) > CLOCK_WARN_MS) return warn(check, skew, fix);
  return ok(check, seconds <= 2 ? message("doctor.clock.ok") : skew);
};
