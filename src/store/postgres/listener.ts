import { Socket } from "node:net";
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
    // Ours, so that it can be dropped: an end in good order waits for a server that may have fallen silent.
    const socket = new Socket();
    const drop = (): void => void socket.destroy();
    const next = new Client({
      connectionString: databaseUrl.reveal(),
      application_name: "reviewflow-listener",
      keepAlive: true,
      connectionTimeoutMillis: answerMs,
      query_timeout: answerMs,
      stream: () => socket,
    });
    const ended = new Promise<void>((resolve) => {
      next.once("end", () => resolve());
      next.on("error", () => resolve());
    });
    next.on("notification", (message) => handlers.get(message.channel)?.());
    closing.signal.addEventListener("abort", drop);
    let beat: NodeJS.Timeout | undefined;
    try {
      await next.connect();
      client = next;
      for (const [channel, onMessage] of handlers) {
        await next.query(`LISTEN ${channel}`);
        onMessage();
      }
      beat = setInterval(() => void next.query("SELECT 1").catch(drop), HEARTBEAT_MS);
      await ended;
    } finally {
      client = null;
      clearInterval(beat);
      closing.signal.removeEventListener("abort", drop);
      drop();
    }
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
      await loop;
    },
  };
};
