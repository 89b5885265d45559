import { type Context, Hono } from "hono";
import type { Secret } from "../base/secret.ts";
import { peerOf } from "./client-of.ts";
import { isForThisMachine, isLoopback } from "./dashboard/access.ts";

/** What `/metrics` needs. */
export type MetricsOptions = {
  /** The metrics as text. */
  readonly render: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** Asked of everybody where it is set; without one only this machine may read. */
  readonly token: Secret | null;
};

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

const isFromHere = (context: Context): boolean =>
  isForThisMachine(context) && isLoopback((peerOf(context) ?? "").replace(/^::ffff:/i, ""));

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
