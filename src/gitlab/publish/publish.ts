import type { Discussion, Publication, PublicationReceipt, ThreadOutcome } from "../../review/discussion.ts";
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
  const summary = await publishSummary(target, publication, discussions);
  await setMarks(target, publication);
  return { threads: inOrder(items, new Map([...present, ...sent.outcomes])), summary, way: sent.way };
};

/** The outcomes in the order of the publication. */
const inOrder = (items: readonly Item[], outcomes: ReadonlyMap<string, ThreadOutcome>) =>
  new Map(
    items.flatMap(({ marker }): [string, ThreadOutcome][] => {
      const outcome = outcomes.get(marker);
      return outcome === undefined ? [] : [[marker, outcome]];
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
    const found = findPublished(item, discussions, target.userId);
    if (found === undefined) continue;
    if (item.resolve && found.resolvable && !found.resolved) await resolveThread(target, found.id);
    present.set(item.marker, { kind: "present" });
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
  { client, ref, userId, clock, logger, signal }: Target,
  { summary }: Publication,
  discussions: readonly Discussion[],
): Promise<PublicationReceipt["summary"]> => {
  if (summary === null) return null;
  const ours = discussions
    .flatMap(({ notes }) => notes)
    .filter(({ system, authorId }) => !system && authorId === userId);
  const known =
    summary.noteId === null
      ? ours.find(({ body }) => holdsMarker(body, summary.marker))
      : (ours.find(({ id }) => id === summary.noteId) ?? { id: summary.noteId, body: null });
  return putNote(client, ref, summary, known, { clock, logger, userId }, signal);
};
