import { BlockList, isIP } from "node:net";
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

/** The private, loopback and link-local networks (RFC 1918, 4193, 3927, 4291, 6598). */
const LOCAL = new BlockList();
for (const [network, prefix] of [
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
] as const) {
  LOCAL.addSubnet(network, prefix, "ipv4");
}
LOCAL.addAddress("::1", "ipv6");
LOCAL.addSubnet("fc00::", 7, "ipv6");
LOCAL.addSubnet("fe80::", 10, "ipv6");

/** Whether an address names this machine or its own network: by number, without a dot, or by a local domain. */
const isLocalAddress = (baseUrl: string): boolean => {
  const host = URL.parse(baseUrl)?.hostname.replace(/^\[|\]$/g, "") ?? "";
  const kind = isIP(host);
  if (kind !== 0) return LOCAL.check(host, kind === 4 ? "ipv4" : "ipv6");
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
