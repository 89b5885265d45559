import { Hono } from "hono";
import type { Config } from "../config/config.ts";
import { API_PATH } from "../http/api/api.ts";
import { isLoopback } from "../http/dashboard/access.ts";
import { BASE, type DashboardEnv } from "../http/dashboard/visit.ts";
import type { DashboardParts } from "./create-dashboard.ts";

/** The dashboard and the API for the command line, as parts of a server. */
export type Pages = {
  readonly dashboard: { readonly path: string; readonly routes: Hono<DashboardEnv> };
  readonly api: Hono;
  /** Ends what stays open by itself; before the server stops. */
  readonly close: () => Promise<void>;
};

/** Loads and creates dashboard and API at the first request for either: most servers are seldom looked at. */
export const createPagesOnRequest = (config: Config, parts: DashboardParts): Pages => {
  let made: Promise<{ readonly app: Hono; readonly close: () => void }> | null = null;
  const make = async (): Promise<{ readonly app: Hono; readonly close: () => void }> => {
    const { createConfiguredDashboard } = await import("./create-dashboard.ts");
    const { path, routes, api, close } = await createConfiguredDashboard(config, parts);
    return { app: new Hono().route(path, routes).route(API_PATH, api), close };
  };
  /** Both answer every path below theirs, and every failure of their own. */
  const forward = <Env extends object>(): Hono<Env> =>
    new Hono<Env>().all("*", async (context) => {
      // What failed is tried again for the next.
      made ??= make().catch((error: unknown) => {
        made = null;
        throw error;
      });
      const { app } = await made;
      return app.fetch(context.req.raw, context.env);
    });
  const { server, dashboard } = config;
  if (dashboard.adminToken === null && dashboard.gitlabOAuth === null && !isLoopback(server.host)) {
    parts.logger.warn(
      { host: server.host },
      "The dashboard is off: set REVIEWFLOW_ADMIN_TOKEN or dashboard.gitlab_oauth, since others can reach this address",
    );
  }
  return {
    dashboard: { path: BASE, routes: forward<DashboardEnv>() },
    api: forward(),
    close: async () => {
      const pages = await made?.catch(() => null);
      pages?.close();
    },
  };
};
