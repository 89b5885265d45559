import { Hono } from "hono";
import { z } from "zod";
import type { Logger } from "../../base/logger.ts";
import { apiProblem } from "./api-problem.ts";

/** What was deleted of a project; what `DELETE /api/projects/:project` answers. */
export const ForgottenReport = z.object({
  projectIds: z.array(z.number()),
  deliveries: z.number(),
  runs: z.number(),
});

/** The type of a ForgottenReport. */
export type ForgottenReport = Readonly<z.infer<typeof ForgottenReport>>;

/** What the routes about projects need. */
export type ProjectRoutesOptions = {
  /** By path or id; null when nothing is known of it. */
  readonly forgetProject: (
    project: string,
  ) => Promise<(Omit<ForgottenReport, "projectIds"> & { readonly projectIds: readonly number[] }) | null>;
  readonly logger: Logger;
};

/** `DELETE /:project` deletes all that is stored of a project, named by its path or id. */
export const projectRoutes = ({ forgetProject, logger }: ProjectRoutesOptions): Hono => {
  const routes = new Hono();
  routes.delete("/:project", async (context) => {
    const project = context.req.param("project");
    const forgotten = await forgetProject(project);
    if (forgotten === null)
      return apiProblem(context, 404, "project-unknown", "Nothing is stored of this project");
    logger.warn({ project, ...forgotten }, "Everything that was stored of a project was deleted");
    return context.json(forgotten);
  });
  return routes;
};
