import type { Context } from "hono";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import { describeError } from "../../../base/errors.ts";
import type { Run } from "../../../store/store.ts";
import type { Session } from "../session.ts";
import { BASE, type DashboardEnv, type Visit } from "../visit.ts";
import { flowOfCall, isOver, type LiveRunOptions } from "./live-options.ts";
import type { ProgressView } from "./progress-markup.ts";
import { describeChange } from "./progress-update.ts";
import { type Call, createRunProgress, type RunProgress } from "./run-progress.ts";

/** The streams that keep open pages up to date. */
export type EventStreams = {
  /**
   * Answers with server-sent events (HTML Living Standard): `update` with what has changed of the call
   * `call` since `after` or Last-Event-ID, `switch` when the page should show another call, `end` when the
   * run is over.
   */
  readonly connect: (context: Context<DashboardEnv>) => Promise<Response>;
  readonly close: () => void;
};

/** How often is looked for what other processes have stored. */
const LOOK_EVERY_MS = 1_000;
/** Comments keep proxies from ending a stream that has nothing to say. */
const SIGN_OF_LIFE_MS = 15_000;
/** Then the browser connects again, and shows once more that it may. */
const LONGEST_MS = 600_000;
/** The last events of a run may come a moment after its end. */
const LAST_EVENTS_MS = 800;
const MOST_STREAMS = 32;

/** Streams over the store; more than 32 at once are turned away with 503. */
export const createEventStreams = (
  options: LiveRunOptions,
  viewFor: (visit: Visit) => ProgressView,
): EventStreams => {
  const closing = new AbortController();
  let open = 0;
  return {
    close: () => closing.abort(),
    connect: async (context) => {
      const run = await options.store.getRun(context.req.param("id") ?? "");
      if (run === null) return context.text("", 404);
      if (open >= MOST_STREAMS || closing.signal.aborted)
        return context.text("", 503, { "retry-after": "30" });
      const visit = context.get("visit");
      const page: WatchedPage = {
        run,
        view: viewFor(visit),
        after: placeFrom(context),
        callId: context.req.query("call") ?? null,
        follows: context.req.query("follow") === "1",
        session: visit.session,
        endsAtMs: options.clock.now() + LONGEST_MS,
      };
      context.header("x-accel-buffering", "no");
      open += 1;
      return streamSSE(
        context,
        async (stream) => {
          try {
            await follow(options, page, stream, closing.signal);
          } finally {
            open -= 1;
          }
        },
        async (error) => {
          options.logger.warn({ runId: run.id, error: describeError(error) }, "A run could not be followed");
        },
      );
    },
  };
};

type WatchedPage = {
  readonly run: Run;
  readonly view: ProgressView;
  /** The `seq` up to which the page knows. */
  readonly after: number;
  readonly callId: string | null;
  /** Whether it goes on to another call when its own has ended. */
  readonly follows: boolean;
  readonly session: Session;
  readonly endsAtMs: number;
};

const placeFrom = (context: Context): number => {
  const text = context.req.header("last-event-id") ?? context.req.query("after") ?? "0";
  const place = Number(text);
  return Number.isSafeInteger(place) && place > 0 ? place : 0;
};

/** Whether a page that follows should show another call now. */
const shouldSwitch = ({ follows, callId }: WatchedPage, calls: readonly Call[]): boolean => {
  const shown = calls.find(({ id }) => id === callId);
  if (shown === undefined) return calls.length > 0;
  return follows && shown.state !== "running" && calls.some(({ state }) => state === "running");
};

const send = async (
  { flows }: LiveRunOptions,
  { run, view, callId }: WatchedPage,
  stream: SSEStreamingApi,
  progress: RunProgress,
): Promise<void> => {
  const change = progress.takeChanges();
  const call = progress.calls.find(({ id }) => id === callId);
  if (call === undefined) return;
  const path = `${BASE}/runs/${encodeURIComponent(run.id)}`;
  const page = { path, calls: progress.calls, call, flow: flowOfCall(flows, run.flow, call) };
  const update = await describeChange(view, page, change);
  if (update === null) return;
  await stream.writeSSE({ event: "update", data: JSON.stringify(update), id: String(progress.lastSeq) });
};

/** Waits for news of this process, at most until it is time to look for those of others. */
const createAlarm = ({ clock }: LiveRunOptions, closing: AbortSignal) => {
  let nap: AbortController | null = null;
  let isDue = false;
  const ring = (): void => {
    isDue = true;
    nap?.abort();
  };
  closing.addEventListener("abort", ring);
  return {
    ring,
    wait: async (ms: number): Promise<void> => {
      nap = new AbortController();
      if (!isDue) await clock.sleep(ms, nap.signal).catch(() => undefined);
      isDue = false;
    },
    [Symbol.dispose]: () => closing.removeEventListener("abort", ring),
  };
};

const follow = async (
  options: LiveRunOptions,
  page: WatchedPage,
  stream: SSEStreamingApi,
  closing: AbortSignal,
): Promise<void> => {
  const { store, clock } = options;
  const runId = page.run.id;
  const progress = createRunProgress();
  using alarm = createAlarm(options, closing);
  using stack = new DisposableStack();
  stack.defer(store.watchRunEvents(runId, alarm.ring));
  stream.onAbort(alarm.ring);
  const known = await store.listRunEvents(runId, { after: 0 });
  progress.apply(known.filter(({ seq }) => seq <= page.after));
  progress.takeChanges();
  progress.apply(known.filter(({ seq }) => seq > page.after));
  await stream.writeSSE({ event: "hello", data: "", retry: 3_000 });
  let saidAtMs = clock.now();
  let endedAtMs: number | null = null;
  while (!stream.aborted && !closing.aborted && clock.now() < page.endsAtMs) {
    if (await options.isSessionOver(page.session, clock.now())) return;
    const run = await store.getRun(runId);
    if (run === null || isOver(run)) endedAtMs ??= clock.now();
    progress.apply(await store.listRunEvents(runId, { after: progress.lastSeq }));
    const isLast = endedAtMs !== null && clock.now() >= endedAtMs + LAST_EVENTS_MS;
    if (isLast) progress.end();
    await send(options, page, stream, progress);
    if (shouldSwitch(page, progress.calls)) {
      await stream.writeSSE({ event: "switch", data: "" });
      return;
    }
    if (isLast) {
      await stream.writeSSE({ event: "end", data: "" });
      return;
    }
    if (clock.now() >= saidAtMs + SIGN_OF_LIFE_MS) {
      await stream.write(": still here\n\n");
      saidAtMs = clock.now();
    }
    await alarm.wait(LOOK_EVERY_MS);
  }
};
