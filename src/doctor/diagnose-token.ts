import { type Message, message } from "../messages/message.ts";
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

/** Diagnoses a token that GitLab accepts: its end and its scopes. */
export const diagnoseToken = (facts: TokenFacts): readonly Diagnosis[] => [
  diagnoseExpiry(facts),
  diagnoseScopes(facts),
];

const diagnoseExpiry = ({ tokenName, expiresAt: day, username, nowMs }: TokenFacts): Diagnosis => {
  const check = "token-expiry";
  const token = username === null ? tokenName : message("doctor.token.named", { token: tokenName, username });
  const endMs = day === null ? Number.NaN : Date.parse(day);
  if (day === null || Number.isNaN(endMs)) return ok(check, message("doctor.token.no-end", { token }));
  const days = Math.floor((endMs - nowMs) / DAY_MS);
  const fix = message("doctor.token.end.fix", { token: tokenName, day });
  if (endMs <= nowMs) return fail(check, message("doctor.token.ended", { token, day }), fix);
  return days < WARN_DAYS
    ? warn(check, message("doctor.token.ends", { token, day, days }), fix)
    : ok(check, message("doctor.token.valid", { token, day }));
};

const diagnoseScopes = ({ tokenName: token, scopes }: TokenFacts): Diagnosis => {
  const check = "token-scopes";
  if (!scopes.includes("api"))
    return fail(
      check,
      message("doctor.token.no-scope", { token, scopes: scopes.join(", ") || "–" }),
      message("doctor.token.no-scope.fix", { token }),
    );
  const more = scopes.filter((scope) => TOO_MUCH.has(scope));
  return more.length === 0
    ? ok(check, message("doctor.token.scope", { token }))
    : warn(
        check,
        message("doctor.token.too-much", { token, scopes: more.join(", ") }),
        message("doctor.token.too-much.fix", { token }),
      );
};

/** Diagnoses a token that GitLab does not accept. */
export const diagnoseRefusedToken = (token: string, why: Message): Diagnosis =>
  fail("token-valid", why, message("doctor.token.refused.fix", { token }));
