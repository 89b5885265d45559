import { classifyAddress, parseAddress } from "../base/address.ts";
import type { ModelRequest } from "../flow/ports.ts";
import type { ConfiguredModel } from "./model-options.ts";

/** The calls that a model takes at once; those beyond wait in the order in which they came. */
export type ModelSlots = {
  /** Runs the work with a slot of its own. Rejects with the signal's reason while it waits. */
  readonly run: <T>(request: Pick<ModelRequest, "signal" | "onQueued">, work: () => Promise<T>) => Promise<T>;
};

const PUBLIC_CONCURRENCY = 8;

/**
 * How many calls at once a model takes where `concurrency` does not say: one at a private or loopback
 * address, where a second call breaks the first (llama-cpp-python) or waits in a queue anyway, else eight.
 */
export const concurrencyOf = ({
  concurrency,
  baseUrl,
}: Pick<ConfiguredModel, "concurrency" | "baseUrl">): number =>
  concurrency ?? (baseUrl !== undefined && isLocalAddress(baseUrl) ? 1 : PUBLIC_CONCURRENCY);

/** Whether an address names this machine or its own network: by number, without a dot, or by a local domain. */
const isLocalAddress = (baseUrl: string): boolean => {
  const host = URL.parse(baseUrl)?.hostname ?? "";
  const address = parseAddress(host);
  if (address !== null) return classifyAddress(address).kind === "guarded";
  return !host.includes(".") || /\.(?:localhost|local|internal|lan|home\.arpa)$/.test(host);
};

/** The slots of one model in this process. */
export const createModelSlots = (model: Pick<ConfiguredModel, "concurrency" | "baseUrl">): ModelSlots => {
  let free = concurrencyOf(model);
  const waiting: (() => void)[] = [];

  const acquire = async ({ signal, onQueued }: Pick<ModelRequest, "signal" | "onQueued">): Promise<void> => {
    signal.throwIfAborted();
    if (free > 0) {
      free -= 1;
      return;
    }
    const served = onQueued?.();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = (): void => {
      waiting.splice(waiting.indexOf(resolve), 1);
      reject(signal.reason);
    };
    waiting.push(resolve);
    signal.addEventListener("abort", leave, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", leave);
      served?.();
    }
  };
  const release = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  return {
    run: async (request, work) => {
      await acquire(request);
      try {
        return await work();
      } finally {
        release();
      }
    },
  };
};
