import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context } from "hono";

/** The address at the other end of the connection; a proxy's is the same for all who come through it. */
export const peerOf = (context: Context): string => {
  try {
    return getConnInfo(context).remote.address ?? "unknown";
  } catch {
    // Requests that were not received over a connection have none.
    return "unknown";
  }
};
