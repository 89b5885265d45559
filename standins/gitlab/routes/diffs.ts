import { z } from "zod";
import { json, raw, recordNotFound } from "../answers.ts";
import { findMergeRequest, findProject } from "../auth.ts";
import { diffEntries } from "../diff-entries.ts";
import { commitEntity, versionEntity } from "../entities.ts";
import { paginate } from "../pagination.ts";
import { Flag, parseParams } from "../params.ts";
import { get } from "../router.ts";
import type { ApiRequest, Route } from "../router.ts";
import type { DiffVersion, MergeRequest } from "../state.ts";
import { latestVersion } from "../world.ts";

/** The server's ceiling on the page size of diffs. */
const DIFFS_PER_PAGE = 30;

const target = ({ context, caller, path }: ApiRequest): MergeRequest =>
  findMergeRequest(findProject(context.world, caller, path("id")), caller, path("iid"));

const readyVersion = (mergeRequest: MergeRequest): DiffVersion | null =>
  mergeRequest.readsUntilReady > 0 ? null : latestVersion(mergeRequest);

const Unidiff = z.object({ unidiff: Flag.nullish() });

const diffs = async (request: ApiRequest) => {
  const mergeRequest = target(request);
  const { unidiff } = parseParams(Unidiff, request.params);
  const version = readyVersion(mergeRequest);
  const files =
    version === null ? [] : await mergeRequest.project.repository.diff(version.base, version.head);
  const entries = diffEntries(request.context.world, files, unidiff ?? false);
  return paginate(request, entries, (entry) => entry, DIFFS_PER_PAGE);
};

const rawDiffs = async (request: ApiRequest) => {
  const mergeRequest = target(request);
  const version = readyVersion(mergeRequest);
  const patch =
    version === null
      ? Buffer.alloc(0)
      : await mergeRequest.project.repository.patch(version.base, version.head);
  return raw(patch, "text/plain");
};

const filesOf = (mergeRequest: MergeRequest, version: DiffVersion) =>
  mergeRequest.project.repository.diff(version.base, version.head);

const versions = (request: ApiRequest) => {
  const mergeRequest = target(request);
  const ready = readyVersion(mergeRequest) === null ? [] : mergeRequest.versions.toReversed();
  return paginate(request, ready, async (version) =>
    versionEntity(mergeRequest, version, (await filesOf(mergeRequest, version)).length),
  );
};

const version = async (request: ApiRequest) => {
  const mergeRequest = target(request);
  const { world } = request.context;
  const { project } = mergeRequest;
  const { unidiff } = parseParams(Unidiff, request.params);
  const found = mergeRequest.versions.find(
    (candidate) => String(candidate.id) === request.path("version_id"),
  );
  if (found === undefined) throw recordNotFound();
  const files = await filesOf(mergeRequest, found);
  const commits = await project.repository.commitsBetween(found.base, found.head);
  return json({
    ...versionEntity(mergeRequest, found, files.length),
    commits: commits.map((commit) => commitEntity(world, project, commit)),
    diffs: diffEntries(world, files, unidiff ?? false),
  });
};

const commits = async (request: ApiRequest) => {
  const mergeRequest = target(request);
  const { project } = mergeRequest;
  const found = readyVersion(mergeRequest);
  const listed = found === null ? [] : await project.repository.commitsBetween(found.start, found.head);
  return paginate(request, listed, (commit) => commitEntity(request.context.world, project, commit));
};

/** What a merge request changes. */
export const diffRoutes: readonly Route[] = [
  get("projects/:id/merge_requests/:iid/diffs", diffs),
  get("projects/:id/merge_requests/:iid/raw_diffs", rawDiffs),
  get("projects/:id/merge_requests/:iid/versions", versions),
  get("projects/:id/merge_requests/:iid/versions/:version_id", version),
  get("projects/:id/merge_requests/:iid/commits", commits),
];
