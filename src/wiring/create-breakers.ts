import { type Breakers, createBreakers } from "../base/circuit-breaker.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Config } from "../config/config.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { modelBreaker } from "./model-routing.ts";

/** The breakers of a server, their changes in its log and its metrics. */
export const createConfiguredBreakers = (
  { breakers, models }: Pick<Config, "breakers" | "models">,
  { clock, logger, telemetry }: { clock: Clock; logger: Logger; telemetry: Pick<Telemetry, "metrics"> },
): Breakers => {
  const { breaker: tell } = telemetry.metrics.protection;
  const made = createBreakers({
    rules: breakers,
    // A key that is wrong is found out by one call, not by as many as there are reviews.
    probesFirst: (name) => !name.startsWith("dify "),
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
