import { Hono } from "hono";
import type { DashboardOptions } from "./dashboard-options.ts";
import { layout } from "./markup/layout.ts";
import { hooksPage, type ShownHooks } from "./pages/project-hooks.ts";
import { projectPage } from "./pages/project.ts";
import { projectsPage } from "./pages/projects.ts";
import { sendProblem } from "./receive-visit.ts";
import type { DashboardEnv } from "./visit.ts";

const RECENT = 5;

/** How long somebody waits for GitLab, in milliseconds; its answer is there for whoever asks again. */
const PATIENCE_MS = 5_000;

/** The pages about projects, below `/projects`. */
export const projectRoutes = (options: DashboardOptions): Hono<DashboardEnv> => {
  const { store, gitlabUrl, flowOf } = options;
  const hasLessons = options.lessons !== undefined && options.lessons !== null;
  const routes = new Hono<DashboardEnv>();
  routes.get("/", async (context) => {
    const visit = context.get("visit");
    const [projects, today = null] = await Promise.all([store.views.listProjects(), options.budgets?.()]);
    const body = projectsPage(visit.t, projects, flowOf, hasLessons, today);
    return context.html(layout(visit, { title: visit.t("page.projects"), place: "projects", body }));
  });
  routes.get("/:id{[0-9]{1,15}}", async (context) => {
    const visit = context.get("visit");
    const project = await store.views.findProject(Number(context.req.param("id")));
    if (project === null) return sendProblem(context, visit, "missing");
    const narrowing = { limit: RECENT, projectPath: project.path };
    const [deliveries, runs, today = null] = await Promise.all([
      store.views.listDeliveries(narrowing),
      store.views.listRuns(narrowing),
      options.budgets?.(),
    ]);
    const body = projectPage(
      visit.t,
      { gitlabUrl },
      {
        project,
        flow: flowOf(project.path),
        deliveries: deliveries.rows,
        runs: runs.rows,
        today,
        hasLessons,
        rules: options.rulesOf?.(project.path) ?? null,
      },
    );
    return context.html(layout(visit, { title: project.path, place: "projects", body, live: true }));
  });
  routes.get("/:id{[0-9]{1,15}}/hooks", async (context) => {
    const visit = context.get("visit");
    const project = await store.views.findProject(Number(context.req.param("id")));
    if (project === null) return sendProblem(context, visit, "missing");
    const body = hooksPage(visit.t, project, await askHooks(options, project.id));
    return context.html(layout(visit, { title: project.path, place: "projects", body }));
  });
  return routes;
};

const askHooks = async ({ hookHealth, clock }: DashboardOptions, projectId: number): Promise<ShownHooks> => {
  if (hookHealth === undefined) return null;
  const answered = new AbortController();
  const slow = clock.sleep(PATIENCE_MS, answered.signal).then(
    () => "slow" as const,
    () => "slow" as const,
  );
  try {
    return await Promise.race([hookHealth(projectId), slow]);
  } finally {
    answered.abort();
  }
};
