import { type Breaker, type CallVerdict, CircuitOpen, type Ended } from "../base/circuit-breaker.ts";
import type { Clock } from "../base/clock.ts";
import { DifyError } from "../base/errors.ts";
import type { OnWorks, Outside, Peer } from "../base/outside.ts";
import { message } from "../messages/message.ts";
import type { FlowInput, FlowRunner } from "../review/flow-runner.ts";
import { isDifyOutage } from "./breaker-runner.ts";
import { MODEL_BUSY } from "./dify-failure.ts";

/** Which server and which of its apps a runner asks. */
export type DifyPeers = {
  /** By its address. */
  readonly server: Peer;
  /** By the setting that names it: its key and its model are its own. */
  readonly app: Peer;
};

/** What Dify answers until somebody changes the app, its key or its model's credentials. */
const APP_REFUSES: ReadonlySet<string> = new Set([
  "dify-app-refused",
  "dify-unauthorized",
  "dify-forbidden",
  "dify-not-found",
  "dify-not-workflow-app",
  "dify-app-unavailable",
  "dify-provider-not-initialize",
  "dify-model-currently-not-support",
]);

/** What says that there is no Dify behind the address, or none that is trusted. */
const SERVER_REFUSES: ReadonlySet<string> = new Set([
  "dify-redirected",
  "dify-untrusted",
  "dify-http-401",
  "dify-http-403",
  "dify-http-404",
]);

/** What passes for the app alone: its concurrency, its model's quota, a model that is busy. */
const APP_IS_AWAY: ReadonlySet<string> = new Set([
  "dify-too-many-requests",
  "dify-provider-quota-exceeded",
  "dify-rate-limit-error",
  MODEL_BUSY,
]);

/** What a failure tells of the server or the app; null where it is one of the request or the run. */
const outsideOf = (error: DifyError, { server, app }: DifyPeers): Outside | null => {
  const { code, retryable } = error;
  if (APP_REFUSES.has(code)) return { peer: app, verdict: "refused" };
  if (SERVER_REFUSES.has(code)) return { peer: server, verdict: "refused" };
  if (APP_IS_AWAY.has(code)) return { peer: app, verdict: "away" };
  if (!retryable) return null;
  return { peer: server, verdict: isDifyOutage(error) || error.untried ? "away" : "busy" };
};

/** What a call for the app's inputs tells of the app: the first one finds out, and the others wait for that. */
const verdictOn =
  (peers: DifyPeers) =>
  (ended: Ended<unknown>): CallVerdict => {
    const outside = !ended.ok && ended.error instanceof DifyError ? outsideOf(ended.error, peers) : null;
    return outside?.verdict === "refused" ? "refuses" : "works";
  };

const refusedBefore = (): DifyError =>
  new DifyError(message("dify.app-refused"), { code: "dify-app-refused", status: null });

/** A runner whose failures say what of Dify is to be waited for, and whose successes say that it works. */
export const behindPeers = (
  runner: FlowRunner,
  peers: DifyPeers,
  {
    clock,
    onWorks,
    breaker,
  }: { readonly clock: Clock; readonly onWorks: OnWorks; /** Of the app. */ readonly breaker: Breaker },
): FlowRunner => {
  const call = async <T>(work: () => Promise<T>): Promise<T> => {
    const startedAtMs = clock.now();
    try {
      const value = await work();
      onWorks(peers.server, startedAtMs);
      return value;
    } catch (error) {
      const outside = error instanceof DifyError ? outsideOf(error, peers) : null;
      if (outside === null || !(error instanceof DifyError)) throw error;
      const { code, status, said, retryable, retryAfterMs, untried } = error;
      const details = { code, status, said, retryable, retryAfterMs, untried, outside, cause: error };
      throw new DifyError(error.what, details);
    }
  };
  const describe = async (signal?: AbortSignal): Promise<readonly FlowInput[]> => {
    try {
      return await breaker.run(() => runner.describe(signal), verdictOn(peers), signal);
    } catch (error) {
      throw error instanceof CircuitOpen ? refusedBefore() : error;
    }
  };
  return {
    describe: (signal) => call(() => describe(signal)),
    run: async (request) => {
      const startedAtMs = clock.now();
      const outcome = await call(() => runner.run(request));
      if (outcome.transient === undefined) onWorks(peers.app, startedAtMs);
      return outcome;
    },
  };
};
