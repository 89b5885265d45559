import { GitLabError } from "../../base/errors.ts";
import type { CommitStatus, Publication } from "../../review/discussion.ts";
import type { GitLabRequest } from "../call.ts";
import { Created } from "../rest-schema.ts";
import type { Target } from "./target.ts";

/**
 * Adds labels and sets the commit status. They only decorate a review that is published: a refusal is
 * logged and tells the caller nothing. Both may be done twice, and are where GitLab is away, which is thrown.
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
  if (status !== null) await setStatus(target, status);
};

/** GitLab answers so to a status that it has already. */
const IS_SO = /cannot transition status/i;

/** Sets the status of a commit; a refusal is logged. */
export const setStatus = async (
  target: Pick<Target, "client" | "logger" | "params" | "signal">,
  { sha, ref, state, name, description }: CommitStatus,
): Promise<void> =>
  decorate(
    target,
    "Commit status could not be set",
    {
      method: "POST",
      route: "/projects/:id/statuses/:sha",
      params: { id: target.params.id, sha },
      body: { state, name, description, ...(ref === undefined ? {} : { ref }) },
      signal: target.signal,
    },
    IS_SO,
  );

const decorate = async (
  { client, logger, params }: Pick<Target, "client" | "logger" | "params">,
  message: string,
  request: GitLabRequest,
  isDone: RegExp | null = null,
): Promise<void> => {
  try {
    await client.json(request, Created);
  } catch (error) {
    if (!(error instanceof GitLabError)) throw error;
    if (isDone?.test(error.said) === true) return;
    if (error.outside !== undefined && error.outside.verdict !== "busy") throw error;
    logger.warn({ ...params, code: error.code, reason: error.message }, message);
  }
};
