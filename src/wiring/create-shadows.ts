import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Secret } from "../base/secret.ts";
import type { Config } from "../config/config.ts";
import type { ShownCandidate } from "../http/shadow/shadow-desk.ts";
import type { Forge } from "../review/forge.ts";
import type { OpenedStore } from "../store/open-store.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { BudgetDesk } from "../worker/budgets/budget-desk.ts";
import type { ReviewFlow } from "../worker/review-flow.ts";
import type { ReviewOptions } from "../worker/review-run.ts";
import { createFlowChoice } from "../worker/shadow/choose-flow.ts";
import type { ShadowedFlow } from "../worker/shadow/shadowed-flow.ts";
import { createSnapshotShelf } from "../worker/shadow/snapshot-shelf.ts";
import { createFlows } from "./create-flows.ts";
import type { Runners } from "./open-runners.ts";
import { roleOf } from "./role.ts";

/** The candidates of a configuration. */
export type Shadows = {
  /** To be checked at the start like the flows themselves. */
  readonly flows: readonly ReviewFlow[];
  /** What a worker needs so that promoted candidates review, and so that shadows read nothing twice. */
  readonly forWorker: (
    store: Pick<OpenedStore, "shadows">,
    createForge: ReviewOptions["createForge"],
  ) => Pick<ReviewOptions, "createForge" | "chooseFlow">;
  /** Starts to compare, on a server that reviews; resolves with how to stop it. */
  readonly start: (parts: {
    readonly store: Pick<OpenedStore, "queueStatus" | "shadows">;
    readonly createForge: (token: Secret) => Forge;
    readonly budget: BudgetDesk;
    readonly clock: Clock;
    readonly logger: Logger;
  }) => () => Promise<void>;
};

/** Makes the candidates ready. Their calls are told to `telemetry` under the names of flow and candidate. */
export const createShadows = (
  config: Pick<
    Config,
    "flows" | "rules" | "models" | "modelRouting" | "gitlab" | "server" | "store" | "worker"
  >,
  runners: Runners,
  telemetry: Telemetry,
): Shadows => {
  const shadowed = shadowedFlows(config, runners, telemetry);
  const shelf = createSnapshotShelf();
  const { token, url: gitlabUrl } = config.gitlab;
  return {
    flows: shadowed.map(({ key, candidate }) => ({ ...candidate, name: `${key.flow}.shadow` })),
    forWorker: (store, createForge) =>
      shadowed.length === 0
        ? { createForge }
        : {
            createForge: (of) => shelf.watch(createForge(of)),
            chooseFlow: createFlowChoice(store.shadows, shadowed),
          },
    start: ({ createForge, ...parts }) => {
      if (shadowed.length === 0 || token === null || !roleOf(config).reviews) return async () => undefined;
      const { leaseMs } = config.worker;
      const started = import("../worker/shadow/start-shadows.ts").then(({ startShadows }) =>
        startShadows({ ...parts, shadowed, shelf, gitlabUrl, leaseMs, forge: createForge(token) }),
      );
      return async () => (await started).stop();
    },
  };
};

const shadowedFlows = (
  config: Pick<Config, "flows" | "rules" | "models" | "modelRouting">,
  runners: Runners,
  telemetry: Telemetry,
): readonly ShadowedFlow[] =>
  config.flows.flatMap((flow): ShadowedFlow[] => {
    const shadow = flow.shadow ?? null;
    if (shadow === null) return [];
    const observed = `${flow.name}~${shadow.name}`;
    const [candidate] = createFlows(
      { ...config, flows: [{ ...flow, name: observed, runner: shadow.runner, shadow: null }] },
      runners,
      telemetry,
    );
    if (candidate === undefined) return [];
    const key = { flow: flow.name, candidate: shadow.name };
    // It speaks in the flow's name, so that it goes on with the flow's threads once it is promoted.
    return [{ key, share: shadow.share, candidate: { ...candidate, name: flow.name } }];
  });

/** The candidates as pages and the command line show them. */
export const shownCandidates = (
  { flows }: Pick<Config, "flows">,
  sourceOf: (runner: Config["flows"][number]["runner"]) => string,
): readonly ShownCandidate[] =>
  flows.flatMap(({ name, contract, runner, shadow }) =>
    shadow === null || shadow === undefined
      ? []
      : [
          {
            flow: name,
            candidate: shadow.name,
            contract,
            share: shadow.share,
            presentSource: sourceOf(runner),
            candidateSource: sourceOf(shadow.runner),
          },
        ],
  );
