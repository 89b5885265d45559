import { z } from "zod";
import type { ChangeFeed, FeedProject } from "../review/change-feed.ts";
import type { GitLabClient } from "./client.ts";
import { listMergeRequests } from "./list-merge-requests.ts";

/** Reporter: whoever is less may not read the code of a private project. */
const LEAST_ROLE = 20;

const Project = z.object({
  id: z.int(),
  path_with_namespace: z.string(),
  namespace: z.object({ kind: z.string() }).nullish().catch(null),
});

const toFeedProject = ({
  id,
  path_with_namespace: path,
  namespace,
}: z.infer<typeof Project>): FeedProject => ({
  id,
  path,
  group: namespace?.kind === "group" ? (path.split("/")[0] ?? null) : null,
});

/**
 * Creates the feed of changes over a GitLab client.
 *
 * @see https://docs.gitlab.com/api/projects/#list-all-projects
 */
export const createChangeFeed = (client: GitLabClient): ChangeFeed => ({
  clockAheadMs: client.clockAheadMs,
  listProjects: async (signal) => {
    const query = {
      membership: true,
      min_access_level: LEAST_ROLE,
      archived: false,
      with_merge_requests_enabled: true,
      simple: true,
      order_by: "id",
      sort: "asc",
      per_page: 100,
    };
    return (await client.pages({ route: "/projects", query, signal }, Project)).map(toFeedProject);
  },
  listChanges: (place, from, cursor, signal) => listMergeRequests(client, place, { from }, cursor, signal),
  listQuiet: (place, spanMs, cursor, signal) => listMergeRequests(client, place, spanMs, cursor, signal),
});
