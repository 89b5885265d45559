import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import type { Clock } from "../../base/clock.ts";
import { describeError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { Sessions } from "./session.ts";
import type { DashboardEnv } from "./visit.ts";

/** Tells open pages when something has happened. */
export type Live = {
  /** Answers with server-sent events: `change` when a page is out of date. */
  readonly connect: (context: Context<DashboardEnv>) => Response | Promise<Response>;
  /** Ends every stream, so that a server that stops need not wait for them. */
  readonly close: () => void;
};

/** What the pages' news are made of. */
export type LiveOptions = {
  readonly pulse: () => Promise<string>;
  readonly isOver: Sessions["isOver"];
  readonly clock: Clock;
  readonly logger: Logger;
};

const LOOK_EVERY_MS = 1_000;
/** Comments keep proxies from ending a stream that has nothing to say. */
const SIGN_OF_LIFE_MS = 15_000;
/** A browser opens one for each window; more are turned away and ask again later. */
const MOST_STREAMS = 64;

/** Looks at the store once a second while anybody watches, for all who watch together. */
export const createLive = ({ pulse, isOver: isSessionOver, clock, logger }: LiveOptions): Live => {
  const closing = new AbortController();
  const watchers = new Set<() => void>();
  let last: string | null = null;
  let looking: Promise<void> | null = null;
  const look = async (): Promise<void> => {
    while (watchers.size > 0 && !closing.signal.aborted) {
      try {
        const now = await pulse();
        if (last !== null && now !== last) for (const tell of watchers) tell();
        last = now;
      } catch (error) {
        logger.warn({ error: describeError(error) }, "Pages could not be told what is new");
      }
      await clock.sleep(LOOK_EVERY_MS, closing.signal).catch(() => undefined);
    }
    last = null;
    looking = null;
  };
  return {
    close: () => closing.abort(),
    connect: (context) => {
      if (watchers.size >= MOST_STREAMS || closing.signal.aborted)
        return context.text("", 503, { "retry-after": "30" });
      const { session } = context.get("visit");
      context.header("x-accel-buffering", "no");
      return streamSSE(context, async (stream) => {
        let isNews = false;
        let wake = (): void => undefined;
        const tell = (): void => {
          isNews = true;
          wake();
        };
        const isOver = async (): Promise<boolean> =>
          stream.aborted || closing.signal.aborted || isSessionOver(session, clock.now());
        watchers.add(tell);
        stream.onAbort(() => wake());
        closing.signal.addEventListener("abort", () => wake());
        looking ??= look();
        try {
          await stream.writeSSE({ event: "hello", data: "", retry: 5_000 });
          while (!(await isOver())) {
            const nap = new AbortController();
            wake = () => nap.abort();
            if (!isNews) await clock.sleep(SIGN_OF_LIFE_MS, nap.signal).catch(() => undefined);
            if (await isOver()) break;
            if (isNews) await stream.writeSSE({ event: "change", data: "" });
            else await stream.write(": still here\n\n");
            isNews = false;
          }
        } finally {
          watchers.delete(tell);
        }
      });
    },
  };
};
