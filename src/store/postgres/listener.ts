import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import type { Logger } from "../../base/logger.ts";
import type { Secret } from "../../base/secret.ts";

/** Notifications over a connection of their own. */
export type Listener = {
  readonly listen: (channel: string, onMessage: () => void) => Promise<void>;
  readonly close: () => Promise<void>;
};

const RECONNECT_MS = 1_000;
const HEARTBEAT_MS = 30_000;

/**
 * Listens to PostgreSQL's NOTIFY and reconnects for as long as it is not closed. Notifications are
 * hints that save waiting for the next poll: one that is lost costs a moment, nothing else.
 */
export const createListener = ({
  databaseUrl,
  logger,
  answerMs,
}: {
  readonly databaseUrl: Secret;
  readonly logger: Logger;
  /** How long an answer is waited for; a connection that says nothing is asked now and then. */
  readonly answerMs: number;
}): Listener => {
  const handlers = new Map<string, () => void>();
  const closing = new AbortController();
  let client: Client | null = null;
  let loop: Promise<void> | null = null;

  const connect = async (): Promise<void> => {
    const next = new Client({
      connectionString: databaseUrl.reveal(),
      application_name: "reviewflow-listener",
      keepAlive: true,
      connectionTimeoutMillis: answerMs,
      query_timeout: answerMs,
    });
    const ended = new Promise<void>((resolve) => {
      next.once("end", () => resolve());
      next.on("error", () => resolve());
    });
    client = next;
    next.on("notification", (message) => handlers.get(message.channel)?.());
    await next.connect();
    if (closing.signal.aborted) await next.end();
    for (const [channel, onMessage] of handlers) {
      await next.query(`LISTEN ${channel}`);
      onMessage();
    }
    const beat = setInterval(() => {
      // An end that is not answered would wait for the answer that does not come: the connection is dropped.
      next.query("SELECT 1").catch(() => next.end().catch(() => undefined));
    }, HEARTBEAT_MS);
    await ended;
    clearInterval(beat);
  };

  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      try {
        await connect();
      } catch {
        if (!closing.signal.aborted)
          logger.warn({}, "the connection for notifications is down, polling meanwhile");
      }
      await delay(RECONNECT_MS, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  };

  return {
    listen: async (channel, onMessage) => {
      handlers.set(channel, onMessage);
      if (loop === null) loop = run();
      else await client?.query(`LISTEN ${channel}`).catch(() => undefined);
    },
    close: async () => {
      closing.abort();
      await client?.end().catch(() => undefined);
      await loop;
    },
  };
};
