import { Hono } from "hono";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { NO_USAGE } from "../../src/flow/flow-event.ts";
import type { ShownFlow } from "../../src/http/dashboard/dashboard-options.ts";
import { createLiveRun } from "../../src/http/dashboard/live/live-run.ts";
import { html } from "../../src/http/dashboard/markup/markup.ts";
import { createMasking } from "../../src/http/dashboard/mask-text.ts";
import { translator } from "../../src/messages/format-message.ts";
import type { DashboardEnv, Visit } from "../../src/http/dashboard/visit.ts";
import type { NewRunEvent, RunEvent, RunEventReading } from "../../src/store/run-event.ts";
import type { Run } from "../../src/store/store.ts";
import type { FlowCall } from "../../src/worker/record-events.ts";
import { LIVE_FLOW, runLiveFlow } from "./live-flow.ts";

/** A run of the flow `watched`. */
export const watchedRun = (state: Run["state"] = "active"): Run => ({
  id: "00000000-0000-7000-8000-000000000001",
  kind: "review",
  deliveryId: "d",
  projectId: 7,
  projectPath: "group/project",
  iid: 1,
  headSha: "a",
  flow: "watched",
  trigger: "opened",
  state,
  reason: null,
  waitingFor: null,
  waits: 0,
  attempts: 1,
  createdAtMs: 0,
  startedAtMs: 0,
  finishedAtMs: null,
  nextAttemptAtMs: null,
  event: {},
  result: null,
  usage: NO_USAGE,
});

/** The flow of those runs; its second part runs on Dify. */
export const WATCHED: ShownFlow = {
  name: "watched",
  contract: "findings",
  review: "every-push",
  language: "English",
  projects: ["**"],
  parts: [
    { role: "main", source: "watched.yml", models: [], flow: LIVE_FLOW },
    { role: "verify", source: "https://dify.example.com", models: [], flow: null },
  ],
};

/** A call of the main part. */
export const CALL: FlowCall = {
  key: "unit-1",
  part: { role: "main", index: 0 },
  files: ["src/a.ts", "src/b.ts"],
  digest: LIVE_FLOW.digest,
};

/** What one call of LIVE_FLOW records, with seqs from `first`. */
export const recordedEvents = async (about: FlowCall = CALL, first = 1): Promise<readonly RunEvent[]> => {
  const events: NewRunEvent[] = [];
  const { signal } = new AbortController();
  const record = async (batch: readonly NewRunEvent[]): Promise<number> => events.push(...batch);
  await runLiveFlow({ record, run: watchedRun(), signal }, about, async (prompt) => `answer to ${prompt}`);
  return events.map((event, index) => ({ ...event, seq: first + 2 * index }));
};

/** A store in memory that a test fills, with or without telling those who watch. */
export type EventShelf = {
  run: Run;
  readonly watchers: ReadonlySet<() => void>;
  readonly put: (more: readonly RunEvent[], told?: "told" | "silently") => void;
  readonly store: RunEventReading & { readonly getRun: (id: string) => Promise<Run | null> };
};

/** Makes an empty one, with a run that is under way. */
export const createEventShelf = (): EventShelf => {
  const events: RunEvent[] = [];
  const watchers = new Set<() => void>();
  const shelf: EventShelf = {
    run: watchedRun(),
    watchers,
    put: (more: readonly RunEvent[], told: "told" | "silently" = "told") => {
      events.push(...more);
      if (told === "told") for (const tell of watchers) tell();
    },
    store: {
      getRun: async (id) => (id === shelf.run.id ? shelf.run : null),
      listRunEvents: async (id, { after }) =>
        id === shelf.run.id ? events.filter(({ seq }) => seq > after) : [],
      watchRunEvents: (_, onEvents) => {
        watchers.add(onEvents);
        return () => watchers.delete(onEvents);
      },
    },
  };
  return shelf;
};

/** Somebody who has signed in for an hour. */
export const VISIT: Visit = {
  session: { id: "0123456789abcdef", user: "admin", endsAtMs: Date.now() + 3_600_000 },
  access: "sign-in",
  language: "en",
  t: translator("en"),
  formToken: "",
  here: "/dashboard",
  form: {},
  nowMs: 0,
};

/** The routes of a shelf's runs, and the part of a page as text. */
export const createLiveApp = (shelf: EventShelf, visit: Visit = VISIT) => {
  const live = createLiveRun({
    store: shelf.store,
    flows: [WATCHED],
    masking: createMasking([]),
    isSessionOver: async ({ endsAtMs }, nowMs) => endsAtMs <= nowMs,
    clock: systemClock,
    logger: silentLogger,
  });
  const app = new Hono<DashboardEnv>();
  app.use("*", async (context, next) => {
    context.set("visit", visit);
    await next();
  });
  app.route("/dashboard", live.routes);
  return {
    app,
    close: live.close,
    part: async (wanted: string | null = null) =>
      String(await html`${await live.part(visit, shelf.run, wanted)}`),
  };
};
