import { type Context, Hono } from "hono";
import { describeError } from "../base/errors.ts";
import { WEBHOOK_PATHS } from "../base/webhook-paths.ts";
import type { Clock } from "../base/clock.ts";
import { type Logger, limitWarnings } from "../base/logger.ts";
import { type Answer, answers } from "./answer.ts";
import { API_PATH } from "./api/api.ts";
import type { ClientOf } from "./client-of.ts";
import type { Intake } from "./intake.ts";
import type { ObserveDelivery } from "./observe-delivery.ts";
import type { Dashboard } from "./dashboard/dashboard.ts";
import { type BodyBudgets, createBodyReader } from "./read-body.ts";

/** What the HTTP server needs. */
export type AppOptions = {
  /** Null for a server that takes no deliveries. */
  readonly intake: Intake | null;
  /** Resolves when everything that a delivery needs is at hand. */
  readonly checkReady: () => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Prometheus' route; none when left out. */
  readonly metrics?: Hono;
  /** Looks at every delivery; nobody looks when it is left out. */
  readonly observeDelivery?: ObserveDelivery;
  /** The pages for people; none when left out. */
  readonly dashboard?: Pick<Dashboard, "path" | "routes">;
  /** The API for the command line; none when left out. */
  readonly api?: Hono;
  /** Who sent a request, for limits that count by address. */
  readonly clientOf: ClientOf;
  /** The most bytes of deliveries in memory at once. */
  readonly bodyBudgets?: BodyBudgets;
};

/** The routes of the server. */
export const createApp = (given: AppOptions): Hono => {
  const options = { ...given, logger: limitWarnings(given.logger, given.clock) };
  const app = new Hono();
  if (options.intake !== null) addWebhook(app, options.intake, options);
  app.get("/healthz", (context) => context.json({ status: "ok" }));
  app.get("/readyz", async (context) => {
    try {
      await options.checkReady();
      return context.json({ status: "ready" });
    } catch (error) {
      options.logger.warn({ error: describeError(error) }, "Not ready");
      return send(context, answers.unavailable("not-ready", "The store does not answer"));
    }
  });
  if (options.metrics !== undefined) app.route("/", options.metrics);
  if (options.dashboard !== undefined) {
    const { path, routes } = options.dashboard;
    app.route(path, routes);
    app.get("/", (context) => context.redirect(path, 302));
  }
  if (options.api !== undefined) app.route(API_PATH, options.api);
  app.notFound((context) => send(context, answers.notFound));
  app.onError((error, context) => {
    options.logger.error({ error: describeError(error), stack: error.stack }, "Request failed");
    return send(context, answers.internal);
  });
  return app;
};

/** The routes that GitLab's webhooks are sent to. */
const addWebhook = (app: Hono, intake: Intake, options: AppOptions): void => {
  const bodies = createBodyReader(options.bodyBudgets);
  const { observeDelivery = (receive) => receive(), clientOf, logger } = options;
  const answer = async (context: Context): Promise<Answer> => {
    const headers = context.req.header();
    const client = clientOf(context);
    const admission = intake.admit(headers, client);
    if (admission.kind === "refused") return admission.answer;
    const sender = { client, isProven: admission.isProven };
    const length = Number.parseInt(context.req.header("content-length") ?? "", 10);
    const declared = Number.isNaN(length) ? null : length;
    let isWhole = false;
    try {
      const outcome = await bodies.during(context.req.raw.body, declared, sender, (bytes) => {
        isWhole = true;
        return intake.receive(headers, bytes, sender);
      });
      if ("status" in outcome) return outcome;
      if (outcome.kind === "busy")
        return answers.unavailable("busy", "Too many large events arrive at once; send the event again");
      return sender.isProven ? answers.tooLarge : answers.tooLargeUnproven;
    } catch (error) {
      if (isWhole) throw error;
      logger.warn({ error: describeError(error) }, "Sender broke off");
      return answers.incomplete;
    }
  };
  const receive = async (context: Context): Promise<Response> =>
    send(context, await observeDelivery(() => answer(context)));
  for (const path of WEBHOOK_PATHS) {
    app.post(path, receive);
    app.all(path, (context) => send(context, answers.wrongMethod));
  }
};

const send = (context: Context, { status, body, headers }: Answer): Response =>
  context.json(body, status, { ...headers, "cache-control": "no-store" });
