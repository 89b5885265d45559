import { type Clock, systemClock } from "../base/clock.ts";
import { GitLabError } from "../base/errors.ts";
import { type Logger, silentLogger } from "../base/logger.ts";
import type { Discussion } from "../review/discussion.ts";
import type { Forge, MergeRequestRef } from "../review/forge.ts";
import { NO_NOTE_REGISTRY, type NoteRegistry } from "../review/note-registry.ts";
import type { GitLabClient } from "./client.ts";
import { fetchDiff } from "./fetch-diff.ts";
import { fetchAccessLevel } from "./fetch-access-level.ts";
import { fetchDiscussion, fetchDiscussions, hasNote } from "./fetch-discussions.ts";
import { fetchFile } from "./fetch-file.ts";
import { fetchMergeRequest } from "./fetch-merge-request.ts";
import { isProtectedBranch } from "./is-protected-branch.ts";
import { listFolder } from "./list-folder.ts";
import { createOwnNotes } from "./own-notes.ts";
import { publish } from "./publish/publish.ts";
import { endStatus, setStatus } from "./publish/set-marks.ts";
import { reply, resolveOnce } from "./publish/reply.ts";
import type { Target } from "./publish/target.ts";
import { fetchReactions, react, unreact } from "./react.ts";
import { User } from "./rest-schema.ts";
import { updateDescription } from "./update-description.ts";
import { removeNote, upsertNote } from "./upsert-note.ts";

/** How the forge behaves; everything has a default. */
export type ForgeOptions = {
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Where the ids of our notes are kept; nowhere when left out. */
  readonly registry?: NoteRegistry;
  /** How long to wait for GitLab to prepare a diff, in milliseconds; 30,000 when left out. */
  readonly diffRefsWaitMs?: number;
  /** The longest version of a file that is fetched, in bytes; 2 MiB when left out. */
  readonly maxBlobBytes?: number;
  /** The most files that are rebuilt from their versions; 200 when left out. */
  readonly maxBlobFiles?: number;
};

/** Creates the Forge over a GitLab client. Failures are thrown as GitLabError. */
export const createForge = (client: GitLabClient, options: ForgeOptions = {}): Forge => {
  const { clock = systemClock, logger = silentLogger, registry = NO_NOTE_REGISTRY } = options;
  const { diffRefsWaitMs = 30_000, maxBlobBytes = 2 * 1024 * 1024, maxBlobFiles = 200 } = options;
  const addresses = createAddresses(client, { clock, diffRefsWaitMs, logger });
  const readings = createReadings(clock);
  let user: User | undefined;
  const currentUser = async (signal?: AbortSignal): Promise<User> => {
    user ??= await client.json({ route: "/user", signal }, User);
    return user;
  };
  const own = createOwnNotes(client, { currentUser, registry });
  const reader = { client, own };
  const targetOf = async (ref: MergeRequestRef, signal: AbortSignal | undefined): Promise<Target> => {
    const { id: userId } = await currentUser(signal);
    return { client, ref, params: { id: ref.projectId, iid: ref.iid }, own, userId, clock, logger, signal };
  };
  return {
    currentUser,
    fetchMergeRequest: async (ref, signal) => {
      const mergeRequest = await addresses.fetchMergeRequest(ref, signal);
      readings.count(ref, mergeRequest.noteCount);
      return mergeRequest;
    },
    fetchDiff: (mergeRequest, signal) =>
      fetchDiff(client, mergeRequest, { logger, maxBlobBytes, maxBlobFiles }, signal),
    upsertNote: async (ref, draft, signal) => {
      const { id: userId } = await currentUser(signal);
      const note = await upsertNote(client, ref, draft, { clock, logger, own, userId }, signal);
      const address = await addresses.find(ref, signal);
      return { ...note, url: address === null ? null : `${address}#note_${note.noteId}` };
    },
    fetchDiscussions: async (ref, signal) => {
      const discussions = await fetchDiscussions(reader, ref, signal);
      readings.put(ref, discussions);
      return discussions;
    },
    publish: async (ref, publication, signal) => {
      const target = await targetOf(ref, signal);
      const discussions = readings.take(ref) ?? (await fetchDiscussions(reader, ref, signal));
      return publish(target, publication, discussions);
    },
    fetchDiscussion: (ref, discussionId, signal) => fetchDiscussion(reader, ref, discussionId, signal),
    hasNote: (ref, noteId, signal) => hasNote(client, ref, noteId, signal),
    reply: async (ref, draft, signal) => reply(await targetOf(ref, signal), draft),
    resolveDiscussion: async (ref, discussionId, signal) =>
      resolveOnce(await targetOf(ref, signal), discussionId),
    fetchReactions: (ref, noteId, signal) => fetchReactions(reader, ref, noteId, signal),
    react: (ref, reaction, signal) => react(client, ref, reaction, { logger, signal }),
    unreact: (ref, reaction, signal) =>
      unreact(client, ref, reaction, { currentUser: () => currentUser(signal), logger, signal }),
    setStatus: async ({ projectId: id, iid }, status, signal) =>
      setStatus({ client, logger, params: { id, iid }, signal }, status),
    endStatus: async ({ projectId: id, iid }, status, signal) =>
      endStatus({ client, logger, params: { id, iid }, signal }, status),
    removeNote: async (ref, marker, signal) => {
      const { id: userId } = await currentUser(signal);
      await removeNote(client, ref, marker, { clock, logger, own, userId }, signal);
    },
    updateDescription: (ref, description, signal) =>
      updateDescription(client, ref, description, { clock, logger, signal }),
    fetchAccessLevel: (who, signal) => fetchAccessLevel(client, who, signal),
    isProtectedBranch: ({ projectId }, branch, signal) =>
      isProtectedBranch(client, { projectId, branch }, signal),
    listFolder: (ref, folder, signal) => listFolder(client, ref, folder, signal),
    fetchFile: (ref, file, signal) => fetchFile(client, ref, file, maxBlobBytes, signal),
  };
};

/** The most merge requests whose address or discussions are remembered. */
const MAX_REMEMBERED = 100;

const keyOf = ({ projectId, iid }: MergeRequestRef): string => `${projectId}!${iid}`;

const remember = <Value>(values: Map<string, Value>, ref: MergeRequestRef, value: Value): void => {
  if (values.size >= MAX_REMEMBERED) values.clear();
  values.set(keyOf(ref), value);
};

/** How long discussions that were read for a plan still tell what we published, in milliseconds. */
const READING_HOLDS_MS = 60_000;

/** The same for a merge request that had no notes, which is read at many other times, too. */
const COUNT_HOLDS_MS = 5_000;

/**
 * Discussions that were just read, so that publishing what was planned from them need not read them again.
 * A reading serves one publication: whatever is published after it, it does not know.
 */
const createReadings = (clock: Clock) => {
  const readings = new Map<
    string,
    { readonly discussions: readonly Discussion[]; readonly endMs: number; readonly isCount: boolean }
  >();
  return {
    put: (ref: MergeRequestRef, discussions: readonly Discussion[]): void =>
      remember(readings, ref, { discussions, endMs: clock.now() + READING_HOLDS_MS, isCount: false }),
    /** Takes over how many notes there are: none is a reading, too. */
    count: (ref: MergeRequestRef, notes: number | undefined): void => {
      if (notes === 0)
        remember(readings, ref, { discussions: [], endMs: clock.now() + COUNT_HOLDS_MS, isCount: true });
      else if (readings.get(keyOf(ref))?.isCount === true) readings.delete(keyOf(ref));
    },
    take: (ref: MergeRequestRef): readonly Discussion[] | undefined => {
      const reading = readings.get(keyOf(ref));
      readings.delete(keyOf(ref));
      return reading === undefined || clock.now() > reading.endMs ? undefined : reading.discussions;
    },
  };
};

/**
 * Reads merge requests and remembers their addresses for people. An address only decorates a note that is
 * already posted, so that a failure to find it is logged and yields null.
 */
const createAddresses = (
  client: GitLabClient,
  options: { readonly clock: Clock; readonly diffRefsWaitMs: number; readonly logger: Logger },
) => {
  const addresses = new Map<string, string>();
  const read: Forge["fetchMergeRequest"] = async (ref, signal) => {
    const mergeRequest = await fetchMergeRequest(client, ref, options, signal);
    remember(addresses, ref, mergeRequest.webUrl);
    return mergeRequest;
  };
  const find = async (ref: MergeRequestRef, signal?: AbortSignal): Promise<string | null> => {
    const known = addresses.get(keyOf(ref));
    if (known !== undefined) return known;
    try {
      return (await fetchMergeRequest(client, ref, { ...options, diffRefsWaitMs: 0 }, signal)).webUrl;
    } catch (error) {
      if (!(error instanceof GitLabError)) throw error;
      options.logger.info({ ...ref, code: error.code }, "Merge request's address cannot be had");
      return null;
    }
  };
  return { fetchMergeRequest: read, find };
};
