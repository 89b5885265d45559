import type { Clock } from "../base/clock.ts";
import { describeError, StoreError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Database, Sql } from "./database.ts";
import type { TokenVault } from "./token-vault.ts";

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

/** The keys of a store. */
export const createSealedKeys = ({
  database,
  vault,
}: {
  readonly database: Database;
  readonly vault: TokenVault;
}): SealedKeys => ({
  status: async () => {
    const rows = await database.db
      .selectFrom("runTokens")
      .select((eb) => ["keyId", eb.fn.countAll<number>().as("tokens")])
      .groupBy("keyId")
      .orderBy("keyId")
      .execute();
    const counts = new Map(rows.map(({ keyId, tokens }) => [keyId, tokens]));
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
      const seen = await resealSome(database, vault, older, failed);
      total += seen.resealed;
      if (seen.looked === 0) return total;
    }
  },
});

const kindOf = ({ currentKeyId, keyIds }: TokenVault, id: string): "current" | "older" | "missing" => {
  if (id === currentKeyId) return "current";
  return keyIds.includes(id) ? "older" : "missing";
};

/** A token that its run has given up, or that another process has sealed, since it was read is left as it is. */
const resealSome = async (
  { db }: Sql,
  vault: TokenVault,
  older: readonly string[],
  failed: Set<string>,
): Promise<{ readonly looked: number; readonly resealed: number }> => {
  const rows = await db
    .selectFrom("runTokens")
    .select(["runId", "keyId", "nonce", "ciphertext"])
    .where("keyId", "in", older)
    .$if(failed.size > 0, (query) => query.where("runId", "not in", [...failed]))
    .limit(AT_ONCE)
    .execute();
  let resealed = 0;
  for (const { runId, ...token } of rows) {
    try {
      const { numUpdatedRows } = await db
        .updateTable("runTokens")
        .set(vault.seal(runId, vault.open(runId, token)))
        .where("runId", "=", runId)
        .where("nonce", "=", token.nonce)
        .executeTakeFirst();
      resealed += Number(numUpdatedRows);
    } catch (error) {
      // It was damaged; its run will say so when it is claimed.
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
