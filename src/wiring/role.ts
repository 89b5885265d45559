import { message } from "../messages/message.ts";
import { ConfigError, problemAt } from "../base/errors.ts";
import type { Config } from "../config/config.ts";

/** What this server does of all that servers do. */
export type Role = {
  /** Takes deliveries and shows pages; every server answers /healthz, /readyz and /metrics. */
  readonly takesDeliveries: boolean;
  /** Works on runs, and looks for missed changes. */
  readonly reviews: boolean;
};

/**
 * The role of the configured server. Throws a ConfigError for one that does a part only and has its store
 * to itself: whoever is to do the rest could not reach it.
 */
export const roleOf = ({ server, store }: Pick<Config, "server" | "store">): Role => {
  if (server.role !== "both" && store.kind === "embedded") {
    throw new ConfigError([
      problemAt("server.role", message("config.role-without-postgres", { role: server.role })),
    ]);
  }
  return { takesDeliveries: server.role !== "worker", reviews: server.role !== "web" };
};
