import type { Clock } from "../base/clock.ts";
import { GitLabError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { MergeRequestRef, NoteDraft } from "../review/forge.ts";
import type { GitLabClient } from "./client.ts";
import { fail } from "./failure.ts";
import { Note } from "./rest-schema.ts";

const NOTES = "/projects/:id/merge_requests/:iid/notes";

/** How long GitLab is given to finish a note whose answer was lost, before we look for it. */
const LOOK_UP_WAITS_MS = [1_000, 4_000] as const;

/** What a note needs besides its text. */
export type UpsertNoteOptions = {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Our own id: only notes of this author are ours. */
  readonly userId: number;
};

/** What became of a note. */
export type UpsertedNote = {
  readonly noteId: number;
  readonly outcome: "created" | "updated" | "unchanged";
};

/** GitLab may trim a body and change its line ends; that is no difference. */
const normalise = (body: string): string => body.replaceAll("\r\n", "\n").trim();

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
  if (draft.marker === "" || !draft.body.includes(draft.marker))
    throw fail("gitlab-note-without-marker", "A note must hold the marker that finds it again");
  const params = { id: ref.projectId, iid: ref.iid };
  const find = () => findNote(client, params, draft.marker, options, signal);
  const existing = await find();
  if (existing === undefined) return createNote(client, params, draft, find, options, signal);
  if (normalise(existing.body) === normalise(draft.body))
    return { noteId: existing.id, outcome: "unchanged" };
  try {
    const route = `${NOTES}/:note`;
    const request = {
      method: "PUT",
      route,
      params: { ...params, note: existing.id },
      body: { body: draft.body },
      signal,
    } as const;
    await client.json(request, Note);
    return { noteId: existing.id, outcome: "updated" };
  } catch (error) {
    if (!(error instanceof GitLabError) || error.code !== "gitlab-not-found") throw error;
    return createNote(client, params, draft, find, options, signal);
  }
};

type Params = { readonly id: number; readonly iid: number };

const findNote = async (
  client: GitLabClient,
  params: Params,
  marker: string,
  { logger, userId }: UpsertNoteOptions,
  signal?: AbortSignal,
): Promise<Note | undefined> => {
  const query = { per_page: 100, sort: "asc", order_by: "created_at" };
  const notes = await client.pages({ route: NOTES, params, query, signal }, Note);
  const ours = notes
    .filter((note) => !note.system && note.author?.id === userId && note.body.includes(marker))
    .sort((one, other) => one.id - other.id);
  if (ours.length > 1)
    logger.warn(
      { ...params, noteIds: ours.map(({ id }) => id) },
      "Several notes hold one marker, the oldest is used",
    );
  return ours[0];
};

/** Whether GitLab may have carried out the write although it failed for us. 429 is answered before. */
const isAmbiguous = (error: unknown): boolean =>
  error instanceof GitLabError && error.retryable && error.status !== 429;

const createNote = async (
  client: GitLabClient,
  params: Params,
  draft: NoteDraft,
  find: () => Promise<Note | undefined>,
  { clock, logger }: UpsertNoteOptions,
  signal?: AbortSignal,
): Promise<UpsertedNote> => {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const request = { method: "POST", route: NOTES, params, body: { body: draft.body }, signal } as const;
      const note = await client.json(request, Note);
      return { noteId: note.id, outcome: "created" };
    } catch (error) {
      const waitMs = LOOK_UP_WAITS_MS[attempt];
      if (!isAmbiguous(error) || waitMs === undefined) throw error;
      logger.warn({ ...params, attempt: attempt + 1 }, "Answer to a new note was lost, looking for the note");
      await clock.sleep(waitMs, signal);
      const found = await find();
      if (found !== undefined) return { noteId: found.id, outcome: "created" };
    }
  }
};
