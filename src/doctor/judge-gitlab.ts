import type { GitLabError } from "../base/errors.ts";
import { type GitLabVersion, isAtLeast } from "../gitlab/hooks/fetch-version.ts";
import { type Diagnosis, fail, ok, warn } from "./diagnosis.ts";

/** What to do about each way in which GitLab does not answer, by the code of our error. */
const MENDS: Readonly<Record<string, string>> = {
  "gitlab-unreachable":
    "Check that GITLAB_URL is spelt as in the browser and that this machine reaches it: name resolution, firewall, proxy",
  "gitlab-timeout":
    "See whether GitLab is overloaded or a firewall swallows the connection; else raise gitlab.timeout",
  "gitlab-certificate":
    "Put the certificate of your authority into a file and name it in NODE_EXTRA_CA_CERTS, or correct GITLAB_URL",
  "gitlab-redirected": "Set GITLAB_URL to the address that the redirect leads to",
  "gitlab-not-found": "Set GITLAB_URL to GitLab's own address, with the path that it lives under, if any",
  "gitlab-bad-response":
    "Set GITLAB_URL to GitLab itself; a sign-in page or another service answers at this address",
  "gitlab-unavailable": "See GitLab's own health and logs; try again when it is back",
  "gitlab-unauthorized": "Put a valid token into the variable that it names",
  "gitlab-forbidden": "Give the token that it names what it lacks",
  "gitlab-rate-limited": "Wait, or raise the rate limits for API requests in GitLab's admin area",
};

/** What to do about a failed call of GitLab. */
export const mendFor = ({ code }: GitLabError): string =>
  MENDS[code] ?? "Look at the message and at GitLab's logs, then try again";

/** Judges a server that gave no usable answer. */
export const judgeUnreachable = (error: GitLabError): Diagnosis =>
  fail("gitlab-reachable", error.message, mendFor(error));

/**
 * Judges GitLab's version: 16 is the oldest supported; older ones than 17.4 send no idempotency key, older
 * ones than 19.2 leave large diffs out.
 */
export const judgeVersion = (version: GitLabVersion): Diagnosis => {
  const check = "gitlab-version";
  if (!isAtLeast(version, 16, 0))
    return fail(
      check,
      `GitLab ${version.text} is too old`,
      "Update GitLab to 16 or newer; Reviewflow is not made for older ones",
    );
  const lacks = [
    ...(isAtLeast(version, 17, 4)
      ? []
      : ["it sends no idempotency key (17.4), so that a resent event is known by its body only"]),
    ...(isAtLeast(version, 19, 2)
      ? []
      : ["it leaves large diffs out (19.2), so that they are rebuilt from whole files, with more requests"]),
  ];
  return lacks.length === 0
    ? ok(check, `GitLab ${version.text}`)
    : warn(
        check,
        `GitLab ${version.text} works, but ${lacks.join("; ")}`,
        "Nothing is needed; updating GitLab to 19.2 or newer takes this away",
      );
};

/** The limits of the clock: GitLab's signatures are taken within 5 minutes. */
const CLOCK_WARN_MS = 60_000;
const CLOCK_FAIL_MS = 300_000;

/** Judges how far our clock is before (or, below 0, behind) GitLab's; null when GitLab told no time. */
export const judgeClock = (skewMs: number | null, toleranceMs = CLOCK_FAIL_MS): Diagnosis => {
  const check = "clock";
  if (skewMs === null)
    return warn(
      check,
      "GitLab's answers hold no Date, so that the clocks cannot be compared",
      "Compare this machine's time with GitLab's by hand; signed deliveries need them within minutes",
    );
  const seconds = Math.round(Math.abs(skewMs) / 1_000);
  const what = `This machine's clock is ${seconds} s ${skewMs < 0 ? "behind" : "ahead of"} GitLab's`;
  const mend = "Let both machines take their time from the network (systemd-timesyncd, chrony)";
  if (Math.abs(skewMs) > Math.min(CLOCK_FAIL_MS, toleranceMs))
    return fail(check, `${what}; signed deliveries are refused as stale`, mend);
  if (Math.abs(skewMs) > CLOCK_WARN_MS) return warn(check, what, mend);
  return ok(check, seconds <= 2 ? "The clock agrees with GitLab's" : what);
};
