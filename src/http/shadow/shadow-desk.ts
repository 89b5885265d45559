import { decideChoice, type ShadowAction, type ShadowDecision } from "../../review/shadow/decide-choice.ts";
import { type ShadowTotals, sumShadows } from "../../review/shadow/sum-shadows.ts";
import type {
  CandidateKey,
  CandidateStanding,
  ShadowRun,
  ShadowStore,
} from "../../store/shadows/shadow-store.ts";

/** A configured candidate as people see it. */
export type ShownCandidate = CandidateKey & {
  readonly contract: string;
  readonly share: number;
  /** The file or address of the flow that reviews by configuration. */
  readonly presentSource: string;
  readonly candidateSource: string;
};

/** A candidate with all that is known of it. */
export type CandidateView = {
  readonly shown: ShownCandidate;
  /** Null while no server has compared with it. */
  readonly standing: CandidateStanding | null;
  readonly totals: ShadowTotals;
  /** The newest, without those that were not made. */
  readonly shadows: readonly ShadowRun[];
};

/** What an action came to. */
export type ShadowChange =
  | { readonly kind: "changed"; readonly standing: CandidateStanding }
  | (ShadowDecision & { readonly kind: "refused" });

/** What people see of candidates and do about them, on pages and from the command line. */
export type ShadowDesk = {
  readonly candidates: readonly ShownCandidate[];
  readonly view: (shown: ShownCandidate) => Promise<CandidateView>;
  /** Candidates that were promoted and are configured no longer: their flows review by themselves. */
  readonly left: () => Promise<readonly CandidateStanding[]>;
  /** How the candidate of each flow stands, by the flow's name. */
  readonly standings: () => Promise<ReadonlyMap<string, CandidateStanding>>;
  readonly change: (flow: string, action: ShadowAction, by: string | null) => Promise<ShadowChange>;
  readonly find: ShadowStore["find"];
};

/** Sums are over so many of the newest comparisons. */
const SUMMED_SHADOWS = 2_000;
const SHOWN_SHADOWS = 100;

/** The desk over a store, for the candidates that are configured now. */
export const createShadowDesk = (
  store: Pick<ShadowStore, "standing" | "standings" | "choose" | "list" | "find">,
  candidates: readonly ShownCandidate[],
): ShadowDesk => {
  const isConfigured = ({ flow, candidate }: CandidateKey): boolean =>
    candidates.some((one) => one.flow === flow && one.candidate === candidate);
  return {
    candidates,
    view: async (shown) => {
      const [standing, shadows] = await Promise.all([
        store.standing(shown),
        store.list(shown, SUMMED_SHADOWS),
      ]);
      const made = shadows.filter(({ state }) => state !== "skipped").slice(0, SHOWN_SHADOWS);
      return { shown, standing, totals: sumShadows(shadows), shadows: made };
    },
    left: async () =>
      (await store.standings()).filter((one) => one.choice === "promoted" && !isConfigured(one)),
    standings: async () =>
      new Map((await store.standings()).filter(isConfigured).map((one) => [one.flow, one])),
    change: async (flow, action, by) => {
      const shown = candidates.find((one) => one.flow === flow);
      const standing = shown === undefined ? null : await store.standing(shown);
      const decision = decideChoice(action, {
        isConfigured: shown !== undefined,
        choice: standing?.choice ?? null,
      });
      if (shown === undefined || decision.kind === "refused")
        return decision.kind === "refused" ? decision : { kind: "refused", code: "shadow-unknown" };
      return { kind: "changed", standing: await store.choose(shown, decision.choice, by) };
    },
    find: store.find,
  };
};
