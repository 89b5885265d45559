import { systemClock } from "../base/clock.ts";
import { message } from "../messages/message.ts";
import { type DeliveryReading, type InvalidDelivery, parseDelivery } from "../gitlab/parse-delivery.ts";
import type { ParseJob } from "../gitlab/parse-worker.ts";
import { createWorkerPool } from "../sandbox/worker-pool.ts";

/** Reads what a delivery says, from its raw body and its `X-Gitlab-Event` header. Does not reject. */
export type ReadDelivery = (
  body: Uint8Array,
  eventHeader: string | undefined,
  /** Those who proved something do not wait for those who did not. */
  isProven: boolean,
) => Promise<DeliveryReading>;

/** Smaller bodies are parsed at once, whatever is in them in less than 30 ms; nearly all that GitLab sends are. */
const AT_ONCE_BYTES = 128 * 1024;

/** Whoever proved nothing may send as many bodies as the network takes: of those only what costs next to nothing. */
const AT_ONCE_UNPROVEN_BYTES = 16 * 1024;

const THREAD = {
  file: new URL("../gitlab/parse-worker.ts", import.meta.url),
  size: 1,
  /** The largest bodies take 3 s. */
  timeLimitMs: 15_000,
  clock: systemClock,
} as const;

/** Text takes many times its room as a tree of values. */
const MEMORY_MB = 768;

const TOO_COMPLEX: InvalidDelivery = {
  kind: "invalid",
  code: "body-too-complex",
  what: message("payload.too-complex"),
};

/**
 * A reader that parses large bodies in threads of their own, each with at most `memoryMb`, so that other requests
 * go on meanwhile.
 */
export const createDeliveryReader = (memoryMb = MEMORY_MB): ReadDelivery => {
  const thread = { ...THREAD, resourceLimits: { maxOldGenerationSizeMb: memoryMb } };
  const pools = { proven: createWorkerPool(thread), unproven: createWorkerPool(thread) };
  const never = new AbortController().signal;
  return async (body, eventHeader, isProven) => {
    if (body.byteLength <= (isProven ? AT_ONCE_BYTES : AT_ONCE_UNPROVEN_BYTES))
      return parseDelivery(body, eventHeader);
    const pool = isProven ? pools.proven : pools.unproven;
    const outcome = await pool.run({ body, eventHeader } satisfies ParseJob, never);
    return outcome.kind === "answer" && isReading(outcome.value) ? outcome.value : TOO_COMPLEX;
  };
};

/** What comes from our own thread. */
const isReading = (value: unknown): value is DeliveryReading =>
  typeof value === "object" && value !== null && "kind" in value;
