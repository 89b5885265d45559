import { createHash } from "node:crypto";
import { z } from "zod";
import { invalidParameter, json, notFound, raw } from "../answers.ts";
import { findProject, requireCode } from "../auth.ts";
import { diffEntries } from "../diff-entries.ts";
import { commitEntity } from "../entities.ts";
import { paginate } from "../pagination.ts";
import { Flag, parseParams } from "../params.ts";
import { get } from "../router.ts";
import type { ApiRequest, Route } from "../router.ts";
import type { Project } from "../state.ts";
import { projectUrl } from "../urls.ts";

const target = ({ context, caller, path }: ApiRequest): Project => {
  const project = findProject(context.world, caller, path("id"));
  requireCode(project, caller);
  return project;
};

const commitOf = async (project: Project, ref: string): Promise<string> => {
  const sha = await project.repository.resolve(ref);
  if (sha === null) throw notFound("Commit");
  return sha;
};

const readFile = async (project: Project, ref: string, path: string) => {
  if (path.split("/").includes("..")) throw invalidParameter("file_path should be a valid file path");
  const sha = await commitOf(project, ref);
  const entry = await project.repository.entry(sha, path);
  if (entry === null) throw notFound("File");
  return { sha, entry, bytes: await project.repository.blob(entry.sha) };
};

const rawFile = async (request: ApiRequest) => {
  const project = target(request);
  const { ref } = parseParams(z.object({ ref: z.string().nullish() }), request.params);
  const path = request.path("file");
  const file = await readFile(project, ref ?? "HEAD", path);
  return raw(file.bytes, "text/plain", {
    "Content-Disposition": `inline; filename="${encodeURIComponent(path.split("/").at(-1) ?? "")}"`,
    "X-Gitlab-Blob-Id": file.entry.sha,
    "X-Gitlab-Commit-Id": file.sha,
    "X-Gitlab-File-Path": encodeURIComponent(path),
    "X-Gitlab-Size": String(file.bytes.length),
  });
};

const fileInfo = async (request: ApiRequest) => {
  const project = target(request);
  const { ref } = parseParams(z.object({ ref: z.string() }), request.params);
  const path = request.path("file");
  const file = await readFile(project, ref, path);
  return json({
    file_name: path.split("/").at(-1) ?? "",
    file_path: path,
    size: file.bytes.length,
    encoding: "base64",
    content_sha256: createHash("sha256").update(file.bytes).digest("hex"),
    ref,
    blob_id: file.entry.sha,
    commit_id: file.sha,
    last_commit_id: file.sha,
    execute_filemode: file.entry.mode === "100755",
    content: file.bytes.toString("base64"),
  });
};

const TreeInput = z.object({
  path: z.string().nullish(),
  ref: z.string().nullish(),
  recursive: Flag.nullish(),
});

const tree = async (request: ApiRequest) => {
  const project = target(request);
  const input = parseParams(TreeInput, request.params);
  const sha = await project.repository.resolve(input.ref ?? "HEAD");
  if (sha === null) throw notFound("Tree");
  const items = await project.repository.tree(sha, input.path ?? "", input.recursive ?? false);
  // A folder that is not there is an empty list without a page, and 404 with a path.
  if (items.length === 0 && (input.path ?? "") !== "") throw notFound("invalid revision or path");
  return paginate(request, items, (item) => ({
    id: item.sha,
    name: item.path.split("/").at(-1) ?? "",
    type: item.type,
    path: item.path,
    mode: item.mode,
  }));
};

const CompareInput = z.object({
  from: z.string(),
  to: z.string(),
  straight: Flag.nullish(),
  unidiff: Flag.nullish(),
});

const compare = async (request: ApiRequest) => {
  const project = target(request);
  const { world } = request.context;
  const input = parseParams(CompareInput, request.params);
  const { repository } = project;
  const [from, to] = [await repository.resolve(input.from), await repository.resolve(input.to)];
  if (from === null || to === null) throw notFound("Ref");
  const base = input.straight === true ? from : ((await repository.mergeBase(from, to)) ?? from);
  const commits = await repository.commitsBetween(from, to);
  const shown = commits.toReversed().map((commit) => commitEntity(world, project, commit));
  return json({
    commit: shown.at(-1) ?? null,
    commits: shown,
    diffs: diffEntries(world, await repository.diff(base, to), input.unidiff ?? false),
    compare_timeout: false,
    compare_same_ref: from === to,
    web_url: `${projectUrl(world, project)}/-/compare/${from}...${to}`,
  });
};

const commit = async (request: ApiRequest) => {
  const project = target(request);
  const sha = await commitOf(project, request.path("sha"));
  const info = await project.repository.commitInfo(sha);
  if (info === null) throw notFound("Commit");
  return json({ ...commitEntity(request.context.world, project, info), status: null, last_pipeline: null });
};

const branch = async (request: ApiRequest) => {
  const project = target(request);
  const name = request.path("branch");
  const sha = await project.repository.resolve(`refs/heads/${name}`);
  const info = sha === null ? null : await project.repository.commitInfo(sha);
  if (info === null) throw notFound("Branch");
  return json({
    name,
    merged: false,
    protected: name === project.defaultBranch || project.protectedBranches.has(name),
    default: name === project.defaultBranch,
    commit: commitEntity(request.context.world, project, info),
  });
};

/** Files, trees, commits and comparisons. */
export const repositoryRoutes: readonly Route[] = [
  get("projects/:id/repository/files/:file/raw", rawFile, ["read_repository"]),
  get("projects/:id/repository/files/:file", fileInfo, ["read_repository"]),
  get("projects/:id/repository/tree", tree),
  get("projects/:id/repository/compare", compare),
  get("projects/:id/repository/branches/:branch", branch),
  get("projects/:id/repository/commits/:sha", commit),
];
