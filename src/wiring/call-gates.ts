import { createHash } from "node:crypto";
import type { CallGate } from "../base/call-gate.ts";
import type { OnWorks } from "../base/outside.ts";
import type { Secret } from "../base/secret.ts";
import type { Config } from "../config/config.ts";
import { normaliseBaseUrl } from "../dify/dify-transport.ts";
import type { OpenedStore } from "../store/open-store.ts";

/** What our calls to GitLab and Dify pass, over all servers that share a store. */
export type SharedGates = {
  /** The gate of one GitLab token. */
  readonly gitLab: (token: Secret) => CallGate;
  /** The gate of one Dify server. */
  readonly dify: (url: string) => CallGate;
  /** Told of every call that was answered, so that what waits for an answer goes on. */
  readonly works: OnWorks;
  /** From now on limits are shared through this store; before, everything passes. */
  readonly connect: (store: Pick<OpenedStore, "callGateOf" | "outages">) => void;
};

/** Gates for the configured limits. A token is named by a digest of it and GitLab's address. */
export const createSharedGates = ({
  gitlab,
  rateLimits,
}: Pick<Config, "gitlab" | "rateLimits">): SharedGates => {
  let gateOf: OpenedStore["callGateOf"] | null = null;
  let outages: OpenedStore["outages"] | null = null;
  const named = (name: string, perMinute: number | null): CallGate => ({
    pass: async (options) => (await gateOf?.(name, perMinute).pass(options)) ?? { kind: "go" },
    holdOff: (waitMs) => gateOf?.(name, perMinute).holdOff(waitMs),
  });
  return {
    gitLab: (token) => {
      const digest = createHash("sha256").update(`${gitlab.url}\n${token.reveal()}`).digest("hex");
      return named(`gitlab ${gitlab.url} ${digest.slice(0, 16)}`, rateLimits.gitLabPerMinute);
    },
    dify: (url) => named(`dify ${normaliseBaseUrl(url)}`, rateLimits.difyPerMinute),
    works: (peer, startedAtMs) => void outages?.works(peer, startedAtMs),
    connect: (store) => {
      gateOf = store.callGateOf;
      outages = store.outages;
    },
  };
};
