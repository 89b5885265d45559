import { createHash, randomBytes } from "node:crypto";
import { Hono } from "hono";
import { limitWarnings } from "../../base/logger.ts";
import type { DashboardOptions, GitLabSignIn } from "./dashboard-options.ts";
import { setSession } from "./receive-visit.ts";
import type { Session, Sessions } from "./session.ts";
import { sendSignIn } from "./sign-in-routes.ts";
import { BASE, type DashboardEnv, safeReturn } from "./visit.ts";

/** How long somebody may take at GitLab, in milliseconds. */
const PATIENCE_MS = 600_000;
const LONGEST_STATE = 2_000;

/**
 * The state that travels to GitLab and back, with where to go afterwards. It is signed together with the
 * session, so that nobody can be signed in by an answer that another browser has asked for; the verifier
 * of PKCE is made from it again and leaves the server only for GitLab.
 */
const sealState = (sessions: Sessions, session: Session, back: string, nowMs: number): string => {
  const text = [
    randomBytes(12).toString("base64url"),
    nowMs.toString(36),
    Buffer.from(back).toString("base64url"),
  ].join(".");
  return `${text}.${sessions.proof(session, "gitlab", text)}`;
};

/** Where to go after a sign-in whose state this is; null when it is not this session's, or is too old. */
const openState = (sessions: Sessions, session: Session, state: string, nowMs: number): string | null => {
  const parts = state.slice(0, LONGEST_STATE).split(".");
  const [nonce = "", startedAt = "", back = "", signature = ""] = parts;
  if (
    parts.length !== 4 ||
    !sessions.isProof(session, "gitlab", [nonce, startedAt, back].join("."), signature)
  )
    return null;
  if (nowMs - Number.parseInt(startedAt, 36) > PATIENCE_MS) return null;
  return safeReturn(Buffer.from(back, "base64url").toString());
};

const challengeOf = (verifier: string): string => createHash("sha256").update(verifier).digest("base64url");

/** Signing in at GitLab: there, and back with its answer. */
export const gitlabSignInRoutes = (
  options: DashboardOptions,
  gitlab: GitLabSignIn,
  publicUrl: string,
  sessions: Sessions,
): Hono<DashboardEnv> => {
  const { access, clock } = options;
  const logger = limitWarnings(options.logger, clock);
  const redirectUri = `${publicUrl}${BASE}/sign-in/gitlab/callback`;
  const routes = new Hono<DashboardEnv>();
  routes.get("/sign-in/gitlab", (context) => {
    const { session, nowMs } = context.get("visit");
    const state = sealState(sessions, session, safeReturn(context.req.query("back")), nowMs);
    const codeChallenge = challengeOf(sessions.proof(session, "pkce", state));
    return context.redirect(gitlab.authorizeUrl({ redirectUri, state, codeChallenge }), 303);
  });
  routes.get("/sign-in/gitlab/callback", async (context) => {
    const { session, nowMs } = context.get("visit");
    const { state = "", code = "" } = context.req.query();
    const back = openState(sessions, session, state, nowMs);
    if (back === null || code === "") return sendSignIn(context, options, undefined, "failed");
    const codeVerifier = sessions.proof(session, "pkce", state);
    const outcome = await gitlab.finish({ redirectUri, code, codeVerifier });
    if (outcome.kind === "failed") {
      logger.warn({ reason: outcome.reason }, "Sign-in with GitLab failed");
      return sendSignIn(context, options, back, "failed");
    }
    const user = `gitlab:${outcome.username}`;
    if (outcome.kind === "refused") {
      logger.warn({ user }, "Sign-in refused");
      return sendSignIn(context, options, back, "refused");
    }
    logger.info({ user }, "Signed in");
    setSession(context, access, sessions, sessions.start(user, nowMs));
    return context.redirect(back, 303);
  });
  return routes;
};
