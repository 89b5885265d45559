import type { Claim } from "../../store/store.ts";
import type { ShadowStore } from "../../store/shadows/shadow-store.ts";
import type { ReviewFlow } from "../review-flow.ts";
import type { ShadowedFlow } from "./shadowed-flow.ts";

/** Chooses what reviews in a flow's name; see ReviewOptions. */
export type ChooseFlow = (claim: Pick<Claim, "journal">, flow: ReviewFlow) => Promise<ReviewFlow>;

/** Under this key a run's journal says which candidate makes it; null for the flow itself. */
export const REVIEWER_STEP = "reviewer";

/**
 * Lets a promoted candidate review in the place of its flow. A run keeps to what its first attempt chose, so
 * that no review is half of one and half of the other.
 */
export const createFlowChoice =
  (store: Pick<ShadowStore, "standing">, shadowed: readonly ShadowedFlow[]): ChooseFlow =>
  async ({ journal }, flow) => {
    const found = shadowed.find(({ key }) => key.flow === flow.name);
    if (found === undefined) return flow;
    const { candidate } = found.key;
    const known = await journal.read(REVIEWER_STEP);
    if (known !== undefined) return known === candidate ? found.candidate : flow;
    const isPromoted = (await store.standing(found.key))?.choice === "promoted";
    await journal.write(REVIEWER_STEP, isPromoted ? candidate : null);
    return isPromoted ? found.candidate : flow;
  };
