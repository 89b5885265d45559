import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import { describeError, inEnglish } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import type { Logger } from "../base/logger.ts";
import { NOTICE_EVENTS } from "../base/notice-events.ts";
import { isProjectAllowed } from "../base/project-globs.ts";
import { pauseAfter } from "../base/retry.ts";
import type { NoticeStore, NoticeTrouble, QueuedNotice } from "../store/notices/notice-store.ts";
import { LEAST_PAUSE, type ReconcileStore } from "../store/reconcile/reconcile-store.ts";
import { type Cause, type CauseSources, firstRound, gatherCauses, RoundState } from "./gather-causes.ts";
import { type Channel, type Notice, NoticeFacts } from "./notice.ts";
import { type NoticeLinks, renderNotice } from "./render-notice.ts";
import type { SendOutcome, Sender } from "./send-notice.ts";

/** What telling operators takes. */
export type NotificationsOptions = {
  readonly channels: readonly Channel[];
  readonly sources: CauseSources;
  readonly store: NoticeStore;
  readonly leases: Pick<ReconcileStore, "acquire">;
  readonly sender: Sender;
  readonly links: NoticeLinks;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How often it looks, in milliseconds. */
  readonly everyMs: number;
  /** Told of every delivery, for metrics; must not throw. */
  readonly onSent?: (outcome: "sent" | "failed" | "lost") => void;
};

/** Tells operators what they should know. */
export type Notifications = {
  /** Looks for news at once, and not with the next round. */
  readonly wake: () => void;
  /** The channels that have notices which did not arrive, by their labels. */
  readonly troubles: () => Promise<readonly NoticeTrouble[]>;
  readonly start: () => void;
  readonly stop: () => Promise<void>;
};

/** Where nobody is to be told. */
export const noNotifications: Notifications = {
  wake: () => undefined,
  troubles: async () => [],
  start: () => undefined,
  stop: async () => undefined,
};

const TASK = "notifications";
const LEASE_MS = 60_000;
/** A cause is told of once in so many milliseconds. */
const QUIET_MS = 6 * 3_600_000;
/** How long a notice that is being sent belongs to one instance. */
const SENDING_MS = 60_000;
const MOST_AT_ONCE = 20;
/** The pauses between deliveries that fail double up to the longest; after a day they end. */
const PAUSES = { baseMs: 30_000, maxMs: 3_600_000 };
const GIVE_UP_MS = 24 * 3_600_000;

/**
 * Looks now and then for what operators should know, in one instance at a time, and delivers what is
 * queued, in any. Nothing here keeps a run waiting.
 */
export const createNotifications = (options: NotificationsOptions): Notifications => {
  const { clock, channels, store, everyMs } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  let alarm = Promise.withResolvers<void>();
  let running: Promise<void> | null = null;
  const byId = new Map(channels.map((channel) => [channel.id, channel]));

  const run = async (): Promise<void> => {
    for (let isWoken = true; !signal.aborted;) {
      const current = Promise.withResolvers<void>();
      alarm = current;
      // At the start, and of what was just heard of, at once; else the instances together look as often as one alone.
      await makeRound(options, isWoken ? 0 : everyMs * LEAST_PAUSE, signal);
      await deliver(options, byId, signal);
      const timer = new AbortController();
      const ended = AbortSignal.any([signal, timer.signal]);
      isWoken = await Promise.race([
        current.promise.then(() => true),
        clock.sleep(everyMs, ended).then(
          () => false,
          () => false,
        ),
      ]);
      timer.abort();
    }
  };
  return {
    wake: () => alarm.resolve(),
    troubles: async () =>
      (await store.listTroubles()).map((trouble) => ({
        ...trouble,
        label: byId.get(trouble.channel)?.label ?? "–",
      })),
    start: () => {
      running ??= run();
    },
    stop: async () => {
      stopping.abort(new Error("Reviewflow stops"));
      alarm.resolve();
      await running;
      await options.sender[Symbol.asyncDispose]();
    },
  };
};

/** Looks for causes, unless another instance is at it, and queues notices of them. */
const makeRound = async (
  options: NotificationsOptions,
  pauseMs: number,
  signal: AbortSignal,
): Promise<void> => {
  const { leases, sources, channels, store, clock, logger } = options;
  try {
    const outcome = await leases.acquire(TASK, { leaseMs: LEASE_MS, pauseMs });
    if (outcome.kind !== "acquired") return;
    const { lease } = outcome;
    try {
      const before = RoundState.safeParse(lease.state);
      const { causes, state } = await gatherCauses(
        sources,
        before.success ? before.data : firstRound(clock.now()),
      );
      for (const channel of channels)
        await store.sync(
          channel.id,
          causes.filter((cause) => isFor(channel, cause)),
          QUIET_MS,
        );
      await lease.renew(state);
    } finally {
      await lease.release();
    }
  } catch (error) {
    if (!signal.aborted)
      logger.warn({ error: describeError(error) }, "What operators should know could not be looked for");
  }
};

/** What concerns no project in particular concerns everybody. */
const isFor = ({ events, projects }: Channel, { event, facts }: Cause): boolean =>
  events.has(event) &&
  (projects === null ||
    facts.projects.length === 0 ||
    facts.projects.some((path) => isProjectAllowed(projects, path)));

const deliver = async (
  options: NotificationsOptions,
  byId: ReadonlyMap<string, Channel>,
  signal: AbortSignal,
): Promise<void> => {
  const { store, logger } = options;
  try {
    const taken = await store.take(MOST_AT_ONCE, SENDING_MS);
    await Promise.all(taken.map((queued) => deliverOne(options, queued, byId.get(queued.channel), signal)));
  } catch (error) {
    if (!signal.aborted) logger.warn({ error: describeError(error) }, "Notices could not be delivered");
  }
};

const Event = z.enum(NOTICE_EVENTS);

const deliverOne = async (
  { store, sender, links, clock, logger, onSent }: NotificationsOptions,
  queued: QueuedNotice,
  channel: Channel | undefined,
  signal: AbortSignal,
): Promise<void> => {
  const { id, attempts, createdAtMs, state } = queued;
  const event = Event.safeParse(queued.event);
  const facts = NoticeFacts.safeParse(queued.facts);
  // A channel that is no longer configured, or a notice of another version.
  if (channel === undefined || !event.success || !facts.success) return store.sent(id);
  const notice: Notice = { id, state, createdAtMs, event: event.data, facts: facts.data };
  const problem = await sender.send(channel, renderNotice(notice, channel, links), signal);
  if (problem === null) {
    await store.sent(id);
    logger.info({ channel: channel.label, event: queued.event, state }, "Notice sent");
    onSent?.("sent");
    return;
  }
  const isLost = clock.now() - createdAtMs > GIVE_UP_MS;
  const pauseMs = pauseAfter(attempts, PAUSES, 1);
  await store.failed(id, problem, isLost ? null : pauseMs);
  logger.warn(
    { channel: channel.label, event: queued.event, attempts, problem: inEnglish(problem), isLost },
    "Notice not sent",
  );
  onSent?.(isLost ? "lost" : "failed");
};

/** Sends a message to a channel that says that it works; null, or why it did not arrive. */
export const sendTest = async (
  channel: Channel,
  { sender, links, clock }: Pick<NotificationsOptions, "sender" | "links" | "clock">,
): Promise<SendOutcome> => {
  const notice: Notice = {
    id: newId(clock.now()),
    event: "test",
    state: "once",
    facts: { kind: "test", projects: [] },
    createdAtMs: clock.now(),
  };
  return sender.send(channel, renderNotice(notice, channel, links), new AbortController().signal);
};
