import { z } from "zod";
import { GitLabError } from "../../base/errors.ts";
import type { CommitStatus, Publication } from "../../review/discussion.ts";
import type { GitLabRequest } from "../call.ts";
import { Created } from "../rest-schema.ts";
import type { Target } from "./target.ts";

/**
 * Adds labels and sets the commit status. They only decorate a review that is published: a refusal is
 * logged, and false says that the status may be tried again. Both may be done twice; that GitLab is away is thrown.
 *
 * @see https://docs.gitlab.com/api/merge_requests/#update-mr
 * @see https://docs.gitlab.com/api/commits/#set-commit-pipeline-status
 */
export const setMarks = async (
  target: Target,
  { addLabels, status }: Pick<Publication, "addLabels" | "status">,
): Promise<boolean> => {
  const { params, signal } = target;
  if (addLabels.length > 0)
    await decorate(target, "Labels could not be added", {
      method: "PUT",
      route: "/projects/:id/merge_requests/:iid",
      params,
      body: { add_labels: addLabels.join(",") },
      signal,
    });
  return status === null || setStatus(target, status);
};

/** GitLab answers so to a status that it has already. */
const IS_SO = /cannot transition status/i;

type StatusTarget = Pick<Target, "client" | "logger" | "params" | "signal">;

/** Sets the status of a commit; a refusal is logged. False where it may be tried again. */
export const setStatus = async (
  target: StatusTarget,
  { sha, ref, state, name, description }: CommitStatus,
): Promise<boolean> =>
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

const Statuses = z.object({ name: z.string(), status: z.string() });

/**
 * Sets the status of a commit where one of its name is pending still, as of those of one name GitLab lists the newest.
 *
 * @see https://docs.gitlab.com/api/commits/#list-commit-statuses
 */
export const endStatus = async (target: StatusTarget, status: CommitStatus): Promise<boolean> => {
  const { client, params, signal } = target;
  const { sha, name, ref } = status;
  const standing = await client.pages(
    {
      route: "/projects/:id/repository/commits/:sha/statuses",
      params: { id: params.id, sha },
      query: { name, ...(ref === undefined ? {} : { ref }), per_page: 100 },
      signal,
    },
    Statuses,
  );
  const isPending = standing.some((one) => one.name === name && one.status === "pending");
  return !isPending || setStatus(target, status);
};

const decorate = async (
  { client, logger, params }: Pick<Target, "client" | "logger" | "params">,
  message: string,
  request: GitLabRequest,
  isDone: RegExp | null = null,
): Promise<boolean> => {
  try {
    await client.json(request, Created);
    return true;
  } catch (error) {
    if (!(error instanceof GitLabError)) throw error;
    if (isDone?.test(error.said) === true) return true;
    if (error.outside !== undefined && error.outside.verdict !== "busy") throw error;
    logger.warn({ ...params, code: error.code, reason: error.message }, message);
    return !error.retryable;
  }
};
