import { decodeText } from "../base/decode-text.ts";
import { GitLabError } from "../base/errors.ts";
import type { FileReading, MergeRequestRef } from "../review/forge.ts";
import type { GitLabClient } from "./client.ts";
import { isBinary } from "./rebuild-diff.ts";

/**
 * Reads one file at a commit, at most `maxBytes` of it. What GitLab does not find is `missing`: the file,
 * the commit, or a project that the token may not see; so is a path that no repository can hold, which
 * GitLab refuses.
 *
 * @see https://docs.gitlab.com/api/repository_files/#get-raw-file-from-repository
 */
export const fetchFile = async (
  client: GitLabClient,
  { projectId }: Pick<MergeRequestRef, "projectId">,
  { path, sha }: { readonly path: string; readonly sha: string },
  maxBytes: number,
  signal?: AbortSignal,
): Promise<FileReading> => {
  if (path === "") return { kind: "missing" };
  try {
    const bytes = await client.bytes({
      route: "/projects/:id/repository/files/:path/raw",
      params: { id: projectId, path },
      query: { ref: sha },
      maxBytes,
      signal,
    });
    return isBinary(bytes) ? { kind: "binary" } : { kind: "text", text: decodeText(bytes) };
  } catch (error) {
    if (!(error instanceof GitLabError)) throw error;
    if (error.code === "gitlab-not-found" || error.status === 400) return { kind: "missing" };
    if (error.code === "gitlab-response-too-large") return { kind: "too-large" };
    throw error;
  }
};
