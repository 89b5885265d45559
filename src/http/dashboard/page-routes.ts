import { type Context, Hono } from "hono";
import { drawSvg } from "../../flow/draw/draw-svg.ts";
import type { Run } from "../../store/store.ts";
import { noticeOf } from "./action-routes.ts";
import type { DashboardOptions } from "./dashboard-options.ts";
import type { LiveRun } from "./live/live-run.ts";
import { layout, type Page } from "./markup/layout.ts";
import { mergeRequestName } from "./markup/links.ts";
import { createMasking, showBody } from "./mask-text.ts";
import { secretsIn } from "../../base/mask-values.ts";
import { deliveriesPage, deliveryPage } from "./pages/deliveries.ts";
import { findingsPage } from "./pages/findings.ts";
import { flowsPage } from "./pages/flows.ts";
import { overviewPage } from "./pages/overview.ts";
import { MOST_STEPS, runActions, runPage } from "./pages/run.ts";
import { DECISIONS, RUN_STATES } from "../../store/store.ts";
import { runsPage } from "./pages/runs.ts";
import { chosenNotes } from "./pages/shadow.ts";
import { settingsPage } from "./pages/settings.ts";
import { projectRoutes } from "./project-routes.ts";
import { sendProblem } from "./receive-visit.ts";
import { settingsLines } from "./settings-lines.ts";
import type { DashboardEnv } from "./visit.ts";

const ROWS = 50;
const FINDING_RUNS = 20;
const RECENT = 10;
const DAYS = 14;

type VisitContext = Context<DashboardEnv>;

const send = (context: VisitContext, page: Page): Response | Promise<Response> => {
  const visit = context.get("visit");
  const notice = noticeOf(visit.t, context.req.query("done"));
  return context.html(layout(visit, { ...page, notice }));
};

/** A value of the query; null when it is empty or left out. */
const query = (context: Context, name: string): string | null => {
  const value = context.req.query(name)?.trim() ?? "";
  return value === "" ? null : value;
};

const oneOf = <T extends string>(values: readonly T[], text: string | null): T | null =>
  values.find((value) => value === text) ?? null;

/** When each of the last days began, by the server's calendar; today is the last. */
const dayStarts = (nowMs: number, count: number): readonly number[] => {
  const today = new Date(nowMs);
  return Array.from({ length: count }, (_, index) =>
    new Date(today.getFullYear(), today.getMonth(), today.getDate() - (count - 1 - index)).getTime(),
  );
};

const overviewRoute =
  ({ store, gitlabUrl, breakers, notices }: DashboardOptions) =>
  async (context: VisitContext) => {
    const visit = context.get("visit");
    const { t, nowMs } = visit;
    const { views } = store;
    const days = dayStarts(nowMs, DAYS);
    const [counts, outages, troubles, spans, underWay, recent, failures] = await Promise.all([
      store.countRuns(),
      store.outages.list(),
      notices?.() ?? [],
      views.countBySpan(days),
      views.listRuns({ limit: RECENT, states: ["active", "retrying", "queued"] }),
      views.listRuns({ limit: RECENT }),
      views.listRuns({ limit: RECENT, states: ["failed"] }),
    ]);
    const body = overviewPage(
      visit,
      { gitlabUrl },
      {
        counts,
        outages,
        days,
        spans,
        underWay: underWay.rows,
        recent: recent.rows,
        failures: failures.rows,
        breakers: breakers?.() ?? [],
        notices: troubles,
        nowMs,
      },
    );
    return send(context, { title: t("page.overview"), place: "overview", body, live: true });
  };

const runRoutes = (options: DashboardOptions, live: LiveRun): Hono<DashboardEnv> => {
  const { store, flows, gitlabUrl, settings } = options;
  const masking = createMasking(secretsIn(settings));
  const routes = new Hono<DashboardEnv>();
  routes.get("/", async (context) => {
    const visit = context.get("visit");
    const filter = {
      state: oneOf(RUN_STATES, query(context, "state")),
      project: query(context, "project"),
      flow: query(context, "flow"),
      before: query(context, "before"),
    };
    const slice = await store.views.listRuns({
      limit: ROWS,
      before: filter.before,
      states: filter.state === null ? null : [filter.state],
      projectPath: filter.project,
      flow: filter.flow,
    });
    const columns = { gitlabUrl, actions: (run: Run) => runActions(visit, run) };
    const body = runsPage(
      visit.t,
      columns,
      filter,
      flows.map(({ name }) => name),
      slice,
    );
    return send(context, { title: visit.t("page.runs"), place: "runs", body, live: true });
  });
  routes.get("/:id", async (context) => {
    const visit = context.get("visit");
    const run = await store.getRun(context.req.param("id"));
    if (run === null) return sendProblem(context, context.get("visit"), "missing");
    const steps = await store.views.listSteps(run.id, MOST_STEPS);
    const flow = await live.part(visit, run, query(context, "call"));
    const body = runPage(visit, { run, steps, flow, masking, gitlabUrl });
    const title = `${visit.t("word.run")} · ${mergeRequestName(run.projectPath, run.iid)}`;
    return send(context, { title, place: "runs", body, live: true });
  });
  return routes;
};

const deliveryRoutes = ({ store, gitlabUrl, settings }: DashboardOptions): Hono<DashboardEnv> => {
  const masking = createMasking(secretsIn(settings));
  const routes = new Hono<DashboardEnv>();
  routes.get("/", async (context) => {
    const { t } = context.get("visit");
    const filter = {
      decision: oneOf(DECISIONS, query(context, "decision")),
      project: query(context, "project"),
      before: query(context, "before"),
    };
    const slice = await store.views.listDeliveries({
      limit: ROWS,
      before: filter.before,
      projectPath: filter.project,
      decision: filter.decision,
    });
    const body = deliveriesPage(t, filter, slice);
    return send(context, { title: t("page.deliveries"), place: "deliveries", body, live: true });
  });
  routes.get("/:id", async (context) => {
    const visit = context.get("visit");
    const delivery = await store.getDelivery(context.req.param("id"));
    if (delivery === null) return sendProblem(context, context.get("visit"), "missing");
    const [raw, runs] = await Promise.all([
      store.getDeliveryBody(delivery.id),
      store.views.listRuns({ limit: ROWS, deliveryId: delivery.id }),
    ]);
    const shown = raw === null ? null : showBody(raw, masking);
    const body = deliveryPage(visit, { gitlabUrl }, delivery, runs.rows, shown);
    const title = `${visit.t("word.delivery")} · ${mergeRequestName(delivery.projectPath, delivery.iid)}`;
    return send(context, { title, place: "deliveries", body, live: true });
  });
  return routes;
};

const flowRoutes = ({ flows, shadows }: DashboardOptions): Hono<DashboardEnv> => {
  const routes = new Hono<DashboardEnv>();
  routes.get("/", async (context) => {
    const { t } = context.get("visit");
    const body = flowsPage(t, flows, await shadows?.standings());
    return send(context, { title: t("page.flows"), place: "flows", body });
  });
  routes.get("/:name/:part{[0-9]+}/picture.svg", async (context) => {
    const { name, part } = context.req.param();
    const flow = flows.find((one) => one.name === name)?.parts[Number(part)]?.flow ?? null;
    if (flow === null) return sendProblem(context, context.get("visit"), "missing");
    return context.body(drawSvg(flow), 200, { "content-type": "image/svg+xml" });
  });
  return routes;
};

/** Every page behind the sign-in. */
export const pageRoutes = (options: DashboardOptions, live: LiveRun): Hono<DashboardEnv> => {
  const { store, gitlabUrl, settings } = options;
  const lines = settingsLines(settings);
  const routes = new Hono<DashboardEnv>();
  routes.get("/", overviewRoute(options));
  routes.route("/runs", runRoutes(options, live));
  routes.route("/deliveries", deliveryRoutes(options));
  routes.route("/flows", flowRoutes(options));
  routes.get("/findings", async (context) => {
    const { t } = context.get("visit");
    const [before, project] = [query(context, "before"), query(context, "project")];
    const slice = await store.views.listFindingRuns({ limit: FINDING_RUNS, before, projectPath: project });
    const body = findingsPage(t, gitlabUrl, { before, project }, slice);
    return send(context, { title: t("page.findings"), place: "findings", body });
  });
  routes.route("/projects", projectRoutes(options));
  routes.get("/settings", async (context) => {
    const { t } = context.get("visit");
    const chosen = chosenNotes(t, await options.shadows?.standings(), await options.shadows?.left());
    const body = [chosen, settingsPage(t, lines)];
    return send(context, { title: t("page.settings"), place: "settings", body });
  });
  return routes;
};
