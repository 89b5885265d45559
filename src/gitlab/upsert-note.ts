import { message } from "../messages/message.ts";
import type { Clock } from "../base/clock.ts";
import { GitLabError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { MergeRequestRef, NoteDraft } from "../review/forge.ts";
import type { GitLabClient } from "./client.ts";
import { fail } from "./failure.ts";
import type { OwnNotes } from "./own-notes.ts";
import { Note } from "./rest-schema.ts";
import { writeOnce } from "./write-once.ts";
import { holdsMarker } from "../review/publish/holds-marker.ts";

const NOTES = "/projects/:id/merge_requests/:iid/notes";

/** What a note needs besides its text. */
export type UpsertNoteOptions = {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly own: OwnNotes;
  /** Who we are now. */
  readonly userId: number;
};

/** What became of a note. */
export type UpsertedNote = {
  readonly noteId: number;
  readonly outcome: "created" | "updated" | "unchanged";
};

const normalise = (body: string): string => body.replaceAll("\r\n", "\n").trim();

/** Whether GitLab keeps both as the same text: it may trim a body and change its line ends. */
export const isSameText = (one: string, other: string): boolean => normalise(one) === normalise(other);

/** A note of ours that is there, as far as it matters for writing it anew. */
export type ExistingNote = {
  readonly id: number;
  /** Null when it was not read. */
  readonly body: string | null;
  readonly author?: { readonly id: number } | null | undefined;
};

/**
 * Puts a note on a merge request once: updates ours that holds the marker, else creates it. When the
 * answer to the creation is lost, the note is looked for before it is created again.
 */
export const upsertNote = async (
  client: GitLabClient,
  ref: MergeRequestRef,
  draft: NoteDraft,
  options: UpsertNoteOptions,
  signal?: AbortSignal,
): Promise<UpsertedNote> => {
  if (!holdsMarker(draft.body, draft.marker))
    throw fail("gitlab-note-without-marker", message("gitlab.note-without-marker"));
  const existing = await findNote(client, ref, draft, options, signal);
  return putNote(client, ref, draft, existing, options, signal);
};

/**
 * Writes over the note that is there, or creates it where there is none. One that is gone meanwhile is looked for
 * by its marker, then created. A former bot's note may be edited by Maintainers only: where GitLab refuses it to us,
 * it stays as it is and ours is written behind it. Whichever was written is kept as ours.
 *
 * @see https://docs.gitlab.com/user/permissions/#project-members-permissions
 */
export const putNote = async (
  client: GitLabClient,
  ref: MergeRequestRef,
  draft: NoteDraft,
  existing: ExistingNote | undefined,
  options: UpsertNoteOptions,
  signal?: AbortSignal,
): Promise<UpsertedNote> => {
  if (existing === undefined) return createNote(client, ref, draft, 0, options, signal);
  if (existing.body !== null && isSameText(existing.body, draft.body)) {
    await options.own.keep(ref, [existing.id]);
    return { noteId: existing.id, outcome: "unchanged" };
  }
  const params = { ...paramsOf(ref), note: existing.id };
  const body = { body: draft.body };
  try {
    // Writing the same text twice does no harm: there is nothing to look for.
    await writeOnce(
      () => client.json({ method: "PUT", route: `${NOTES}/:note`, params, body, signal }, Note),
      async () => undefined,
      { ...options, fields: { ...params, what: "note" }, signal },
    );
    await options.own.keep(ref, [existing.id]);
    return { noteId: existing.id, outcome: "updated" };
  } catch (error) {
    if (!(error instanceof GitLabError)) throw error;
    const isFormer = existing.author !== undefined && existing.author?.id !== options.userId;
    if (error.code === "gitlab-forbidden" && isFormer)
      return createNote(client, ref, draft, existing.id, options, signal);
    if (error.code !== "gitlab-not-found") throw error;
    const other = await findNote(client, ref, draft, options, signal);
    const isOther = other !== undefined && other.id !== existing.id;
    return putNote(client, ref, draft, isOther ? other : undefined, options, signal);
  }
};

/** Deletes every note of ours that holds the marker. One that is gone meanwhile is as good. */
export const removeNote = async (
  client: GitLabClient,
  ref: MergeRequestRef,
  marker: string,
  options: UpsertNoteOptions,
  signal?: AbortSignal,
): Promise<void> => {
  for (const { id } of await findNotes(client, ref, { marker }, options, signal)) {
    const params = { ...paramsOf(ref), note: id };
    try {
      await client.bytes({ method: "DELETE", route: `${NOTES}/:note`, params, signal });
    } catch (error) {
      if (!(error instanceof GitLabError) || error.code !== "gitlab-not-found") throw error;
    }
  }
};

const paramsOf = ({ projectId, iid }: MergeRequestRef) => ({ id: projectId, iid });

/** Our notes that are the draft's, the newest first: what a former bot wrote stands before what we wrote. */
const findNotes = async (
  client: GitLabClient,
  ref: MergeRequestRef,
  { marker, kind }: Pick<NoteDraft, "marker" | "kind">,
  { own }: Pick<UpsertNoteOptions, "own">,
  signal?: AbortSignal,
): Promise<readonly Note[]> => {
  const query = { per_page: 100, sort: "asc", order_by: "created_at" };
  const notes = await client.pages({ route: NOTES, params: paramsOf(ref), query, signal }, Note);
  const { proofOf } = await own.recognise(ref, notes, signal);
  return notes
    .filter((note) => {
      const proof = proofOf(note);
      // What was written under another name of the flow is known by its id.
      const isOfKind = proof === "id" && kind !== undefined && note.body.startsWith(kind);
      return isOfKind || (proof !== null && holdsMarker(note.body, marker));
    })
    .toSorted((one, other) => other.id - one.id);
};

const findNote = async (
  client: GitLabClient,
  ref: MergeRequestRef,
  draft: NoteDraft,
  options: UpsertNoteOptions,
  signal?: AbortSignal,
): Promise<Note | undefined> => {
  const { logger } = options;
  const params = paramsOf(ref);
  const ours = await findNotes(client, ref, draft, options, signal);
  if (ours.length > 1)
    logger.info(
      { ...params, noteIds: ours.map(({ id }) => id) },
      "Several notes hold one marker, the newest is used",
    );
  return ours[0];
};

/** Creates the note; one that is there with an id up to `afterId` is not it. */
const createNote = async (
  client: GitLabClient,
  ref: MergeRequestRef,
  draft: NoteDraft,
  afterId: number,
  options: UpsertNoteOptions,
  signal?: AbortSignal,
): Promise<UpsertedNote> => {
  const params = paramsOf(ref);
  const body = { body: draft.body };
  const { value: note } = await writeOnce(
    () => client.json({ method: "POST", route: NOTES, params, body, signal }, Note),
    async () => {
      const found = await findNote(client, ref, draft, options, signal);
      return found === undefined || found.id <= afterId ? undefined : found;
    },
    { ...options, fields: { ...params, what: "note" }, signal },
  );
  await options.own.keep(ref, [note.id]);
  return { noteId: note.id, outcome: "created" };
};
