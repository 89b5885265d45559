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
  source_project_id: z.int().nullish(),
  target_project_id: z.int().nullish(),
  sha: z.string().nullish(),
  reviewers: z
    .array(z.object({ id: z.int() }))
    .nullish()
    .catch(null),
  /** Null while GitLab prepares the diff. */
  diff_refs: DiffRefs.nullish(),
  labels: z.array(z.string()).nullish(),
  /** The number of changed files, with a plus behind it beyond GitLab's limit; null while there is none. */
  changes_count: z.string().nullish().catch(null),
  /** Notes of the system are not in it. */
  user_notes_count: z.int().nullish().catch(null),
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

const number = z
  .int()
  .nullish()
  .transform((value) => value ?? null);

const RangeEnd = z.object({ line_code: text, type: text, old_line: number, new_line: number });

/** Where a note hangs. A draft that hangs nowhere has one whose every field is null. */
export const Position = z.object({
  base_sha: text,
  start_sha: text,
  head_sha: text,
  old_path: text,
  new_path: text,
  position_type: text,
  old_line: number,
  new_line: number,
  line_range: z.object({ start: RangeEnd.nullish(), end: RangeEnd.nullish() }).nullish(),
});
export type Position = z.infer<typeof Position>;

const DiscussionNote = Note.extend({
  resolvable: flag,
  resolved: flag,
  resolved_by: User.nullish(),
  /** A shape that we do not know must not hide the discussion. */
  position: Position.nullish().catch(null),
});

/** `GET …/discussions`. */
export const Discussion = z.object({
  id: z.string(),
  individual_note: flag,
  notes: z.array(DiscussionNote),
});
export type Discussion = z.infer<typeof Discussion>;

/** `GET …/draft_notes`, and the answer to a draft's creation. */
export const DraftNote = z.object({
  id: z.int(),
  author_id: z.int().nullish(),
  note: text,
  discussion_id: text,
  resolve_discussion: flag,
  /** GitLab's name of the line; empty where there is none, also for a line that GitLab does not find. */
  line_code: text,
  position: Position.nullish().catch(null),
});
export type DraftNote = z.infer<typeof DraftNote>;

/** A thread with its first note, or a note, that was just written. */
export const Written = z
  .object({ id: z.union([z.string(), z.int()]), notes: z.array(z.object({ id: z.int() })).nullish() })
  .transform(({ id, notes }) => ({ noteId: notes?.[0]?.id ?? (typeof id === "number" ? id : null) }));

/** Whatever was created, by its id. */
export const Created = z.object({ id: z.union([z.string(), z.int()]) });

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
