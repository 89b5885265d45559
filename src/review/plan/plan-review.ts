import type { Discussion } from "../discussion.ts";
import type { AnchoredFinding } from "../finding.ts";
import { codePresence } from "./code-presence.ts";
import { fingerprint, parseFingerprint } from "./fingerprint.ts";
import { ownThreads, readMarkerOf } from "./marker.ts";
import type { OwnThread } from "./marker.ts";
import { matchThreads } from "./match-threads.ts";
import type { Matching, PlacedFinding } from "./match-threads.ts";
import type { EndedThread, FoldedFinding, PlanInput, PlannedThread, ReviewPlan } from "./review-plan.ts";
import { byStrength, severityRank } from "./strength.ts";

/**
 * Plans what a review changes on a merge request, from what holds now and what was said before. Pure,
 * and the same for each order of the input; a plan that was applied in full leaves nothing to do for
 * the next one. Only threads that we opened for this flow are touched, and none that somebody joined.
 */
export const planReview = (input: PlanInput): ReviewPlan => {
  const { discussions, flow } = input;
  const standing = ownThreads(discussions, flow);
  const gone = goneThreads(input.dismissed ?? [], standing);
  const threads = [...standing, ...gone];
  const matching = matchThreads(input.findings.toSorted(byClaim(input)), threads);
  const ended = planEnds(matching.unmatched, input);
  const endedIds = new Set(ended.map(({ discussionId }) => discussionId));
  const openAlready = threads.filter(
    ({ discussion }) => !discussion.resolved && !endedIds.has(discussion.id),
  );
  return {
    ...planFresh(matching, threads, input.maxThreads - openAlready.length, input),
    keep: matching.said
      .filter(({ thread }) => !gone.includes(thread))
      .map(({ found, thread }) => ({
        fingerprint: thread.fingerprint,
        discussionId: thread.discussion.id,
        noteId: thread.noteId,
        resolved: thread.discussion.resolved,
        found,
      }))
      .toSorted((left, right) => byStrength(left.found, right.found)),
    resolve: ended,
    builtOn: standing.flatMap(({ discussion: { notes } }) =>
      notes.flatMap(({ id, ours }) => (ours === "author" ? [id] : [])),
    ),
    summaryNoteId: findSummary(discussions, flow),
  };
};

/** Threads of dismissed findings that somebody deleted, as if they stood there resolved. */
const goneThreads = (
  dismissed: NonNullable<PlanInput["dismissed"]>,
  standing: readonly OwnThread[],
): readonly OwnThread[] =>
  dismissed
    .filter(({ fingerprint: id }) => standing.every((thread) => thread.fingerprint !== id))
    .flatMap(({ fingerprint: id, matter }): OwnThread[] => {
      const parts = parseFingerprint(id);
      if (parts === null) return [];
      const discussion: Discussion = {
        id: "",
        individual: false,
        resolvable: false,
        resolved: true,
        resolvedBy: null,
        position: null,
        notes: [],
      };
      return [
        {
          ...parts,
          discussion,
          noteId: 0,
          fingerprint: id,
          matter,
          endedAt: [],
          resolvedByUs: false,
          joined: true,
        },
      ];
    });

/**
 * Findings that could have a thread come before those that could not, then the strongest: the order in
 * which threads are opened, so that findings which differ in nothing else find their own again.
 */
const byClaim =
  (input: PlanInput) =>
  (left: AnchoredFinding, right: AnchoredFinding): number =>
    Number(belowThreshold(left, input) !== null) - Number(belowThreshold(right, input) !== null) ||
    byStrength(left, right);

/** Which of the threads that no finding belongs to are over. */
const planEnds = (unmatched: readonly OwnThread[], input: PlanInput): readonly EndedThread[] =>
  unmatched
    .filter((thread) => isOursToEnd(thread, input.refs.headSha))
    .flatMap((thread): EndedThread[] => {
      const { matter, discussion } = thread;
      const presence = codePresence(matter, input.files);
      if (presence !== "gone" && (matter.path === "" || !input.isCovered(matter.path))) return [];
      const why = presence === "gone" ? "code-gone" : "fixed";
      return [{ fingerprint: thread.fingerprint, discussionId: discussion.id, why }];
    });

/**
 * A thread that we ended before and that is open again was opened by somebody, unless it was at this
 * head, where ending it may have been interrupted between our word and GitLab's resolution.
 */
const isOursToEnd = ({ discussion, joined, endedAt }: OwnThread, headSha: string): boolean =>
  discussion.resolvable && !discussion.resolved && !joined && endedAt.every((sha) => sha === headSha);

const planFresh = (
  { fresh, placeless }: Matching,
  threads: readonly OwnThread[],
  room: number,
  input: PlanInput,
): Pick<ReviewPlan, "open" | "fold"> => {
  const fold: FoldedFinding[] = placeless.map((found) => ({ found, why: "no-place" }));
  const named = nameFresh(fresh, threads);
  const open: PlannedThread[] = [];
  for (const planned of named.toSorted((left, right) => byStrength(left.found, right.found))) {
    const why = belowThreshold(planned.found, input) ?? (open.length < room ? null : "limit");
    if (why === null) open.push(planned);
    else fold.push({ found: planned.found, why });
  }
  return { open, fold: fold.toSorted((left, right) => byStrength(left.found, right.found)) };
};

const belowThreshold = (
  { finding }: AnchoredFinding,
  { leastSeverity, leastConfidence }: PlanInput,
): "severity" | "confidence" | null => {
  if (severityRank(finding.severity) > severityRank(leastSeverity)) return "severity";
  return finding.confidence < leastConfidence ? "confidence" : null;
};

/** Gives each finding the next number among its kin that no thread ever had. */
const nameFresh = (
  fresh: readonly PlacedFinding[],
  threads: readonly OwnThread[],
): readonly PlannedThread[] => {
  const next = new Map<string, number>();
  for (const { kin, ordinal } of threads) next.set(kin, Math.max(next.get(kin) ?? 0, ordinal + 1));
  return fresh.map(({ found, matter: { kin } }) => {
    const ordinal = next.get(kin) ?? 0;
    next.set(kin, ordinal + 1);
    return { fingerprint: fingerprint(kin, ordinal), found };
  });
};

/** The newest: where a former bot's note could not be edited, there is one of ours behind it. */
const findSummary = (discussions: readonly Discussion[], flow: string): number | null => {
  const ids = discussions
    .flatMap(({ notes }) => notes)
    .filter((note) => readMarkerOf(note, flow)?.kind === "summary")
    .map(({ id }) => id);
  return ids.length === 0 ? null : Math.max(...ids);
};
