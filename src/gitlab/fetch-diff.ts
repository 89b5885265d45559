import { message } from "../messages/message.ts";
import type { Logger } from "../base/logger.ts";
import type { DiffRefs } from "../diff/position.ts";
import type { ChangedFile, Diff, MergeRequest } from "../review/forge.ts";
import type { GitLabClient } from "./client.ts";
import {
  findInPatch,
  findUnlisted,
  fromPatch,
  readEntryDiff,
  readPatchDiff,
  toChangedFile,
} from "./diff-entry.ts";
import { fail } from "./failure.ts";
import { type PatchReading, diffFromBlobs, fetchPatch } from "./rebuild-diff.ts";
import { DiffEntry, DiffVersion } from "./rest-schema.ts";

/** The server gives no more files per page, whatever is asked. */
const FILES_PER_PAGE = 30;

/** How often the diff is read again when a push comes between. */
const MAX_READINGS = 3;

/** How a diff is read. */
export type FetchDiffOptions = {
  readonly logger: Logger;
  /** The longest version of a file that is fetched to rebuild its text, in bytes. */
  readonly maxBlobBytes: number;
  /** The most files that are rebuilt from their versions; further ones are `unavailable`. */
  readonly maxBlobFiles: number;
};

/**
 * Reads the diff of the newest version, every file of it. What GitLab collapsed is taken from the whole
 * patch, else made from the file's two versions. The version is looked up behind the reading: when it is
 * not the one that was expected (first the merge request's own, two calls in all), a push came between and
 * the diff is read anew; at last GitLabError `gitlab-diff-moved` (retryable) is thrown.
 */
export const fetchDiff = async (
  client: GitLabClient,
  mergeRequest: MergeRequest,
  options: FetchDiffOptions,
  signal?: AbortSignal,
): Promise<Diff> => {
  let expected = mergeRequest.diffRefs;
  for (let reading = 1; reading <= MAX_READINGS; reading += 1) {
    const route = "/projects/:id/merge_requests/:iid/diffs";
    const query = { per_page: FILES_PER_PAGE };
    const entries = await client.pages({ route, params: paramsOf(mergeRequest), query, signal }, DiffEntry);
    const version = await fetchNewestVersion(client, mergeRequest, signal);
    const refs = readRefs(version, mergeRequest);
    const isExpected = areSame(refs, expected);
    if (isExpected) {
      const listed = { entries, refs, incomplete: isIncomplete(version, entries.length) };
      const diff = await complete(client, mergeRequest, listed, version, options, signal);
      if (diff !== null) return diff;
    }
    options.logger.info({ ref: mergeRequest.ref, reading }, "Diff version changed while it was read");
    expected = isExpected
      ? readRefs(await fetchNewestVersion(client, mergeRequest, signal), mergeRequest)
      : refs;
  }
  throw fail("gitlab-diff-moved", message("gitlab.diff-moved", { iid: mergeRequest.ref.iid }), {
    retryable: true,
  });
};

const areSame = (one: DiffRefs, other: DiffRefs): boolean =>
  one.baseSha === other.baseSha && one.startSha === other.startSha && one.headSha === other.headSha;

const paramsOf = ({ ref }: MergeRequest) => ({ id: ref.projectId, iid: ref.iid });

const fetchNewestVersion = async (
  client: GitLabClient,
  mergeRequest: MergeRequest,
  signal?: AbortSignal,
): Promise<DiffVersion | undefined> => {
  const route = "/projects/:id/merge_requests/:iid/versions";
  const params = paramsOf(mergeRequest);
  const [newest] = await client.json({ route, params, query: { per_page: 1 }, signal }, DiffVersion.array());
  return newest;
};

/** The version's commits; the merge request's where GitLab keeps no version or leaves one out. */
const readRefs = (version: DiffVersion | undefined, { diffRefs }: MergeRequest): DiffRefs => {
  const { base_commit_sha: baseSha, start_commit_sha: startSha, head_commit_sha: headSha } = version ?? {};
  return baseSha && startSha && headSha ? { baseSha, startSha, headSha } : diffRefs;
};

/** Whether GitLab lists fewer files than the version has. */
const isIncomplete = (version: DiffVersion | undefined, listed: number): boolean => {
  const size = version?.real_size ?? "";
  return size.endsWith("+") || (/^\d+$/.test(size) && Number(size) > listed);
};

/** The files as GitLab lists them for one version. */
type Listed = {
  readonly entries: readonly DiffEntry[];
  readonly refs: DiffRefs;
  /** Whether GitLab lists fewer files than there are. */
  readonly incomplete: boolean;
};

/** Adds what GitLab left out of the listed files; null when the version changed while that was fetched. */
const complete = async (
  client: GitLabClient,
  mergeRequest: MergeRequest,
  { entries, refs, incomplete }: Listed,
  version: DiffVersion | undefined,
  options: FetchDiffOptions,
  signal?: AbortSignal,
): Promise<Diff | null> => {
  const texts = entries.map((entry) => ({ entry, diff: readEntryDiff(entry) }));
  if (!incomplete && texts.every(({ diff }) => diff !== null))
    return {
      refs,
      files: texts.flatMap(({ entry, diff }) => (diff === null ? [] : toChangedFile(entry, diff))),
    };

  const patch = await fetchPatch(client, mergeRequest.ref, signal);
  if (patch.kind === "failed")
    options.logger.info({ ref: mergeRequest.ref, code: patch.error.code }, "Whole patch cannot be had");
  const rebuild = createRebuild(client, mergeRequest.ref.projectId, refs, patch, options, signal);
  const files: ChangedFile[] = [];
  for (const { entry, diff } of texts) files.push(toChangedFile(entry, diff ?? (await rebuild(entry))));
  if (incomplete) files.push(...listMissing(patch, entries));
  const after = await fetchNewestVersion(client, mergeRequest, signal);
  return after?.id === version?.id ? { refs, files } : null;
};

/** Rebuilds one text after the other: from the patch, else from blobs as long as the limit allows. */
const createRebuild = (
  client: GitLabClient,
  projectId: number,
  refs: DiffRefs,
  patch: PatchReading,
  options: FetchDiffOptions,
  signal?: AbortSignal,
): ((entry: DiffEntry) => Promise<ChangedFile["diff"]>) => {
  let blobFiles = 0;
  return async (entry) => {
    const patched = patch.kind === "patch" ? findInPatch(patch.files, entry) : undefined;
    if (patched !== undefined) return readPatchDiff(patched);
    blobFiles += 1;
    if (blobFiles > options.maxBlobFiles)
      return {
        kind: "unavailable",
        problem: { cause: "many" },
      };
    return diffFromBlobs(client, projectId, entry, refs, options.maxBlobBytes, signal);
  };
};

/** The files beyond GitLab's limit, which only the patch has. Without it the diff would lack files. */
const listMissing = (patch: PatchReading, entries: readonly DiffEntry[]): readonly ChangedFile[] => {
  if (patch.kind === "patch") return findUnlisted(patch.files, entries).map(fromPatch);
  throw fail(
    "gitlab-diff-incomplete",
    message("gitlab.diff-incomplete", { files: entries.length, problem: patch.error.what }),
    { retryable: patch.error.retryable, status: patch.error.status, cause: patch.error },
  );
};
