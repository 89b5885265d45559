import { GitLabError } from "../../base/errors.ts";
import type { ThreadOutcome } from "../../review/discussion.ts";
import { fetchDiscussions } from "../fetch-discussions.ts";
import type { DraftNote } from "../rest-schema.ts";
import { writeOnce } from "../write-once.ts";
import { DRAFTS, createDraft, deleteDraft, isDraftOf, isOurs, listDrafts } from "./draft-notes.ts";
import { type Item, findPublished } from "./item.ts";
import { type Target, isNotOffered, writing } from "./target.ts";
import { holdsMarker } from "../../review/publish/holds-marker.ts";

/** What a review by drafts came to; `left` are the items that have to be sent one by one. */
export type ReviewSending = {
  readonly outcomes: ReadonlyMap<string, ThreadOutcome>;
  readonly left: readonly Item[];
  /** Whether anything was published as a review. */
  readonly published: boolean;
};

const nothingSent = (items: readonly Item[]): ReviewSending => ({
  outcomes: new Map(),
  left: items,
  published: false,
});

/**
 * Sends items as one review: a draft for each, then all are published at once, which is one notification.
 * Publishing takes every draft of the token's user. So drafts that a crash left are kept where they are
 * among the items and deleted where not; and where the user has drafts that we did not write, a person
 * shares the token, and nothing is sent this way.
 */
export const sendAsReview = async (target: Target, items: readonly Item[]): Promise<ReviewSending> => {
  const present = await listDrafts(target);
  if (present === null) return nothingSent(items);
  const shared = present.some((draft) => !isOurs(draft, target));
  const kept = shared ? new Map<Item, DraftNote>() : match(items, present);
  const keptIds = new Set([...kept.values()].map(({ id }) => id));
  for (const draft of present)
    if (isOurs(draft, target) && !keptIds.has(draft.id)) await deleteDraft(target, draft);
  if (shared) {
    target.logger.info(target.params, "The token's user has drafts of its own, threads are sent one by one");
    return nothingSent(items);
  }
  const drafted = await createMissing(target, items, kept);
  if (drafted === null) return nothingSent(items);
  if (drafted.ready.length === 0) return { outcomes: drafted.outcomes, left: drafted.left, published: false };
  const publishing = await publishAll(target, drafted.ready);
  if (publishing === "impossible") await deleteAllOfOurs(target);
  const certain = publishing === "published" && kept.size === 0;
  const dropped = certain ? [] : await findDropped(target, drafted.ready);
  const outcomes = new Map(drafted.outcomes);
  for (const item of drafted.ready)
    if (!dropped.includes(item)) outcomes.set(item.marker, { kind: "published", noteId: null });
  return { outcomes, left: [...dropped, ...drafted.left], published: publishing !== "impossible" };
};

/** The draft of each item that has one; no draft is taken twice. */
const match = (items: readonly Item[], drafts: readonly DraftNote[]): Map<Item, DraftNote> =>
  new Map(
    items.flatMap((item): [Item, DraftNote][] => {
      const draft = drafts.find((one) => isDraftOf(one, item));
      return draft === undefined || isDoubtful(draft, item) ? [] : [[item, draft]];
    }),
  );

const isDoubtful = (draft: DraftNote, { position }: Item): boolean =>
  position?.on.kind === "line" && draft.line_code === "";

type Drafted = {
  readonly ready: readonly Item[];
  readonly left: readonly Item[];
  readonly outcomes: ReadonlyMap<string, ThreadOutcome>;
};

/** Creates the drafts that are missing; null when GitLab offers none, and then none is left behind. */
const createMissing = async (
  target: Target,
  items: readonly Item[],
  kept: ReadonlyMap<Item, DraftNote>,
): Promise<Drafted | null> => {
  const outcomes = new Map<string, ThreadOutcome>();
  const ready: Item[] = [];
  const left: Item[] = [];
  const answered = new Set<string>();
  for (const item of items) {
    // GitLab takes one draft of a user for each thread.
    const isSecond = item.discussionId !== null && answered.has(item.discussionId);
    if (isSecond) {
      left.push(item);
      continue;
    }
    if (item.discussionId !== null) answered.add(item.discussionId);
    const creation = kept.has(item) ? { kind: "kept" as const } : await createDraft(target, item);
    switch (creation.kind) {
      case "kept":
      case "created":
        ready.push(item);
        break;
      case "refused":
        outcomes.set(item.marker, creation);
        break;
      case "doubtful":
        await deleteDraft(target, creation.draft);
        left.push(item);
        break;
      case "not-offered":
        await deleteAllOfOurs(target);
        return null;
    }
  }
  return { ready, left, outcomes };
};

const deleteAllOfOurs = async (target: Target): Promise<void> => {
  for (const draft of (await listDrafts(target)) ?? [])
    if (isOurs(draft, target)) await deleteDraft(target, draft);
};

/**
 * Publishes every draft. It is `settled` when answers were lost and what came of it was looked up, and
 * `impossible` when GitLab does not offer it, or keeps failing (500) at something that these drafts hold.
 */
const publishAll = async (
  target: Target,
  items: readonly Item[],
): Promise<"published" | "settled" | "impossible"> => {
  const { client, params, signal } = target;
  try {
    const { lost } = await writeOnce(
      async () => {
        await client.bytes({ method: "POST", route: `${DRAFTS}/bulk_publish`, params, signal });
        return true;
      },
      async () => ((await areSettled(target, items)) ? true : undefined),
      writing(target, "review"),
    );
    return lost ? "settled" : "published";
  } catch (error) {
    if (isNotOffered(error) || (error instanceof GitLabError && error.status === 500)) return "impossible";
    throw error;
  }
};

/** How long GitLab is given to finish publishing when a part of the drafts is seen to be published. */
const UNFINISHED_WAIT_MS = 5_000;

/**
 * Whether nothing is left to publish after an answer was lost. GitLab publishes one draft after the other
 * and deletes them all at the end: drafts whose threads are there already are given time to go, then they
 * are deleted, for they would be published a second time.
 */
const areSettled = async (target: Target, items: readonly Item[]): Promise<boolean> => {
  const before = (await listDrafts(target)) ?? [];
  if (before.length === 0) return true;
  if ((await listPublished(target, items)).length === 0) return false;
  await target.clock.sleep(UNFINISHED_WAIT_MS, target.signal);
  const drafts = (await listDrafts(target)) ?? [];
  const published = await listPublished(target, items);
  const stale = drafts.filter(
    (draft) => isOurs(draft, target) && published.some(({ marker }) => holdsMarker(draft.note, marker)),
  );
  for (const draft of stale) await deleteDraft(target, draft);
  return stale.length === drafts.length;
};

const listPublished = async (target: Target, items: readonly Item[]): Promise<readonly Item[]> => {
  const discussions = await fetchDiscussions(target, target.ref, target.signal);
  return items.filter((item) => findPublished(item, discussions) !== undefined);
};

/** The items whose drafts were accepted and are gone, but whose threads are not there. */
const findDropped = async (target: Target, items: readonly Item[]): Promise<readonly Item[]> => {
  const published = await listPublished(target, items);
  return items.filter((item) => !published.includes(item));
};
