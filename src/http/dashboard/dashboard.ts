import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { describeError } from "../../base/errors.ts";
import { actionRoutes } from "./action-routes.ts";
import { findAsset } from "./assets.ts";
import type { DashboardOptions } from "./dashboard-options.ts";
import { gitlabSignInRoutes } from "./gitlab-sign-in-routes.ts";
import { lessonRoutes } from "./lesson-routes.ts";
import { createLive } from "./live.ts";
import { createLiveRun } from "./live/live-run.ts";
import { createMasking } from "./mask-text.ts";
import { secretsIn } from "../../base/mask-values.ts";
import { pageRoutes } from "./page-routes.ts";
import { receiveVisit, sendProblem } from "./receive-visit.ts";
import { securityHeaders } from "./security-headers.ts";
import { createSessions } from "./session.ts";
import { shadowRoutes } from "./shadow-routes.ts";
import { signInRoutes } from "./sign-in-routes.ts";
import { maskAnswers } from "../mask-answers.ts";
import { BASE, type DashboardEnv } from "./visit.ts";

/** The dashboard as a part of a server. */
export type Dashboard = {
  /** Where it goes in the server. */
  readonly path: string;
  readonly routes: Hono<DashboardEnv>;
  /** Ends what stays open by itself; before the server stops. */
  readonly close: () => void;
};

const LARGEST_FORM = 65_536;
const A_YEAR_CACHE = "public, max-age=31536000, immutable";

/**
 * Pages over the store, made on the server: they work without a script, which only brings news to what
 * is open. Every text from outside is escaped by the templates, and the pages' policy lets nothing run
 * that is not a file of this server.
 */
export const createDashboard = (options: DashboardOptions): Dashboard => {
  const { access, store, flows, settings, clock, logger } = options;
  const secret = access.adminToken ?? access.gitlab?.secret ?? null;
  const sessions = createSessions({
    storeKey: options.sessionKey,
    secret,
    signedInMs: access.sessionMs,
    store: store.sessions,
  });
  const live = createLive({ pulse: store.views.pulse, isOver: sessions.isOver, clock, logger });
  const masking = createMasking(secretsIn(settings));
  const liveRun = createLiveRun({ store, flows, masking, isSessionOver: sessions.isOver, clock, logger });
  const routes = new Hono<DashboardEnv>();
  routes.use("*", securityHeaders);
  routes.use("*", maskAnswers(secretsIn(settings)));
  routes.get("/assets/:name", (context) => {
    const asset = findAsset(context.req.param("name"));
    if (asset === undefined) return context.text("", 404);
    return context.body(asset.text, 200, { "content-type": asset.type, "cache-control": A_YEAR_CACHE });
  });
  routes.use("*", bodyLimit({ maxSize: LARGEST_FORM, onError: (context) => context.text("", 413) }));
  routes.use("*", receiveVisit(options, sessions));
  routes.route("/", signInRoutes(options, sessions));
  if (access.gitlab !== null && access.publicUrl !== null)
    routes.route("/", gitlabSignInRoutes(options, access.gitlab, access.publicUrl, sessions));
  routes.route("/", actionRoutes(options));
  routes.route("/", lessonRoutes(options));
  if (options.shadows !== undefined) routes.route("/shadow", shadowRoutes(options.shadows, logger));
  routes.get("/live", live.connect);
  routes.route("/", liveRun.routes);
  routes.route("/", pageRoutes(options, liveRun));
  routes.all("*", (context) => sendProblem(context, context.get("visit"), "missing"));
  routes.onError((error, context) => {
    logger.error({ error: describeError(error), stack: error.stack }, "Page could not be made");
    const visit = context.get("visit");
    return visit === undefined ? context.text("", 500) : sendProblem(context, visit, "failed");
  });
  const close = (): void => {
    live.close();
    liveRun.close();
  };
  return { path: BASE, routes, close };
};
