import { composeRunner } from "../../review/compose-runner.ts";
import type { FlowPart } from "../findings/findings-flow.ts";
import type { ReviewFlow } from "../review-flow.ts";
import type { RunBudget } from "./budget-desk.ts";

/** The flow under the budget of a run: none of its workflows is asked once that is used up. */
export const guardFlow = (flow: ReviewFlow, { guard: budget }: RunBudget): ReviewFlow => {
  const part = <Part extends Pick<FlowPart, "runner">>(one: Part): Part => ({
    ...one,
    runner: composeRunner(one.runner, { budget }),
  });
  if (flow.contract !== "findings") return part(flow);
  return {
    ...part(flow),
    passes: flow.passes.map(part),
    verify: flow.verify === null ? null : part(flow.verify),
    summary: flow.summary === null ? null : part(flow.summary),
  };
};
