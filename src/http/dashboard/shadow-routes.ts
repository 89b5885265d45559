import { type Context, Hono } from "hono";
import type { Logger } from "../../base/logger.ts";
import { SHADOW_ACTIONS } from "../../review/shadow/decide-choice.ts";
import type { ShadowDesk } from "../shadow/shadow-desk.ts";
import { layout, type Page } from "./markup/layout.ts";
import { mergeRequestName } from "./markup/links.ts";
import { shadowPage } from "./pages/shadow.ts";
import { shadowRunPage } from "./pages/shadow-run.ts";
import { sendProblem } from "./receive-visit.ts";
import { BASE, type DashboardEnv } from "./visit.ts";

const send = (context: Context<DashboardEnv>, page: Omit<Page, "place">) =>
  context.html(layout(context.get("visit"), { ...page, place: "shadow" }));

const DONE = [
  ...SHADOW_ACTIONS,
  "shadow-unknown",
  "shadow-promoted",
  "shadow-nothing-to-undo",
  "shadow-unchanged",
] as const;

const noticeOf = (context: Context<DashboardEnv>): string | null => {
  const asked = context.req.query("done");
  const done = DONE.find((name) => name === asked);
  return done === undefined ? null : context.get("visit").t(`shadow.done.${done}`);
};

/** The pages about candidates, and what people decide there. Each decision is written to the log. */
export const shadowRoutes = (desk: ShadowDesk, logger: Logger): Hono<DashboardEnv> => {
  const routes = new Hono<DashboardEnv>();
  routes.get("/", async (context) => {
    const visit = context.get("visit");
    const [views, left] = await Promise.all([Promise.all(desk.candidates.map(desk.view)), desk.left()]);
    const body = shadowPage(visit, views, left);
    return send(context, { title: visit.t("page.shadow"), body, notice: noticeOf(context) });
  });
  routes.get("/runs/:id", async (context) => {
    const visit = context.get("visit");
    const found = await desk.find(context.req.param("id"));
    if (found === null) return sendProblem(context, visit, "missing");
    const name = mergeRequestName(found.shadow.projectPath, found.shadow.iid);
    const title = `${visit.t("page.shadow")} · ${name}`;
    return send(context, { title, body: shadowRunPage(visit.t, found) });
  });
  routes.post("/:flow/:action", async (context) => {
    const { flow, action: named } = context.req.param();
    const { session } = context.get("visit");
    const action = SHADOW_ACTIONS.find((one) => one === named);
    if (action === undefined) return sendProblem(context, context.get("visit"), "missing");
    const change = await desk.change(flow, action, session.user);
    logger.info(
      { flow, action, outcome: change.kind, user: session.user },
      "Candidate decided about on the dashboard",
    );
    const done = change.kind === "refused" ? change.code : action;
    return context.redirect(`${BASE}/shadow?${new URLSearchParams({ done }).toString()}`, 303);
  });
  return routes;
};
