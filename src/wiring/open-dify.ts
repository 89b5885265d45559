import type { Breakers } from "../base/circuit-breaker.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { peerKey } from "../base/outside.ts";
import type { DifyRunnerConfig, EmbeddedRunnerConfig } from "../config/config.ts";
import { behindPeers } from "../dify/behind-peers.ts";
import { isDifyOutage, mayHaveBegun, underBreaker } from "../dify/breaker-runner.ts";
import { createDifyRunner } from "../dify/dify-runner.ts";
import { normaliseBaseUrl } from "../dify/dify-transport.ts";
import { composeRunner, type RunnerLayer } from "../review/compose-runner.ts";
import { createFallbackRunner } from "../review/fallback-runner.ts";
import type { FlowRunner } from "../review/flow-runner.ts";
import type { SharedGates } from "./call-gates.ts";

/** What runners on Dify share with the rest of the server. */
export type DifyParts = {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly breakers: Breakers;
  readonly gates?: Pick<SharedGates, "dify" | "works">;
};

/** What stands in while the server does not work. */
export type StandIn = {
  readonly runner: FlowRunner;
  readonly file: EmbeddedRunnerConfig["file"];
  /** Whether the flow posts by itself. */
  readonly hasEffects: boolean;
};

/** The name of a Dify server's breaker. */
const difyBreaker = (url: string): string => `dify ${normaliseBaseUrl(url)}`;

/** Opens a runner of an app on Dify, under the breaker of its server. */
export const openDify = (
  [setting, section]: readonly [setting: string, section: DifyRunnerConfig],
  { clock, logger, breakers, gates }: DifyParts,
  standIn: StandIn | null,
): FlowRunner => {
  const peers = {
    server: { kind: "dify", name: normaliseBaseUrl(section.url) },
    app: { kind: "flow", name: setting },
  } as const;
  const runner = createDifyRunner({
    baseUrl: section.url,
    apiKey: section.apiKey,
    workflowId: section.workflowId,
    mode: section.mode,
    limits: {
      idleMs: section.idleTimeoutMs,
      totalMs: section.totalTimeoutMs,
      queueMs: section.queueTimeoutMs,
      lookupMs: section.lookupTimeoutMs,
    },
    peer: peers.app,
    clock,
    logger,
    ...(gates === undefined ? {} : { gate: gates.dify(section.url) }),
  });
  const onWorks = gates?.works ?? (() => undefined);
  const circuitBreaker: RunnerLayer = (inner) => underBreaker(inner, breakers.of(difyBreaker(section.url)));
  const outside: RunnerLayer = (inner) =>
    behindPeers(inner, peers, { clock, onWorks, breaker: breakers.of(peerKey(peers.app)) });
  const fallback = standIn === null ? null : fallbackTo(standIn, section, logger);
  return composeRunner(runner, { circuitBreaker, outside, fallback });
};

const fallbackTo =
  ({ runner, file, hasEffects }: StandIn, { url }: DifyRunnerConfig, logger: Logger): RunnerLayer =>
  (main) => {
    const name = file.kind === "builtin" ? `builtin:${file.name}` : file.path;
    return createFallbackRunner({
      main,
      standIn: runner,
      isOutage: isDifyOutage,
      mayHaveBegun,
      hasEffects,
      name,
      onStandIn: (runId) => logger.warn({ runId, url, file: name }, "A file stands in for Dify"),
    });
  };
