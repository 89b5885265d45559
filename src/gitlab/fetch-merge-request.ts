import { message } from "../messages/message.ts";
import type { Clock } from "../base/clock.ts";
import { pauseAfter, pollBy } from "../base/retry.ts";
import type { DiffRefs } from "../diff/position.ts";
import type { MergeRequest, MergeRequestRef } from "../review/forge.ts";
import type { GitLabClient } from "./client.ts";
import { fail, ofGitLab } from "./failure.ts";
import { readProjectPath } from "./project-path.ts";
import * as Rest from "./rest-schema.ts";

const PAUSES = { baseMs: 500, maxMs: 5_000 };

/** How a merge request is read. */
export type FetchMergeRequestOptions = {
  readonly clock: Clock;
  /** How long to wait for GitLab to prepare the diff, in milliseconds. */
  readonly diffRefsWaitMs: number;
};

/**
 * Reads a merge request. Right after a push its `diff_refs` may still be null: it is read again for as
 * long as `diffRefsWaitMs` allows, then GitLabError `gitlab-diff-not-ready` is thrown, which is retryable.
 */
export const fetchMergeRequest = async (
  client: GitLabClient,
  ref: MergeRequestRef,
  options: FetchMergeRequestOptions,
  signal?: AbortSignal,
): Promise<MergeRequest> => {
  const { clock, diffRefsWaitMs } = options;
  const endMs = clock.now() + diffRefsWaitMs;
  const read = async (): Promise<MergeRequest | null> => {
    const answer = await client.json(
      { route: "/projects/:id/merge_requests/:iid", params: { id: ref.projectId, iid: ref.iid }, signal },
      Rest.MergeRequest,
    );
    const diffRefs = readDiffRefs(answer.diff_refs);
    return diffRefs === null ? null : toMergeRequest(ref, answer, diffRefs, client.url);
  };
  let looks = 0;
  const pauseMs = (): number | null => {
    looks += 1;
    const pause = pauseAfter(looks, PAUSES, 1);
    return clock.now() + pause > endMs ? null : pause;
  };
  const found = await pollBy(read, { pauseMs, clock, signal });
  if (found !== null) return found;
  throw fail(
    "gitlab-diff-not-ready",
    message("gitlab.diff-not-ready", { iid: ref.iid, project: ref.projectId, ms: diffRefsWaitMs }),
    { retryable: true, retryAfterMs: 30_000, outside: ofGitLab(client.url, "busy") },
  );
};

/**
 * GitLab finds the ref of a commit by itself only where a pipeline or a branch of the project has it, which the head of a
 * fork has not: 404 "References for commit Not Found".
 */
const statusRefOf = (
  { iid }: MergeRequestRef,
  { source_project_id: source, target_project_id: target, source_branch: branch }: Rest.MergeRequest,
): string => (typeof source === "number" && source === target ? branch : `refs/merge-requests/${iid}/head`);

const readDiffRefs = (refs: Rest.DiffRefs | null | undefined): DiffRefs | null => {
  const { base_sha: baseSha, start_sha: startSha, head_sha: headSha } = refs ?? {};
  return baseSha && startSha && headSha ? { baseSha, startSha, headSha } : null;
};

const toMergeRequest = (
  ref: MergeRequestRef,
  answer: Rest.MergeRequest,
  diffRefs: DiffRefs,
  baseUrl: string,
): MergeRequest => ({
  ref,
  projectPath: readProjectPath(answer, baseUrl),
  title: answer.title,
  description: answer.description,
  state: answer.state,
  draft: answer.draft,
  webUrl: answer.web_url,
  author: answer.author ?? { id: 0, username: "" },
  sourceBranch: answer.source_branch,
  targetBranch: answer.target_branch,
  headSha: answer.sha ?? diffRefs.headSha,
  diffRefs,
  labels: answer.labels ?? [],
  statusRef: statusRefOf(ref, answer),
  ...readChangesCount(answer.changes_count),
  reviewerIds: (answer.reviewers ?? []).map(({ id }) => id),
  ...(typeof answer.user_notes_count === "number" ? { noteCount: answer.user_notes_count } : {}),
});

const readChangesCount = (count: string | null | undefined): Pick<MergeRequest, "changesCount"> => {
  const known = Number.parseInt(count ?? "", 10);
  return known > 0 ? { changesCount: known } : {};
};
