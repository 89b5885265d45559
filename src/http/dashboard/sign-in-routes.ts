import { findLanguage } from "../../messages/language.ts";
import { type Context, Hono } from "hono";
import { limitWarnings } from "../../base/logger.ts";
import type { DashboardOptions } from "./dashboard-options.ts";
import { layout } from "./markup/layout.ts";
import { signInPage, type SignInProblem } from "./pages/sign-in.ts";
import { setLanguage, setSession } from "./receive-visit.ts";
import type { Sessions } from "./session.ts";
import { BASE, type DashboardEnv, safeReturn } from "./visit.ts";

type VisitContext = Context<DashboardEnv>;

/** The sign-in page with what went wrong, if anything did. */
export const sendSignIn = (
  context: VisitContext,
  { access }: Pick<DashboardOptions, "access">,
  back: string | undefined,
  problem: SignInProblem | null,
): Response | Promise<Response> => {
  const visit = context.get("visit");
  const ways = { token: access.adminToken !== null, gitlab: access.gitlab !== null };
  const body = signInPage(visit, ways, safeReturn(back), problem);
  const page = layout(visit, { title: visit.t("sign-in.title"), place: null, body });
  return context.html(page, problem === null ? 200 : problem === "limited" ? 429 : 403);
};

/** Signing in with the admin token, signing out, and the language. */
export const signInRoutes = (options: DashboardOptions, sessions: Sessions): Hono<DashboardEnv> => {
  const { access, clientOf, clock, attempts: limit } = options;
  const logger = limitWarnings(options.logger, clock);
  const routes = new Hono<DashboardEnv>();
  routes.get("/sign-in", (context) => {
    const { access: state, session } = context.get("visit");
    const back = context.req.query("back");
    if (state === "open" || session.user !== null) return context.redirect(safeReturn(back), 303);
    return sendSignIn(context, options, back, null);
  });
  routes.post("/sign-in", (context) => {
    const { form, nowMs } = context.get("visit");
    const client = clientOf(context);
    const attempt = limit.attempt(client, access.adminToken, form["token"]?.trim() ?? "");
    if (attempt.kind === "held") {
      context.header("retry-after", String(Math.ceil(attempt.waitMs / 1_000)));
      return sendSignIn(context, options, form["back"], "limited");
    }
    if (attempt.kind === "wrong") {
      logger.warn({ client }, "Sign-in refused");
      return sendSignIn(context, options, form["back"], "wrong");
    }
    logger.info({ client, user: "admin" }, "Signed in");
    setSession(context, access, sessions, sessions.start("admin", nowMs));
    return context.redirect(safeReturn(form["back"]), 303);
  });
  routes.post("/sign-out", async (context) => {
    const { session, nowMs } = context.get("visit");
    await sessions.end(session);
    setSession(context, access, sessions, sessions.start(null, nowMs));
    return context.redirect(`${BASE}/sign-in`, 303);
  });
  routes.post("/language", (context) => {
    const { form } = context.get("visit");
    const language = findLanguage(form["language"] ?? "");
    if (language !== null) setLanguage(context, access, language);
    return context.redirect(safeReturn(form["back"]), 303);
  });
  return routes;
};
