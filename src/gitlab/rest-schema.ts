import { z } from "zod";

/**
 * The parts of GitLab's REST answers that we need. Unknown keys are passed over.
 *
 * @see https://docs.gitlab.com/api/merge_requests/
 */

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");

const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);

/** `GET /user`, and the author of things. */
export const User = z.object({ id: z.int(), username: z.string() });
export type User = z.infer<typeof User>;

const DiffRefs = z.object({
  base_sha: z.string().nullish(),
  start_sha: z.string().nullish(),
  head_sha: z.string().nullish(),
});
export type DiffRefs = z.infer<typeof DiffRefs>;

/** `GET /projects/:id/merge_requests/:iid`. */
export const MergeRequest = z.object({
  title: text,
  description: text,
  state: z.enum(["opened", "closed", "merged", "locked"]),
  draft: flag,
  web_url: z.string(),
  author: User.nullish(),
  source_branch: text,
  target_branch: text,
  sha: z.string().nullish(),
  /** Null while GitLab prepares the diff. */
  diff_refs: DiffRefs.nullish(),
  labels: z.array(z.string()).nullish(),
  references: z.object({ full: z.string() }).nullish(),
});
export type MergeRequest = z.infer<typeof MergeRequest>;

/** `GET …/versions`, newest first. */
export const DiffVersion = z.object({
  id: z.int(),
  base_commit_sha: z.string().nullish(),
  start_commit_sha: z.string().nullish(),
  head_commit_sha: z.string().nullish(),
  /** The number of changed files, with a plus behind it when GitLab keeps no more of them. */
  real_size: z.union([z.string(), z.number().transform(String)]).nullish(),
});
export type DiffVersion = z.infer<typeof DiffVersion>;

/** `GET …/diffs`. */
export const DiffEntry = z.object({
  old_path: z.string(),
  new_path: z.string(),
  a_mode: text,
  b_mode: text,
  diff: text,
  new_file: flag,
  renamed_file: flag,
  deleted_file: flag,
  generated_file: flag,
  collapsed: flag,
  too_large: flag,
});
export type DiffEntry = z.infer<typeof DiffEntry>;

/** A comment, as listed and as answered to its creation. */
export const Note = z.object({
  id: z.int(),
  body: text,
  system: flag,
  author: User.nullish(),
});
export type Note = z.infer<typeof Note>;

const Access = z.object({ access_level: z.int() }).nullish();

/** `GET /projects/:id`. */
export const Project = z.object({
  id: z.int(),
  path_with_namespace: z.string(),
  web_url: z.string(),
  visibility: z.string().nullish(),
  /** What the token's user is in the project and in its group; absent without a token. */
  permissions: z.object({ project_access: Access, group_access: Access }).nullish(),
});
export type Project = z.infer<typeof Project>;
