import { GitLabError } from "../base/errors.ts";
import type { Discussion, Note } from "../review/discussion.ts";
import type { MergeRequestRef } from "../review/forge.ts";
import type { GitLabClient } from "./client.ts";
import type { OwnNotes, Recognition } from "./own-notes.ts";
import { fromRestPosition } from "./rest-position.ts";
import * as Rest from "./rest-schema.ts";

/** The most that GitLab gives on a page. */
const PER_PAGE = 100;

/** What reading discussions takes. */
export type DiscussionReader = { readonly client: GitLabClient; readonly own: Pick<OwnNotes, "recognise"> };

/**
 * Reads every discussion of a merge request, oldest first, and tells which notes are ours.
 *
 * @see https://docs.gitlab.com/api/discussions/#list-project-merge-request-discussion-items
 */
export const fetchDiscussions = async (
  { client, own }: DiscussionReader,
  ref: MergeRequestRef,
  signal?: AbortSignal,
): Promise<readonly Discussion[]> => {
  const discussions = await client.pages(
    {
      route: "/projects/:id/merge_requests/:iid/discussions",
      params: { id: ref.projectId, iid: ref.iid },
      query: { per_page: PER_PAGE },
      signal,
    },
    Rest.Discussion,
  );
  const spoken = discussions.filter(({ notes }) => notes.length > 0);
  const recognition = await own.recognise(
    ref,
    spoken.flatMap(({ notes }) => notes),
    signal,
  );
  return spoken.map((discussion) => toDiscussion(discussion, recognition));
};

/** Reads one discussion; null when it is gone. */
export const fetchDiscussion = async (
  { client, own }: DiscussionReader,
  ref: MergeRequestRef,
  discussionId: string,
  signal?: AbortSignal,
): Promise<Discussion | null> => {
  const route = "/projects/:id/merge_requests/:iid/discussions/:discussion";
  const params = { id: ref.projectId, iid: ref.iid, discussion: discussionId };
  try {
    const discussion = await client.json({ route, params, signal }, Rest.Discussion);
    return discussion.notes.length === 0
      ? null
      : toDiscussion(discussion, await own.recognise(ref, discussion.notes, signal));
  } catch (error) {
    if (error instanceof GitLabError && error.code === "gitlab-not-found") return null;
    throw error;
  }
};

/** Whether a note is there. What GitLab keeps from us, for whatever reason, counts as there. */
export const hasNote = async (
  client: GitLabClient,
  { projectId: id, iid }: MergeRequestRef,
  note: number,
  signal?: AbortSignal,
): Promise<boolean> => {
  const route = "/projects/:id/merge_requests/:iid/notes/:note";
  try {
    await client.json({ route, params: { id, iid, note }, signal }, Rest.Note);
    return true;
  } catch (error) {
    if (!(error instanceof GitLabError) || error.retryable) throw error;
    return error.code !== "gitlab-not-found";
  }
};

/** GitLab keeps the resolving on each note: a thread is resolved when all its notes are that can be. */
const toDiscussion = (
  { id, individual_note: individual, notes }: Rest.Discussion,
  recognition: Recognition,
): Discussion => {
  const resolvable = notes.filter((note) => note.resolvable);
  const resolved = resolvable.length > 0 && resolvable.every((note) => note.resolved);
  const resolverId = resolvable.at(-1)?.resolved_by?.id ?? null;
  return {
    id,
    individual,
    resolvable: resolvable.length > 0,
    resolved,
    resolvedBy:
      resolved && resolverId !== null && recognition.isUs(resolverId) ? "us" : resolved ? resolverId : null,
    position: fromRestPosition(notes[0]?.position),
    notes: notes.map((note) => toNote(note, recognition)),
  };
};

/** A note as GitLab has it, with how it is known to be ours. */
export const toNote = (note: Rest.Note, { proofOf }: Recognition): Note => ({
  id: note.id,
  author: note.author ?? null,
  body: note.body,
  system: note.system,
  ours: proofOf(note),
});
