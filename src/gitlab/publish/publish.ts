import { GitLabError } from "../../base/errors.ts";
import type { Discussion, Publication, PublicationReceipt, ThreadOutcome } from "../../review/discussion.ts";
import { isWrittenByUs } from "../own-notes.ts";
import { Note } from "../rest-schema.ts";
import { putNote } from "../upsert-note.ts";
import { type Item, findPublished, listItems } from "./item.ts";
import { resolveThread, sendOneByOne } from "./send-one-by-one.ts";
import { sendAsReview } from "./send-as-review.ts";
import { setMarks } from "./set-marks.ts";
import type { Target } from "./target.ts";
import { holdsMarker } from "../../review/publish/holds-marker.ts";

/**
 * Publishes a review: threads and replies first, then the summary, then labels and status. `discussions`
 * are those of the merge request as they stand now; what they hold already is not written again.
 */
export const publish = async (
  target: Target,
  publication: Publication,
  discussions: readonly Discussion[],
): Promise<PublicationReceipt> => {
  const items = listItems(publication);
  const present = await finishPresent(target, items, discussions);
  const sent = await send(
    target,
    items.filter(({ marker }) => !present.has(marker)),
  );
  const newest = sent.way === "drafts" ? await keepNewest(target) : [];
  await target.own.keep(target.ref, publication.builtOn);
  const summary = await publishSummary(target, publication, discussions);
  const isStatusSet = await setMarks(target, publication);
  const threads = inOrder(items, new Map([...present, ...sent.outcomes]), newest);
  return { threads, summary, way: sent.way, isStatusSet };
};

/** The most notes of one review whose ids are looked for. */
const MOST_KEPT = 100;

/**
 * Keeps the ids of what was just published as drafts, and returns the notes: GitLab does not tell them. A failure
 * leaves them to the next review, which builds on them.
 */
const keepNewest = async ({
  client,
  ref,
  params,
  own,
  userId,
  logger,
  signal,
}: Target): Promise<readonly Note[]> => {
  const route = "/projects/:id/merge_requests/:iid/notes";
  const query = { per_page: MOST_KEPT, sort: "desc", order_by: "created_at" };
  try {
    const { items } = await client.page({ route, params, query, signal }, Note);
    const ours = items.filter(
      ({ author, system, body }) => !system && isWrittenByUs({ authorId: author?.id, body }, userId),
    );
    await own.keep(
      ref,
      ours.map(({ id }) => id),
    );
    return ours;
  } catch (error) {
    if (!(error instanceof GitLabError)) throw error;
    logger.info({ ...params, code: error.code }, "The ids of what was published could not be read");
    return [];
  }
};

/** The outcomes in the order of the publication, with the ids that are found among the newest notes. */
const inOrder = (
  items: readonly Item[],
  outcomes: ReadonlyMap<string, ThreadOutcome>,
  newest: readonly Note[],
) =>
  new Map(
    items.flatMap(({ marker }): [string, ThreadOutcome][] => {
      const outcome = outcomes.get(marker);
      if (outcome === undefined) return [];
      if (outcome.kind === "refused" || outcome.noteId !== null) return [[marker, outcome]];
      const noteId = newest.find(({ body }) => holdsMarker(body, marker))?.id ?? null;
      return [[marker, { ...outcome, noteId }]];
    }),
  );

/** What is said already; a thread that was to be resolved with it and still is open is resolved. */
const finishPresent = async (
  target: Target,
  items: readonly Item[],
  discussions: readonly Discussion[],
): Promise<ReadonlyMap<string, ThreadOutcome>> => {
  const present = new Map<string, ThreadOutcome>();
  for (const item of items) {
    const found = findPublished(item, discussions);
    if (found === undefined) continue;
    const { discussion, noteId } = found;
    if (item.resolve && discussion.resolvable && !discussion.resolved)
      await resolveThread(target, discussion.id);
    present.set(item.marker, { kind: "present", noteId });
  }
  return present;
};

const send = async (
  target: Target,
  items: readonly Item[],
): Promise<Pick<PublicationReceipt, "way"> & { readonly outcomes: ReadonlyMap<string, ThreadOutcome> }> => {
  if (items.length === 0) return { outcomes: new Map(), way: "nothing-to-send" };
  const review = await sendAsReview(target, items);
  const rest = await sendOneByOne(target, review.left);
  return {
    outcomes: new Map([...review.outcomes, ...rest]),
    way: review.published || review.left.length === 0 ? "drafts" : "one-by-one",
  };
};

/** A note of ours is known from the discussions; one that is not among them is written to by its id. */
const publishSummary = async (
  { client, ref, own, userId, clock, logger, signal }: Target,
  { summary }: Publication,
  discussions: readonly Discussion[],
): Promise<PublicationReceipt["summary"]> => {
  if (summary === null) return null;
  const ours = discussions.flatMap(({ notes }) => notes).filter((note) => note.ours !== null);
  const known =
    summary.noteId === null
      ? ours.findLast(({ body }) => holdsMarker(body, summary.marker))
      : (ours.find(({ id }) => id === summary.noteId) ?? { id: summary.noteId, body: null });
  return putNote(client, ref, summary, known, { clock, logger, own, userId }, signal);
};
