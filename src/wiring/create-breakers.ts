import { type Breakers, createBreakers } from "../base/breaker/create-breaker.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Config } from "../config/config.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { modelBreaker } from "./model-routing.ts";

/** How long a probe is waited for: about what a model may take to its first piece of text. */
const PROBE_MS = 120_000;

/** The breakers of a server, their changes in its log and its metrics. */
export const createConfiguredBreakers = (
  { breakers, models }: Pick<Config, "breakers" | "models">,
  { clock, logger, telemetry }: { clock: Clock; logger: Logger; telemetry: Pick<Telemetry, "metrics"> },
): Breakers => {
  const { breaker: tell } = telemetry.metrics.protection;
  const made = createBreakers({
    rules: breakers === null ? null : { ...breakers, probeMs: PROBE_MS },
    clock,
    onChange: ({ name, state, waitMs }) => {
      tell({ peer: name, state });
      if (state === "open") logger.warn({ peer: name, waitMs }, "Left alone: it failed again and again");
      if (state === "closed") logger.info({ peer: name }, "Works again");
    },
  });
  for (const { name } of breakers === null ? [] : models) {
    made.of(modelBreaker(name));
    tell({ peer: modelBreaker(name), state: "closed" });
  }
  return made;
};
