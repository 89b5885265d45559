import { MARKER_START, type OwnNoteProof } from "../review/discussion.ts";
import type { MergeRequestRef } from "../review/forge.ts";
import type { NoteRegistry } from "../review/note-registry.ts";
import { isNamedLikeBot, wasBotOf } from "./access-token-bot.ts";
import type { GitLabClient } from "./client.ts";
import type { Note, User } from "./rest-schema.ts";

/** What is ours of some notes. */
export type Recognition = {
  /** How one of these notes is known to be ours; null for others'. */
  readonly proofOf: (note: Note) => OwnNoteProof | null;
  /** Whether a user is who we are now, or wrote any of these notes for us. */
  readonly isUs: (userId: number) => boolean;
};

/** Tells of the notes of a merge request which are ours. */
export type OwnNotes = {
  /** Throws GitLabErrors and StoreErrors. */
  readonly recognise: (
    ref: MergeRequestRef,
    notes: readonly Note[],
    signal?: AbortSignal,
  ) => Promise<Recognition>;
  /** Keeps that notes are ours. */
  readonly keep: (ref: MergeRequestRef, noteIds: readonly number[]) => Promise<void>;
};

/**
 * The one place that says whether a note is ours. A marker alone proves nothing, since anybody can copy it: the note's
 * id is among those that we kept, or its author is who we are now, or it has a marker and its author is a bot of
 * another access token of this project or a group above it. Of such a bot GitLab is asked once, which is a call or
 * three where a token was replaced and none elsewhere. What GitLab gives to its ghost user when it deletes a bot is
 * known by its id alone.
 *
 * @see https://docs.gitlab.com/user/project/settings/project_access_tokens/#bot-users-for-projects
 */
export const createOwnNotes = (
  client: GitLabClient,
  {
    currentUser,
    registry,
  }: {
    readonly currentUser: (signal?: AbortSignal) => Promise<User>;
    readonly registry: NoteRegistry;
  },
): OwnNotes => {
  const answers = new Map<string, Promise<boolean>>();
  const wasOurs = (userId: number, projectId: number): Promise<boolean> => {
    const key = `${userId} ${projectId}`;
    const known = answers.get(key);
    if (known !== undefined) return known;
    if (answers.size >= MOST_ANSWERS) answers.clear();
    const asking = wasBotOf(client, userId, projectId);
    answers.set(key, asking);
    asking.catch(() => answers.delete(key));
    return asking;
  };
  return {
    keep: registry.add,
    recognise: async (ref, notes, signal) => {
      const { id: selfId } = await currentUser(signal);
      const kept = await registry.list(ref);
      const former = new Set<number>();
      const candidates = notes.filter((note) => isMarked(note) && !kept.has(note.id));
      for (const author of authorsOf(candidates))
        if (author.id !== selfId && isNamedLikeBot(author) && (await wasOurs(author.id, ref.projectId)))
          former.add(author.id);
      const proofOf = (note: Note): OwnNoteProof | null => {
        if (note.system) return null;
        if (kept.has(note.id)) return "id";
        const authorId = note.author?.id ?? null;
        if (authorId === null) return null;
        return authorId === selfId || (isMarked(note) && former.has(authorId)) ? "author" : null;
      };
      const us = new Set([
        selfId,
        ...authorsOf(notes.filter((note) => proofOf(note) !== null)).map(({ id }) => id),
      ]);
      return { proofOf, isUs: (userId) => us.has(userId) };
    },
  };
};

/**
 * Whether who we are now wrote a text, and not a person who shares the token: such a person's texts lack the hidden
 * line in front. It tells our drafts, whose ids nobody keeps, and what was just published from them.
 */
export const isWrittenByUs = (
  { authorId, body }: { readonly authorId: number | null | undefined; readonly body: string },
  selfId: number,
): boolean => authorId === selfId && body.startsWith(MARKER_START);

/** More bots than any server meets; then they are asked about anew. */
const MOST_ANSWERS = 1_000;

/** Every note of ours says so in its first line; other programs have access tokens of the project, too. */
const isMarked = ({ system, body }: Note): boolean => !system && body.startsWith(MARKER_START);

const authorsOf = (notes: readonly Note[]): readonly User[] => [
  ...new Map(notes.flatMap(({ author }) => (author ? [[author.id, author] as const] : []))).values(),
];
