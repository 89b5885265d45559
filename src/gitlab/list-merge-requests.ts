import { z } from "zod";
import type { FeedCursor, FeedPage, FeedPlace, ListedMergeRequest } from "../review/change-feed.ts";
import type { GitLabRequest } from "./call.ts";
import type { GitLabClient } from "./client.ts";
import { readProjectPath } from "./project-path.ts";
import * as Rest from "./rest-schema.ts";

/** The most that GitLab gives on a page. */
const PER_PAGE = 100;

/** An entry of `GET /projects/:id/merge_requests` or `GET /groups/:id/merge_requests`. */
const Entry = Rest.MergeRequest.extend({
  iid: z.int(),
  project_id: z.int(),
  /** One state more or less must not hide the others. */
  state: z.string(),
  source_project_id: z.int().nullish(),
  updated_at: z.string(),
});
type Entry = z.infer<typeof Entry>;

const requestOf = (place: FeedPlace): Pick<GitLabRequest, "route" | "params"> =>
  place.kind === "project"
    ? { route: "/projects/:id/merge_requests", params: { id: place.id } }
    : { route: "/groups/:id/merge_requests", params: { id: place.path } };

/**
 * Reads one page of the open merge requests of a project, or of a group with all its subgroups, that
 * changed within `spanMs` last, the one that changed longest ago first. GitLab's list over everything
 * (`GET /merge_requests?scope=all`) would need no place, but it brings every public and internal project
 * too, and on a large GitLab it runs into the database's time limit.
 *
 * @see https://docs.gitlab.com/api/merge_requests/#list-project-merge-requests
 * @see https://docs.gitlab.com/api/merge_requests/#list-group-merge-requests
 */
export const listMergeRequests = async (
  client: GitLabClient,
  place: FeedPlace,
  spanMs: { readonly from: number; readonly until?: number },
  cursor: FeedCursor | null,
  signal?: AbortSignal,
): Promise<FeedPage> => {
  const query = {
    state: "opened",
    scope: "all",
    updated_after: new Date(spanMs.from).toISOString(),
    ...(spanMs.until === undefined ? {} : { updated_before: new Date(spanMs.until).toISOString() }),
    order_by: "updated_at",
    sort: "asc",
    per_page: PER_PAGE,
    ...(place.kind === "group" ? { non_archived: true } : {}),
    ...cursor,
  };
  const { items, next } = await client.page({ ...requestOf(place), query, signal }, Entry);
  return { mergeRequests: items.map((entry) => toListed(entry, client.url)), next };
};

const toListed = (entry: Entry, baseUrl: string): ListedMergeRequest => {
  const updatedAtMs = Date.parse(entry.updated_at);
  return {
    project: {
      id: entry.project_id,
      path: readProjectPath(entry, baseUrl),
      webUrl: entry.web_url.split("/-/")[0] ?? "",
    },
    iid: entry.iid,
    state: entry.state,
    draft: entry.draft,
    title: entry.title,
    description: entry.description,
    url: entry.web_url,
    author: entry.author ?? null,
    sourceBranch: entry.source_branch,
    targetBranch: entry.target_branch,
    sourceProjectId: entry.source_project_id ?? null,
    headSha: entry.sha ?? null,
    labels: entry.labels ?? [],
    reviewerIds: (entry.reviewers ?? []).map(({ id }) => id),
    updatedAtMs: Number.isNaN(updatedAtMs) ? 0 : updatedAtMs,
  };
};
