import { GitLabError } from "../../base/errors.ts";
import type { Publication } from "../../review/discussion.ts";
import type { GitLabRequest } from "../call.ts";
import { Created } from "../rest-schema.ts";
import type { Target } from "./target.ts";

/**
 * Adds labels and sets the commit status. They only decorate a review that is published: a failure is
 * logged and tells the caller nothing. Both may be done twice.
 *
 * @see https://docs.gitlab.com/api/merge_requests/#update-mr
 * @see https://docs.gitlab.com/api/commits/#set-commit-pipeline-status
 */
export const setMarks = async (
  target: Target,
  { addLabels, status }: Pick<Publication, "addLabels" | "status">,
): Promise<void> => {
  const { params, signal } = target;
  if (addLabels.length > 0)
    await decorate(target, "Labels could not be added", {
      method: "PUT",
      route: "/projects/:id/merge_requests/:iid",
      params,
      body: { add_labels: addLabels.join(",") },
      signal,
    });
  if (status !== null)
    await decorate(target, "Commit status could not be set", {
      method: "POST",
      route: "/projects/:id/statuses/:sha",
      params: { id: params.id, sha: status.sha },
      body: { state: status.state, name: status.name, description: status.description },
      signal,
    });
};

const decorate = async (
  { client, logger, params }: Target,
  message: string,
  request: GitLabRequest,
): Promise<void> => {
  try {
    await client.json(request, Created);
  } catch (error) {
    if (!(error instanceof GitLabError)) throw error;
    logger.warn({ ...params, code: error.code, reason: error.message }, message);
  }
};
