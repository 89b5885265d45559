import { type Context, Hono } from "hono";
import type { Clock } from "../base/clock.ts";
import { type Logger, limitWarnings } from "../base/logger.ts";
import type { Secret } from "../base/secret.ts";
import { type ClientOf, peerOf } from "./client-of.ts";
import { isForThisMachine, isLoopback } from "./dashboard/access.ts";
import { attemptBearer, createAttemptLimit } from "./dashboard/attempt-limit.ts";

/** What `/metrics` needs. */
export type MetricsOptions = {
  /** The metrics as text. */
  readonly render: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** Asked of everybody where it is set; without one only this machine may read. */
  readonly token: Secret | null;
  readonly clientOf: ClientOf;
  readonly clock: Clock;
  readonly logger: Logger;
};

/**
 * The route of Prometheus. Metrics tell how much is reviewed and what it costs, so that not everybody may see them;
 * who guesses the token is held back as at the sign-in.
 */
export const createMetricsRoute = ({ render, token, clientOf, clock, ...options }: MetricsOptions): Hono => {
  const app = new Hono();
  const attempts = createAttemptLimit(clock);
  const logger = limitWarnings(options.logger, clock);
  app.get("/metrics", async (context) => {
    context.header("cache-control", "no-store");
    if (token === null) {
      if (!isFromHere(context))
        return refuse(
          context,
          403,
          "metrics-token-not-set",
          "Metrics are for this machine only; set REVIEWFLOW_METRICS_TOKEN and send it as a bearer token",
        );
    } else {
      const client = clientOf(context);
      const attempt = attemptBearer(attempts, client, token, context.req.header("authorization"));
      if (attempt.kind === "held") {
        context.header("retry-after", String(Math.ceil(attempt.waitMs / 1_000)));
        return refuse(context, 429, "too-many-attempts", "Too many wrong tokens; wait a minute");
      }
      if (attempt.kind === "wrong") {
        logger.warn({ client }, "Metrics request refused");
        context.header("www-authenticate", "Bearer");
        const message = "Send the token of REVIEWFLOW_METRICS_TOKEN as a bearer token";
        return refuse(context, 401, "metrics-token-wrong", message);
      }
    }
    const { contentType, text } = await render();
    return context.body(text, 200, { "content-type": contentType });
  });
  return app;
};

const isFromHere = (context: Context): boolean =>
  isForThisMachine(context) && isLoopback((peerOf(context) ?? "").replace(/^::ffff:/i, ""));

const refuse = (context: Context, status: 401 | 403 | 429, code: string, message: string): Response =>
  context.json({ error: { code, message } }, status);
