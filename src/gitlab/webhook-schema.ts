import { z } from "zod";

/**
 * The parts of GitLab's webhook payloads that we need. Unknown keys are passed over, and what GitLab may
 * leave out may be null or missing.
 *
 * @see https://docs.gitlab.com/user/project/integrations/webhook_events/
 */

const Id = z.int().positive();

const optionalText = z
  .string()
  .nullish()
  .transform((text) => text ?? "");

const optionalId = Id.nullish().transform((id) => id ?? null);

const optionalName = z
  .string()
  .nullish()
  .transform((name) => (name === undefined || name === "" ? null : name));

/** A discussion's id is one of hexadecimal digits. `..` would be the address of something else. */
const discussionId = z
  .string()
  .regex(/^[0-9a-z]{1,64}$/i)
  .nullish()
  .catch(null)
  .transform((id) => id ?? null);

const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);

/**
 * What says that a merge request is a draft. GitLab 16 and older have `work_in_progress` alone; one that says
 * neither knows drafts by their titles.
 */
const draftFlags = { draft: z.boolean().nullish(), work_in_progress: z.boolean().nullish() };

/** The newest commit of a merge request; GitLab leaves it out while there is none. */
const lastCommit = z.object({ id: optionalName }).nullish();

/** The project that the event belongs to. */
export const Project = z.object({
  id: Id,
  path_with_namespace: z.string().min(1),
  web_url: optionalText,
});

export type Project = z.infer<typeof Project>;

const User = z.object({ id: Id, username: z.string() });

/** More entries than a merge request has; further ones are not looked at. */
const MOST_ENTRIES = 500;

/** A list of which a part is enough: what is wrong with a million entries is not worth its time. */
const list = <Item extends z.ZodType>(item: Item) =>
  z
    .array(z.unknown())
    .transform((entries) => entries.slice(0, MOST_ENTRIES))
    .pipe(z.array(item));

/**
 * Users as in `reviewers`; an entry without an id says nothing. GitLab 18.5 and later mark the one who was
 * asked for another review.
 */
const Users = list(z.object({ id: Id, re_requested: z.boolean().nullish().catch(undefined) }));

const Labels = list(z.object({ title: z.string() })).nullish();

/** A change of an attribute, as an object or as a pair; GitLab has sent both. */
const changed = <Value extends z.ZodType>(value: Value) =>
  z.union([
    z.object({ previous: value, current: value }),
    z.tuple([value, value]).transform(([previous, current]) => ({ previous, current })),
  ]);

/**
 * What an update changed. The keys and their forms vary with GitLab's version; a form that we do not
 * know is taken as no change, so that the event itself is not lost.
 */
const Changes = z
  .object({
    draft: changed(z.boolean().nullable()).optional().catch(undefined),
    title: changed(z.string().nullable()).optional().catch(undefined),
    target_branch: changed(z.string().nullable()).optional().catch(undefined),
    reviewers: changed(Users.nullable()).optional().catch(undefined),
    labels: changed(Labels).optional().catch(undefined),
  })
  .nullish()
  .catch(undefined);

/** What tells the kinds of payloads apart. System hooks about other things have only `event_name`. */
export const Envelope = z.object({
  object_kind: z.string().nullish(),
  event_name: z.string().nullish(),
  project: Project.nullish().catch(undefined),
});

/** A merge request event. */
export const MergeRequestPayload = z.object({
  user: User,
  project: Project,
  object_attributes: z.object({
    iid: Id,
    action: optionalName,
    state: z.string(),
    ...draftFlags,
    title: optionalText,
    description: optionalText,
    url: optionalText,
    author_id: optionalId,
    source_branch: optionalText,
    target_branch: optionalText,
    source_project_id: optionalId,
    last_commit: lastCommit,
    oldrev: optionalName,
    labels: Labels,
  }),
  labels: Labels,
  changes: Changes,
  reviewers: Users.nullish().catch(undefined),
});
export type MergeRequestPayload = z.infer<typeof MergeRequestPayload>;

/** The part of a note event that says what the note is about. */
export const NoteTarget = z.object({
  object_attributes: z.object({ noteable_type: z.string() }),
});

/** A note event on a merge request. */
export const NotePayload = z.object({
  user: User,
  project: Project,
  object_attributes: z.object({
    id: Id,
    note: optionalText,
    /** Null for a note that is no part of a thread; left out by a GitLab that does not say. */
    type: z.string().nullish().catch(undefined),
    discussion_id: discussionId,
    action: optionalName,
    url: optionalText,
    system: flag,
    internal: flag,
  }),
  merge_request: z.object({
    iid: Id,
    last_commit: lastCommit,
    state: optionalText,
    ...draftFlags,
    title: optionalText,
    description: optionalText,
    url: optionalText,
    author_id: optionalId,
    source_branch: optionalText,
    target_branch: optionalText,
    source_project_id: optionalId,
    labels: Labels.catch(undefined),
  }),
});
export type NotePayload = z.infer<typeof NotePayload>;

/** An emoji event; `merge_request` is there for what belongs to one. */
export const EmojiPayload = z.object({
  user: User,
  project: Project,
  object_attributes: z.object({
    name: z.string(),
    action: optionalName,
    awardable_type: z.string(),
    awardable_id: Id,
  }),
  /** `award` or `revoke`. */
  event_type: optionalName,
  /** The note that it is on. */
  note: z.object({ author_id: Id, note: optionalText, system: flag }).nullish().catch(undefined),
  merge_request: z.object({ iid: Id }).nullish().catch(undefined),
});
export type EmojiPayload = z.infer<typeof EmojiPayload>;
