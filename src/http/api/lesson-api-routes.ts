import { Hono } from "hono";
import { z } from "zod";
import type { LessonDesk, LessonsProject } from "../lesson-desk.ts";
import { apiProblem } from "./api-problem.ts";

/** A project's lessons; what `GET /api/lessons/:project` answers. Times are in milliseconds since the epoch. */
export const LessonsReport = z.object({
  project: z.string(),
  text: z.string(),
  /** Whether reviews are told of it. */
  on: z.boolean(),
  version: z.number(),
  editedAtMs: z.number().nullable(),
  editedBy: z.string().nullable(),
});

/** The type of a LessonsReport. */
export type LessonsReport = z.infer<typeof LessonsReport>;

const Change = z.union([
  z.strictObject({ text: z.string(), version: z.number() }),
  z.strictObject({ on: z.boolean() }),
]);

/** Who a change through the API is by: the token is nobody's in particular. */
const BY = "the admin token";

/** What the routes about lessons need. */
export type LessonApiOptions = {
  /** Null where nothing is learnt. */
  readonly desk: LessonDesk | null;
  readonly findProject: (path: string) => Promise<LessonsProject | null>;
};

/** A file of lessons as it is reported. */
export const toLessonsReport = (shown: Awaited<ReturnType<LessonDesk["read"]>>): LessonsReport => ({
  project: shown.projectPath,
  text: shown.text,
  on: shown.on,
  version: shown.version,
  editedAtMs: shown.editedAtMs,
  editedBy: shown.editedBy,
});

/**
 * `GET /:project` reads a project's lessons, `PUT /:project` changes the text (`{text, version}`) or turns
 * them on or off (`{on}`); the project's path is one part of the address, encoded.
 */
export const lessonApiRoutes = ({ desk, findProject }: LessonApiOptions): Hono => {
  const routes = new Hono();
  if (desk === null) {
    routes.all("*", (context) =>
      apiProblem(context, 409, "lessons-off", "Nothing is learnt here: lessons.enabled is false"),
    );
    return routes;
  }
  routes.get("/:project", async (context) => {
    const project = await findProject(context.req.param("project"));
    if (project === null) return apiProblem(context, 404, "project-unknown", UNKNOWN);
    return context.json(toLessonsReport(await desk.read(project)));
  });
  routes.put("/:project", async (context) => {
    const project = await findProject(context.req.param("project"));
    if (project === null) return apiProblem(context, 404, "project-unknown", UNKNOWN);
    const change = Change.safeParse(await context.req.json().catch(() => null));
    if (!change.success)
      return apiProblem(context, 400, "change-invalid", "Send {text, version} or {on} as JSON");
    if ("on" in change.data)
      return context.json(toLessonsReport(await desk.turn(project, { on: change.data.on, by: BY })));
    const outcome = await desk.edit(project, { ...change.data, by: BY });
    if (outcome === "saved") return context.json(toLessonsReport(await desk.read(project)));
    return outcome === "too-long"
      ? apiProblem(context, 413, "lessons-too-long", "The text is longer than 6,000 characters")
      : apiProblem(context, 409, "lessons-changed", "The lessons were changed meanwhile; read them again");
  });
  return routes;
};

const UNKNOWN = "No event of this project has been received";
