import { Hono } from "hono";
import { z } from "zod";
import type { Logger } from "../../base/logger.ts";
import { PEER_KINDS } from "../../base/outside.ts";
import type { NoticeTrouble } from "../../store/notices/notice-store.ts";
import type { Outages } from "../../store/outage.ts";
import { apiProblem } from "./api-problem.ts";

const Peer = z.strictObject({ kind: z.enum(PEER_KINDS), name: z.string() });

/**
 * `GET /` says what outside does not work and what waits for it, and which channels have notices that did not arrive; `POST /resume` with `{"kind", "name"}` has one run
 * find out now whether it works again.
 */
export const outageRoutes = (
  outages: Pick<Outages, "list" | "resume">,
  notices: () => Promise<readonly NoticeTrouble[]>,
  logger: Logger,
): Hono => {
  const routes = new Hono();
  routes.get("/", async (context) =>
    context.json({ outages: await outages.list(), notices: await notices() }),
  );
  routes.post("/resume", async (context) => {
    const peer = Peer.safeParse(await context.req.json().catch(() => null));
    if (!peer.success) return apiProblem(context, 400, "body-invalid", 'The body is not {"kind", "name"}');
    if (!(await outages.resume(peer.data)))
      return apiProblem(context, 404, "outage-unknown", "Nothing is known to be away under this name");
    logger.info({ peer: peer.data }, "Resumed by the API");
    return context.json({ resumed: peer.data });
  });
  return routes;
};
