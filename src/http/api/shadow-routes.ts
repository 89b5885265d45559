import { Hono } from "hono";
import type { Logger } from "../../base/logger.ts";
import { SHADOW_ACTIONS } from "../../review/shadow/decide-choice.ts";
import type { ShadowChange, ShadowDesk } from "../shadow/shadow-desk.ts";
import { apiProblem } from "./api-problem.ts";
import { summarizeCandidate } from "./shadow-summary.ts";

/** Who did it, as far as the token says: nobody but who holds it. */
const COMMAND_LINE = "the command line";

/** Why an action was refused, and what to do instead. */
const SHADOW_REFUSALS: Readonly<Record<(ShadowChange & { kind: "refused" })["code"], string>> = {
  "shadow-unknown":
    "The flow has no candidate in the configuration of this server; set flows[].shadow, or name another flow",
  "shadow-promoted": "The candidate is promoted; take that back first (undo)",
  "shadow-nothing-to-undo": "Nothing was decided about the candidate, so that there is nothing to take back",
  "shadow-unchanged": "That was decided already",
};

/** `GET /` sums every candidate up; `POST /:flow/:action` promotes, drops or takes that back. */
export const shadowApiRoutes = (desk: ShadowDesk, logger: Logger): Hono => {
  const routes = new Hono();
  routes.get("/", async (context) => {
    const views = await Promise.all(desk.candidates.map(desk.view));
    return context.json({ candidates: views.map(summarizeCandidate) });
  });
  routes.post("/:flow/:action", async (context) => {
    const { flow, action: named } = context.req.param();
    const action = SHADOW_ACTIONS.find((one) => one === named);
    if (action === undefined)
      return apiProblem(
        context,
        404,
        "action-unknown",
        "A candidate is promoted, dropped, or that is undone",
      );
    const change = await desk.change(flow, action, COMMAND_LINE);
    logger.info({ flow, action, outcome: change.kind }, "Candidate decided about from the command line");
    if (change.kind === "refused") {
      const status = change.code === "shadow-unknown" ? 404 : 409;
      return apiProblem(context, status, change.code, SHADOW_REFUSALS[change.code]);
    }
    const { candidate, choice } = change.standing;
    return context.json({ flow, candidate, choice });
  });
  return routes;
};
