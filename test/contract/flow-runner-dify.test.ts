import { Secret } from "../../src/base/secret.ts";
import { createDifyRunner } from "../../src/dify/dify-runner.ts";
import { startDifyStandIn } from "../../standins/dify/dify-stand-in.ts";
import { contractApps, createGate } from "./dify-contract-apps.ts";
import { flowRunnerContract, type FlowRunnerHarness } from "./flow-runner.contract.ts";

const harnessOf = (mode: "streaming" | "blocking") => async (): Promise<FlowRunnerHarness> => {
  const gate = createGate();
  const apps = contractApps(gate);
  const standIn = await startDifyStandIn({ apps: Object.values(apps), pingMs: 50 });
  const newest = () => standIn.runs().at(-1);
  return {
    runner: (flow) =>
      createDifyRunner({
        baseUrl: `${standIn.url}/v1`,
        apiKey: new Secret(apps[flow].key),
        mode,
        limits: { pollMs: 20, lookupMs: 200, stopMs: 1_000, idleMs: 2_000 },
      }),
    timesBegun: () => gate.begun,
    release: gate.open,
    stateOfSlow: async () => {
      const status = newest()?.status;
      if (status === undefined) return "gone";
      return status === "scheduled" || status === "running"
        ? "running"
        : status === "stopped"
          ? status
          : "ended";
    },
    [Symbol.asyncDispose]: standIn.close,
  };
};

flowRunnerContract("Dify, streaming", harnessOf("streaming"));
