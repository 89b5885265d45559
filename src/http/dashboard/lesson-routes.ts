import { type Context, Hono } from "hono";
import { noticeOf } from "./action-routes.ts";
import type { DashboardOptions } from "./dashboard-options.ts";
import type { LessonDesk, LessonsProject } from "../lesson-desk.ts";
import { layout } from "./markup/layout.ts";
import { lessonsPage } from "./pages/lessons.ts";
import { sendProblem } from "./receive-visit.ts";
import { BASE, type DashboardEnv } from "./visit.ts";

type VisitContext = Context<DashboardEnv>;

type Shown = {
  readonly draft?: string;
  readonly done?: string | undefined;
  readonly status?: 200 | 409 | 422;
};

/** The pages about what reviews learnt; without a desk there are none. */
export const lessonRoutes = ({ store, lessons: desk, logger }: DashboardOptions): Hono<DashboardEnv> => {
  const routes = new Hono<DashboardEnv>();
  if (desk === undefined || desk === null) return routes;
  const projectOf = async (context: VisitContext): Promise<LessonsProject | null> => {
    const id = Number(context.req.param("id"));
    return Number.isSafeInteger(id) ? store.views.findProject(id) : null;
  };
  const show = async (
    context: VisitContext,
    project: LessonsProject,
    { draft, done, status = 200 }: Shown,
  ) => {
    const visit = context.get("visit");
    const body = lessonsPage(visit, { lessons: await desk.read(project), draft: draft ?? null });
    const title = `${visit.t("lessons.title")} · ${project.path}`;
    const notice = noticeOf(visit.t, done);
    return context.html(layout(visit, { title, place: "projects", body, notice }), status);
  };
  const withProject =
    (act: (context: VisitContext, project: LessonsProject) => Promise<Response>) =>
    async (context: VisitContext): Promise<Response> => {
      const project = await projectOf(context);
      return project === null ? sendProblem(context, context.get("visit"), "missing") : act(context, project);
    };
  const turn = (on: boolean) =>
    withProject(async (context, project) => {
      const by = context.get("visit").session.user ?? "nobody";
      await desk.turn(project, { on, by });
      logger.info({ project: project.path, on, user: by }, "Lessons turned on the dashboard");
      return context.redirect(`${BASE}/lessons/${project.id}?done=${on ? "lessons-on" : "lessons-off"}`, 303);
    });
  routes.get(
    "/lessons/:id{[0-9]+}",
    withProject((context, project) => show(context, project, { done: context.req.query("done") })),
  );
  routes.post(
    "/lessons/:id{[0-9]+}",
    withProject((context, project) => save(context, project, desk, { show, logger })),
  );
  routes.post("/lessons/:id{[0-9]+}/on", turn(true));
  routes.post("/lessons/:id{[0-9]+}/off", turn(false));
  return routes;
};

const save = async (
  context: VisitContext,
  project: LessonsProject,
  desk: LessonDesk,
  {
    show,
    logger,
  }: Pick<DashboardOptions, "logger"> & {
    readonly show: (context: VisitContext, project: LessonsProject, shown: Shown) => Promise<Response>;
  },
): Promise<Response> => {
  const { form, session } = context.get("visit");
  const by = session.user ?? "nobody";
  const text = form["text"] ?? "";
  const outcome = await desk.edit(project, { version: Number(form["version"] ?? ""), text, by });
  logger.info({ project: project.path, outcome, user: by }, "Lessons edited on the dashboard");
  if (outcome === "saved") return context.redirect(`${BASE}/lessons/${project.id}?done=lessons-saved`, 303);
  return outcome === "too-long"
    ? show(context, project, { draft: text, done: "lessons-too-long", status: 422 })
    : show(context, project, { draft: text, done: "lessons-changed", status: 409 });
};
