import { z } from "zod";
import { countAll } from "../../review/shadow/shadow-report.ts";
import type { CandidateView } from "../shadow/shadow-desk.ts";

const Took = z.object({ tokens: z.number(), cost: z.record(z.string(), z.number()), elapsedMs: z.number() });

/** A candidate in numbers; what `GET /api/shadows` answers for each. Times are in milliseconds. */
export const ShadowSummary = z.object({
  flow: z.string(),
  candidate: z.string(),
  presentSource: z.string(),
  candidateSource: z.string(),
  share: z.number(),
  choice: z.enum(["promoted", "dropped"]).nullable(),
  chosenAtMs: z.number().nullable(),
  chosenBy: z.string().nullable(),
  mergeRequests: z.number(),
  compared: z.number(),
  failed: z.number(),
  skipped: z.number(),
  waiting: z.number(),
  both: z.number(),
  onlyPresent: z.number(),
  onlyCandidate: z.number(),
  present: Took,
  candidateTook: Took,
});

/** The type of a ShadowSummary. */
export type ShadowSummary = z.infer<typeof ShadowSummary>;

/** The answer about all candidates. */
export const ShadowSummaries = z.object({ candidates: z.array(ShadowSummary) });

/** The answer to an action. */
export const ShadowChoiceAnswer = z.object({
  flow: z.string(),
  candidate: z.string(),
  choice: z.enum(["promoted", "dropped"]).nullable(),
});

/** The type of a ShadowChoiceAnswer. */
export type ShadowChoiceAnswer = z.infer<typeof ShadowChoiceAnswer>;

/** Sums a candidate up for the command line. */
export const summarizeCandidate = ({ shown, standing, totals }: CandidateView): ShadowSummary => {
  const took = ({ tokens, cost, elapsedMs }: CandidateView["totals"]["present"]) => ({
    tokens,
    cost: Object.fromEntries(cost),
    elapsedMs,
  });
  const { mergeRequests, compared, failed, skipped, waiting } = totals;
  return {
    flow: shown.flow,
    candidate: shown.candidate,
    presentSource: shown.presentSource,
    candidateSource: shown.candidateSource,
    share: shown.share,
    choice: standing?.choice ?? null,
    chosenAtMs: standing?.chosenAtMs ?? null,
    chosenBy: standing?.chosenBy ?? null,
    mergeRequests,
    compared,
    failed,
    skipped,
    waiting,
    both: countAll(totals.both),
    onlyPresent: countAll(totals.onlyPresent),
    onlyCandidate: countAll(totals.onlyCandidate),
    present: took(totals.present),
    candidateTook: took(totals.candidate),
  };
};
