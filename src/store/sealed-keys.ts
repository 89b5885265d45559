import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import { describeError, StoreError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Database, Sql } from "./database.ts";
import { Whole } from "./schema.ts";
import { SealedToken, type TokenVault } from "./token-vault.ts";

/** With which keys the tokens in the store are sealed. A key goes by a part of its digest. */
export type KeyStatus = {
  /** The first of the configured keys, which seals; null without one. */
  readonly current: string | null;
  readonly keys: readonly {
    readonly id: string;
    /** `current` seals, `older` opens, `missing` is not configured: what it sealed cannot be read. */
    readonly kind: "current" | "older" | "missing";
    /** How many tokens are sealed with it; a key of which there are none can be removed. */
    readonly tokens: number;
  }[];
};

/** What of the store is encrypted, and with what. Its journals hold names in the place of secrets, nothing sealed. */
export type SealedKeys = {
  readonly status: () => Promise<KeyStatus>;
  /** Seals with the current key what older ones sealed; returns how many tokens. What cannot be opened is left. */
  readonly reseal: () => Promise<number>;
};

const AT_ONCE = 100;

const Counted = z.object({ key_id: z.string(), tokens: Whole });
const Run = z.object({ run_id: z.string() });

/** The keys of a store. */
export const createSealedKeys = ({
  database,
  vault,
}: {
  readonly database: Database;
  readonly vault: TokenVault;
}): SealedKeys => ({
  status: async () => {
    const rows = await database.query(
      "SELECT key_id, count(*) AS tokens FROM reviewflow.run_tokens GROUP BY key_id ORDER BY key_id",
    );
    const counts = new Map(
      z
        .array(Counted)
        .parse(rows)
        .map((row) => [row.key_id, row.tokens]),
    );
    const ids = new Set([...vault.keyIds, ...counts.keys()]);
    return {
      current: vault.currentKeyId,
      keys: [...ids].map((id) => ({ id, kind: kindOf(vault, id), tokens: counts.get(id) ?? 0 })),
    };
  },
  reseal: async () => {
    const { currentKeyId: current, keyIds } = vault;
    const older = keyIds.filter((id) => id !== current);
    if (current === null || older.length === 0) return 0;
    const failed = new Set<string>();
    for (let total = 0; ;) {
      const seen = await database.transaction((tx) => resealSome(tx, vault, older, failed));
      total += seen.resealed;
      if (seen.looked === 0) return total;
    }
  },
});

const kindOf = ({ currentKeyId, keyIds }: TokenVault, id: string): "current" | "older" | "missing" => {
  if (id === currentKeyId) return "current";
  return keyIds.includes(id) ? "older" : "missing";
};

const resealSome = async (
  tx: Sql,
  vault: TokenVault,
  older: readonly string[],
  failed: Set<string>,
): Promise<{ readonly looked: number; readonly resealed: number }> => {
  const rows = await tx.query(
    `SELECT run_id, key_id, nonce, ciphertext FROM reviewflow.run_tokens
     WHERE key_id = ANY($1::text[]) AND NOT (run_id = ANY($2::uuid[])) LIMIT ${AT_ONCE} FOR UPDATE`,
    [older, [...failed]],
  );
  const tokens = z.array(SealedToken).parse(rows);
  let resealed = 0;
  for (const [index, { run_id: runId }] of z.array(Run).parse(rows).entries()) {
    const token = tokens[index];
    if (token === undefined) continue;
    try {
      const { keyId, nonce, ciphertext } = vault.seal(runId, vault.open(runId, token));
      await tx.query(
        "UPDATE reviewflow.run_tokens SET key_id = $2, nonce = $3, ciphertext = $4 WHERE run_id = $1",
        [runId, keyId, nonce, ciphertext],
      );
      resealed += 1;
    } catch (error) {
      // It was damaged; its run will say so when its turn comes.
      if (!(error instanceof StoreError) || error.code !== "token-unreadable") throw error;
      failed.add(runId);
    }
  }
  return { looked: rows.length, resealed };
};

/** How long after a failure it is tried again. */
const RETRY_MS = 60_000;

const KEYS_MISSING =
  "Runs wait whose tokens are sealed with keys that are not configured; put those keys behind the present one in REVIEWFLOW_ENCRYPTION_KEY";

/** Seals anew in the background what older keys sealed, once, until that went well or `stop` resolves. */
export const startResealing = (
  keys: SealedKeys,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): { readonly stop: () => Promise<void> } => {
  const stopping = new AbortController();
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        const tokens = await keys.reseal();
        if (tokens > 0)
          logger.info({ tokens }, "Tokens that older keys had sealed are sealed with the first one");
        const missing = (await keys.status()).keys.filter(({ kind }) => kind === "missing");
        if (missing.length > 0) logger.error({ keys: missing }, KEYS_MISSING);
        return;
      } catch (error) {
        if (stopping.signal.aborted) return;
        logger.warn({ error: describeError(error) }, "Tokens could not be sealed anew yet");
      }
      await clock.sleep(RETRY_MS, stopping.signal).catch(() => undefined);
    }
  };
  const running = run();
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
};
