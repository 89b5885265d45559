import type { Translate } from "../../messages/format-message.ts";
import { PEER_KINDS } from "../../base/outside.ts";
import { reasonOf } from "../../base/reason.ts";
import { type Context, Hono } from "hono";
import type { AcceptOutcome } from "../../store/store.ts";
import type { DashboardOptions } from "./dashboard-options.ts";
import { nameFromPath } from "./pages/outages-part.ts";
import { sendProblem } from "./receive-visit.ts";
import { BASE, type DashboardEnv } from "./visit.ts";

const DONE = [
  "cancelled",
  "not-cancelled",
  "again",
  "not-again",
  "replayed",
  "not-replayed",
  "resumed",
  "not-resumed",
  "lessons-saved",
  "lessons-changed",
  "lessons-too-long",
  "lessons-on",
  "lessons-off",
] as const;

/** What an action came to; the page that follows says so. */
type Done = (typeof DONE)[number];

/** The notice that a page was asked to show; null for any other text. */
export const noticeOf = (t: Translate, done: string | undefined): string | null => {
  const known = DONE.find((one) => one === done);
  return known === undefined ? null : t(`done.${known}`);
};

const goTo = (context: Context, path: string, done: Done): Response =>
  context.redirect(`${BASE}${path}?${new URLSearchParams({ done }).toString()}`, 303);

/** What people do to runs and deliveries. Each is written to the log with who did it. */
export const actionRoutes = ({ store, replay, logger }: DashboardOptions): Hono<DashboardEnv> => {
  const routes = new Hono<DashboardEnv>();
  const userOf = (context: Context<DashboardEnv>): string | null => context.get("visit").session.user;

  routes.post("/runs/:id/cancel", async (context) => {
    const runId = context.req.param("id");
    const user = userOf(context);
    const isCancelled = await store.cancelRun(runId, reasonOf("cancelled-by-user", { user: user ?? "" }));
    logger.info({ runId, user, isCancelled }, "Run cancelled on the dashboard");
    return goTo(context, `/runs/${encodeURIComponent(runId)}`, isCancelled ? "cancelled" : "not-cancelled");
  });
  routes.post("/runs/:id/again", async (context) => {
    const runId = context.req.param("id");
    const newRunId = await store.runAgain(runId);
    logger.info({ runId, newRunId, user: userOf(context) }, "Run again from the dashboard");
    return goTo(
      context,
      `/runs/${encodeURIComponent(newRunId ?? runId)}`,
      newRunId === null ? "not-again" : "again",
    );
  });
  routes.post("/outages/:kind/:name/resume", async (context) => {
    const kind = PEER_KINDS.find((known) => known === context.req.param("kind"));
    if (kind === undefined) return sendProblem(context, context.get("visit"), "missing");
    const peer = { kind, name: nameFromPath(context.req.param("name")) };
    const isResumed = await store.outages.resume(peer);
    logger.info({ peer, user: userOf(context), isResumed }, "Resumed on the dashboard");
    return goTo(context, "", isResumed ? "resumed" : "not-resumed");
  });
  routes.post("/deliveries/:id/replay", async (context) => {
    const delivery = await store.getDelivery(context.req.param("id"));
    if (delivery === null) return sendProblem(context, context.get("visit"), "missing");
    const user = userOf(context);
    if (delivery.runId !== null) {
      const newRunId = await store.runAgain(delivery.runId);
      logger.info({ deliveryId: delivery.id, newRunId, user }, "Delivery replayed from the dashboard");
      return newRunId === null
        ? goTo(context, `/deliveries/${delivery.id}`, "not-again")
        : goTo(context, `/runs/${newRunId}`, "again");
    }
    const body = await store.getDeliveryBody(delivery.id);
    if (body === null) return goTo(context, `/deliveries/${delivery.id}`, "not-replayed");
    const outcome: AcceptOutcome = await replay(delivery, body);
    logger.info(
      { deliveryId: delivery.id, outcome: outcome.kind, user },
      "Delivery replayed from the dashboard",
    );
    return outcome.kind === "review"
      ? goTo(context, `/runs/${outcome.runId}`, "again")
      : goTo(context, `/deliveries/${outcome.deliveryId}`, "replayed");
  });
  return routes;
};
