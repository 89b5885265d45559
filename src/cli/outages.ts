import { z } from "zod";
import { PEER_KINDS } from "../base/outside.ts";
import { reasonFrom, StoredMessage } from "../base/reason.ts";
import type { Environment } from "../config/environment.ts";
import type { ServerNotices } from "../doctor/diagnose-notices.ts";
import { CommandError } from "./command-error.ts";
import { describeReason } from "./describe-reason.ts";
import { readConfig } from "./read-config.ts";
import { isServerError, openServerClient, type ServerClient, type ServerConfig } from "./server-client.ts";
import { readServerEnvironment } from "./server-environment.ts";
import { printable, processTerminal, tellFailure, type Terminal, terminalTexts } from "./terminal.ts";

/** How what is away is asked for. */
export type OutagesOptions = Partial<Terminal> & {
  /** The configuration file. */
  readonly config?: string;
  /** The address of the server; this machine's when left out. */
  readonly server?: string;
  /** Whether a run finds out now whether each works again. */
  readonly resume?: boolean;
  /** The process's own with the folder's `.env` when left out. */
  readonly environment?: Environment;
};

const Peer = z.object({ kind: z.enum(PEER_KINDS), name: z.string() });
const Listed = z.object({
  outages: z.array(
    z.object({
      peer: Peer,
      state: z.enum(["away", "parked"]),
      sinceMs: z.number(),
      reason: z.object({ code: z.string(), params: z.record(z.string(), z.unknown()) }),
      waiting: z.number(),
    }),
  ),
  notices: z.array(
    z.object({
      label: z.string(),
      waiting: z.number(),
      lost: z.number(),
      sinceMs: z.number(),
      problem: StoredMessage,
    }),
  ),
});
const Resumed = z.object({ resumed: Peer });

/**
 * `reviewflow outages`: what outside the running server is away or parked, and how many reviews wait for it; with
 * `--resume` a run finds out now whether each works again. Returns the exit code: 1 when the server does not answer.
 */
export const showOutages = async (options: OutagesOptions = {}): Promise<number> => {
  const { write = processTerminal.write, complain = processTerminal.complain } = options;
  try {
    const environment = options.environment ?? (await readServerEnvironment(options));
    const t = terminalTexts(environment);
    const client: ServerClient = openServerClient(
      readConfig(environment, options.config ?? null),
      options.server === undefined ? {} : { server: options.server },
    );
    const { outages } = await client.get("/outages", Listed);
    if (outages.length === 0) write(`${t("outages.none")}\n`);
    for (const { peer, state, sinceMs, reason, waiting } of outages) {
      const named = `${t(`peer.${peer.kind}`)} ${peer.name}`;
      const line = t("outages.line", {
        peer: named,
        state: t(`outages.${state}`),
        since: sinceMs,
        count: waiting,
        reason: describeReason(reasonFrom(reason.code, reason.params), t),
      });
      write(printable(`${line}\n`));
      if (options.resume !== true) continue;
      const isResumed = await resume(client, peer);
      write(printable(`${t(isResumed ? "outages.resumed" : "outages.over", { peer: named })}\n`));
    }
    return 0;
  } catch (error) {
    return tellFailure(error, complain, terminalTexts(options.environment));
  }
};

/** Whether it was away still: what has come back since it was listed needs nobody to find that out. */
const resume = async (client: ServerClient, peer: z.infer<typeof Peer>): Promise<boolean> => {
  try {
    await client.send("POST", "/outages/resume", peer, Resumed);
    return true;
  } catch (error) {
    if (!isServerError(error, "outage-unknown")) throw error;
    return false;
  }
};

/** Asks the running server on this machine, which has its store to itself, in which channels notices did not arrive. */
export const askNotices = async (config: ServerConfig): Promise<ServerNotices> => {
  try {
    const { notices } = await openServerClient(config).get("/outages", Listed);
    return { kind: "told", troubled: notices };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return { kind: "unknown", problem: error.what };
  }
};
