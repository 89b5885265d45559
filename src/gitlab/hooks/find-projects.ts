import { GitLabError, problemAt } from "../../base/errors.ts";
import { type Message, message } from "../../messages/message.ts";
import type { GitLabClient } from "../client.ts";
import { HookProject } from "./schema.ts";

/** What the given names stand for. */
export type FoundProjects = {
  /** Each once, by path. */
  readonly projects: readonly HookProject[];
  /** Names that stand for nothing, each with a sentence. */
  readonly problems: readonly Message[];
};

/**
 * Finds the projects that paths name: a project by its path (or number), or every project of a group with
 * all its subgroups. Archived projects are left out, and so are those that a group was only given a share
 * of. Throws GitLabError for everything but a name that does not exist.
 *
 * @see https://docs.gitlab.com/api/groups/#list-projects
 */
export const findProjects = async (
  client: GitLabClient,
  names: readonly string[],
): Promise<FoundProjects> => {
  const found = new Map<number, HookProject>();
  const problems: Message[] = [];
  for (const name of new Set(names.map((text) => text.replaceAll(/^\/+|\/+$/g, "")))) {
    const projects = await findOne(client, name);
    const open = projects?.filter(({ archived }) => archived !== true);
    if (projects === null || open === undefined)
      problems.push(problemAt(name, message("project-search.none", { example: "group/project" })));
    else if (open.length === 0)
      problems.push(
        problemAt(name, message(projects.length === 0 ? "project-search.empty" : "project-search.archived")),
      );
    for (const project of open ?? []) found.set(project.id, project);
  }
  const projects = [...found.values()].toSorted((left, right) =>
    left.path_with_namespace < right.path_with_namespace ? -1 : 1,
  );
  return { projects, problems };
};

const findOne = async (client: GitLabClient, name: string): Promise<readonly HookProject[] | null> => {
  if (name === "") return null;
  // A project's path has a slash; a bare number is an id, and everything else the name of a group.
  if (name.includes("/") || /^\d+$/.test(name)) {
    const project = await orNull(client.json({ route: "/projects/:id", params: { id: name } }, HookProject));
    if (project !== null) return [project];
  }
  const query = {
    include_subgroups: true,
    with_shared: false,
    archived: false,
    order_by: "id",
    sort: "asc",
    per_page: 100,
  };
  return orNull(client.pages({ route: "/groups/:id/projects", params: { id: name }, query }, HookProject));
};

const orNull = async <Value>(work: Promise<Value>): Promise<Value | null> => {
  try {
    return await work;
  } catch (error) {
    if (error instanceof GitLabError && error.status === 404) return null;
    throw error;
  }
};
