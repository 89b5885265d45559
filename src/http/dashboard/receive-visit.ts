import { chooseLanguage } from "../../messages/choose-language.ts";
import { translator } from "../../messages/format-message.ts";
import type { Context, MiddlewareHandler } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { isSameOrigin, decideAccess } from "./access.ts";
import type { AccessOptions, DashboardOptions } from "./dashboard-options.ts";
import { layout } from "./markup/layout.ts";
import { describeProblem, problemPage, type ProblemKind } from "./pages/problem.ts";
import type { Session, Sessions } from "./session.ts";
import { BASE, type DashboardEnv, type Visit } from "./visit.ts";

const LANGUAGE_COOKIE = "reviewflow_language";
const YEAR_SECONDS = 31_536_000;

type VisitContext = Context<DashboardEnv>;

/** Whether the browser reaches us over https, by what the operator or the proxy in front of us says. */
const isHttps = (context: Context, { publicUrl }: AccessOptions): boolean =>
  publicUrl?.startsWith("https:") === true ||
  context.req.header("x-forwarded-proto")?.split(",")[0]?.trim() === "https";

/** With https the name forbids that the cookie is set by a neighbour or over http (`__Host-`, RFC 6265bis). */
const sessionCookie = (secure: boolean): string => `${secure ? "__Host-" : ""}reviewflow_session`;

/** Gives a browser a session, or another one in its place. */
export const setSession = (
  context: Context,
  options: AccessOptions,
  sessions: Sessions,
  session: Session,
): void => {
  const secure = isHttps(context, options);
  setCookie(context, sessionCookie(secure), sessions.seal(session), {
    path: "/",
    httpOnly: true,
    sameSite: "Lax",
    secure,
    expires: new Date(session.endsAtMs),
  });
};

/** Remembers the language that was chosen. */
export const setLanguage = (context: Context, options: AccessOptions, tag: string): void =>
  setCookie(context, LANGUAGE_COOKIE, tag, {
    path: BASE,
    httpOnly: true,
    sameSite: "Lax",
    secure: isHttps(context, options),
    maxAge: YEAR_SECONDS,
  });

/** Says why there is no page. */
export const sendProblem = async (context: Context, visit: Visit, kind: ProblemKind): Promise<Response> => {
  const { title, status } = describeProblem(visit.t, kind);
  return context.html(layout(visit, { title, place: null, body: problemPage(visit.t, kind) }), status);
};

const readForm = async (context: Context): Promise<Readonly<Record<string, string>>> => {
  const type = context.req.header("content-type") ?? "";
  if (context.req.method !== "POST" || !type.startsWith("application/x-www-form-urlencoded")) return {};
  const fields = await context.req.parseBody();
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
  );
};

const isReading = (method: string): boolean => method === "GET" || method === "HEAD";

/** Pages that are for everybody who can reach the dashboard at all. */
const isPublic = (path: string): boolean =>
  path === `${BASE}/language` || path === `${BASE}/sign-in` || path.startsWith(`${BASE}/sign-in/`);

const refuseUnsigned = (context: VisitContext, visit: Visit): Response | Promise<Response> => {
  const { method, path } = context.req;
  if (!isReading(method)) return sendProblem(context, visit, "forged");
  if (path === `${BASE}/live`) return context.text("", 401);
  const back = new URLSearchParams(path === BASE ? {} : { back: visit.here }).toString();
  return context.redirect(`${BASE}/sign-in${back === "" ? "" : `?${back}`}`, 303);
};

/**
 * Comes before every page: decides whether somebody may see it, knows their session and language, and
 * lets nothing change that was not sent by a form of ours: each needs the right origin and the token of
 * its session.
 */
export const receiveVisit =
  (
    { access: options, clock }: Pick<DashboardOptions, "access" | "clock">,
    sessions: Sessions,
  ): MiddlewareHandler<DashboardEnv> =>
  async (context, next) => {
    const headers = context.req.header();
    const access = decideAccess(options, context);
    const nowMs = clock.now();
    const known = await sessions.open(getCookie(context, sessionCookie(isHttps(context, options))), nowMs);
    const session = known ?? sessions.start(access === "open" ? "local" : null, nowMs);
    const url = new URL(context.req.url);
    const language = chooseLanguage(getCookie(context, LANGUAGE_COOKIE), headers["accept-language"]);
    const visit: Visit = {
      session,
      access,
      language,
      t: translator(language),
      formToken: sessions.proof(session, "form", ""),
      here: `${url.pathname}${url.search}`,
      form: await readForm(context),
      nowMs,
    };
    context.set("visit", visit);
    context.header("vary", "accept-language, cookie");
    if (access === "no-sign-in" || access === "not-local") return sendProblem(context, visit, access);
    if (known === null) setSession(context, options, sessions, session);
    if (!isReading(context.req.method) && !isOwnForm(visit, headers, options, sessions))
      return sendProblem(context, visit, "forged");
    if (access === "sign-in" && session.user === null && !isPublic(context.req.path))
      return refuseUnsigned(context, visit);
    await next();
    return undefined;
  };

const isOwnForm = (
  { session, form }: Visit,
  headers: Readonly<Record<string, string>>,
  { publicUrl }: AccessOptions,
  sessions: Sessions,
): boolean =>
  isSameOrigin(headers, publicUrl) && sessions.isProof(session, "form", "", form["form_token"] ?? "");
