import { describeError, ReviewflowError, StoreError } from "../../base/errors.ts";
import type { Journal } from "../../base/journal.ts";
import type { Logger } from "../../base/logger.ts";
import { type Reason, reasonOf } from "../../base/reason.ts";
import type { Thumb } from "../../review/decide.ts";
import type { Discussion } from "../../review/discussion.ts";
import type { Forge, MergeRequestRef } from "../../review/forge.ts";
import { classifyThreads } from "../../review/lessons/classify-threads.ts";
import type { FindingKey, Outcome, RaisedFinding } from "../../review/lessons/outcome.ts";
import type { ReviewPlan } from "../../review/plan/review-plan.ts";
import type { LessonStore } from "../../store/lessons/lesson-store.ts";
import { type LessonBook, type LessonProject, told } from "./lesson-book.ts";
import { lookBack } from "./look-back.ts";

/** Who asks what was learnt, and with what. */
type LessonsWish = {
  readonly project: LessonProject;
  readonly forge: Forge;
  /** The run's: all of its attempts are told the same, so that a runner finds its run again. */
  readonly journal: Journal;
  readonly signal: AbortSignal;
  readonly logger: Logger;
};

/** A review that was just published. */
type PublishedReview = {
  readonly ref: MergeRequestRef;
  readonly flow: string;
  readonly headSha: string;
  /** As they were before the review. */
  readonly discussions: readonly Discussion[];
  readonly plan: ReviewPlan;
};

/** Somebody's order about a finding. */
type FindingOrder = FindingKey & {
  readonly why: "resolved" | "ignored" | "withdrawn";
  readonly userId: number;
  /** The head when they gave it; null where that is not known. */
  readonly headSha: string | null;
};

/** How reviews learn from what people make of them. */
export type Lessons = {
  /** What a review is told; empty where there is nothing, or the project's lessons are turned off. */
  readonly told: (wish: LessonsWish) => Promise<string>;
  /** Keeps what a review raised, and what became of what was raised before. */
  readonly learn: (review: PublishedReview) => Promise<void>;
  /** Keeps what somebody ordered. */
  readonly order: (order: FindingOrder) => Promise<void>;
  /** Keeps a thumb, or that it was taken back; says what came of it. May be done again without harm. */
  readonly rate: (thumb: Thumb) => Promise<Reason>;
};

const TOLD = "lessons";

/** Creates what reviews learn by. With `serve` false outcomes are kept, and no review is told of them. */
export const createLessons = ({
  store,
  book,
  serve,
}: {
  readonly store: LessonStore;
  readonly book: LessonBook;
  readonly serve: boolean;
}): Lessons => ({
  told: async (wish) => {
    const known = await wish.journal.read(TOLD);
    if (typeof known === "string") return known;
    const text = await readLessons(store, book, wish);
    const now = serve ? text : "";
    await wish.journal.write(TOLD, now);
    return now;
  },
  learn: async (review) => {
    const { ref, flow, plan } = review;
    await store.keepFindings(raisedBy(review));
    const raisedAt = await store.raisedAt(ref, flow);
    const foundAgain = new Set(plan.keep.map(({ fingerprint }) => fingerprint));
    const judged = classifyThreads(ref.projectId, ref.iid, { ...review, raisedAt, foundAgain });
    const mended = plan.resolve.map(({ fingerprint }): Outcome => ({
      projectId: ref.projectId,
      iid: ref.iid,
      flow,
      fingerprint,
      kind: "resolved-with-change",
      userId: null,
    }));
    await store.keepOutcomes([...judged, ...mended]);
  },
  order: async ({ why, headSha, userId, ...key }) => {
    if (why !== "resolved") {
      await store.keepOutcomes([{ ...key, kind: why, userId }]);
      return;
    }
    const raisedAt = (await store.raisedAt(key, key.flow)).get(key.fingerprint);
    if (headSha === null || raisedAt !== headSha) return;
    await store.keepOutcomes([{ ...key, kind: "resolved-without-change", userId }]);
  },
  rate: async ({ outcome, given }) => {
    const { kind } = outcome;
    if (!given)
      return reasonOf("outcome-dropped", { outcome: kind, counted: await store.dropOutcome(outcome) });
    const isKnown = (await store.keepOutcomes([outcome])) > 0;
    return isKnown ? reasonOf("outcome-kept", { outcome: kind }) : reasonOf("emoji-finding-unknown");
  },
});

const readLessons = async (
  store: LessonStore,
  book: LessonBook,
  { project, forge, signal, logger }: LessonsWish,
): Promise<string> => {
  try {
    await lookBack(store, project.id, { forge, signal, logger });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ReviewflowError) || error instanceof StoreError) throw error;
    logger.warn({ error: describeError(error) }, "Outcomes of earlier reviews could not be read");
  }
  const lessons = await book.read(project);
  await book.handOn(lessons, signal);
  return told(lessons);
};

/** The findings that have a thread now. Of those from before nobody knows here at which head they came. */
const raisedBy = ({ ref, flow, headSha, plan }: PublishedReview): readonly RaisedFinding[] =>
  [
    ...plan.open.map((planned) => ({ ...planned, headSha })),
    ...plan.keep.map((kept) => ({ ...kept, headSha: "" })),
  ].map(({ fingerprint, found: { finding }, headSha: raisedAt }) => ({
    projectId: ref.projectId,
    iid: ref.iid,
    flow,
    fingerprint,
    path: finding.path,
    category: finding.category,
    severity: finding.severity,
    title: finding.title,
    headSha: raisedAt,
  }));
