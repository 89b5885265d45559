import { type Diagnosis, fail, ok, warn } from "./diagnosis.ts";

/** What GitLab tells of the token that asks. */
export type TokenFacts = {
  /** What the operator knows it by. */
  readonly tokenName: string;
  readonly scopes: readonly string[];
  /** A day such as `2026-12-31`, at whose beginning (UTC) it ends; null for never. */
  readonly expiresAt: string | null;
  readonly username: string | null;
  readonly nowMs: number;
};

const DAY_MS = 86_400_000;
const WARN_DAYS = 14;

/** Scopes that give a reviewer more than it needs. */
const TOO_MUCH = new Set(["sudo", "admin_mode", "k8s_proxy", "create_runner", "manage_runner"]);

/** Judges a token that GitLab accepts: its end and its scopes. */
export const judgeToken = (facts: TokenFacts): readonly Diagnosis[] => [
  judgeExpiry(facts),
  judgeScopes(facts),
];

const judgeExpiry = ({ tokenName, expiresAt, username, nowMs }: TokenFacts): Diagnosis => {
  const check = "token-expiry";
  const who = username === null ? tokenName : `${tokenName} (${username})`;
  const endMs = expiresAt === null ? Number.NaN : Date.parse(expiresAt);
  if (Number.isNaN(endMs)) return ok(check, `${who} is valid and has no end`);
  const days = Math.floor((endMs - nowMs) / DAY_MS);
  const mend = `Make a new token (or rotate it) and put it into ${tokenName} before ${expiresAt}`;
  if (endMs <= nowMs) return fail(check, `${who} ended on ${expiresAt}`, mend);
  if (days < WARN_DAYS) return warn(check, `${who} ends on ${expiresAt}, in ${days} days`, mend);
  return ok(check, `${who} is valid until ${expiresAt}`);
};

const judgeScopes = ({ tokenName, scopes }: TokenFacts): Diagnosis => {
  const check = "token-scopes";
  const listed = scopes.join(", ") || "none";
  if (!scopes.includes("api"))
    return fail(
      check,
      `${tokenName} lacks the scope api (it has ${listed}), so that it can write no note`,
      `Make a token with the scope api and put it into ${tokenName}; the scopes of one that exists cannot be changed`,
    );
  const more = scopes.filter((scope) => TOO_MUCH.has(scope));
  return more.length === 0
    ? ok(check, `${tokenName} has the scope api`)
    : warn(
        check,
        `${tokenName} may do more than a reviewer needs (${more.join(", ")})`,
        `Make a token with the scope api alone and put it into ${tokenName}`,
      );
};

/** Judges a token that GitLab does not accept. */
export const judgeRefusedToken = (tokenName: string, message: string): Diagnosis =>
  fail(
    "token-valid",
    message,
    `Make a project or group access token with the scope api and the role Developer, and put it into ${tokenName}`,
  );
