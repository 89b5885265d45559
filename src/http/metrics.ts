import { getConnInfo } from "@hono/node-server/conninfo";
import { type Context, Hono } from "hono";
import { BlockList } from "node:net";
import type { Secret } from "../base/secret.ts";

/** What `/metrics` needs. */
export type MetricsOptions = {
  /** The metrics as text. */
  readonly render: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** Asked of everybody where it is set; without one only this machine may read. */
  readonly token: Secret | null;
};

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** What a proxy on this machine adds: then the caller may be anybody, although the connection is our own. */
const FORWARDED = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"] as const;

/** The route of Prometheus. Metrics tell how much is reviewed and what it costs, so that not everybody may see them. */
export const createMetricsRoute = ({ render, token }: MetricsOptions): Hono => {
  const app = new Hono();
  app.get("/metrics", async (context) => {
    if (token === null ? !isFromHere(context) : !hasToken(context, token)) return refuse(context, token);
    const { contentType, text } = await render();
    return context.body(text, 200, { "content-type": contentType, "cache-control": "no-store" });
  });
  return app;
};

const hasToken = (context: Context, token: Secret): boolean => {
  const [, given] = /^bearer +(\S+)$/i.exec(context.req.header("authorization") ?? "") ?? [];
  return given !== undefined && token.equals(given);
};

const isFromHere = (context: Context): boolean => {
  if (FORWARDED.some((name) => context.req.header(name) !== undefined)) return false;
  const address = peerOf(context);
  if (address === null) return false;
  const plain = address.replace(/^::ffff:/i, "");
  return loopback.check(plain, plain.includes(":") ? "ipv6" : "ipv4");
};

/** The address of the other end; null where the request came over no connection. */
const peerOf = (context: Context): string | null => {
  try {
    return getConnInfo(context).remote.address ?? null;
  } catch {
    return null;
  }
};

const refuse = (context: Context, token: Secret | null): Response => {
  const message =
    token === null
      ? "Metrics are for this machine only; set REVIEWFLOW_METRICS_TOKEN and send it as a bearer token"
      : "Send the token of REVIEWFLOW_METRICS_TOKEN as a bearer token";
  const code = token === null ? "metrics-token-not-set" : "metrics-token-wrong";
  const headers = {
    "cache-control": "no-store",
    ...(token === null ? {} : { "www-authenticate": "Bearer" }),
  };
  return context.json({ error: { code, message } }, token === null ? 403 : 401, headers);
};
