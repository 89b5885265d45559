import type { Clock } from "../base/clock.ts";
import { type ObserveDelivery, outcomeOf } from "../http/observe-delivery.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";

/**
 * Tells of every delivery, and begins its trace. Whatever trace the sender claims to be part of is not
 * looked at: anybody may send.
 */
export const observeDeliveries =
  ({ metrics, tracing }: Telemetry, clock: Clock): ObserveDelivery =>
  (receive) => {
    const startedMs = clock.now();
    return tracing.spanFrom(null, { name: "delivery", kind: "server" }, async (span) => {
      const answer = await receive().catch((error: unknown) => {
        const ackMs = clock.now() - startedMs;
        metrics.delivery({ outcome: "unavailable", reason: "internal", ackMs });
        throw error;
      });
      const fact = outcomeOf(answer);
      metrics.delivery({ ...fact, ackMs: clock.now() - startedMs });
      span.set({
        "http.response.status_code": answer.status,
        "reviewflow.delivery.outcome": fact.outcome,
        ...(fact.reason === null ? {} : { "reviewflow.delivery.reason": fact.reason }),
      });
      if (fact.outcome === "unavailable") span.end(fact.reason ?? "unavailable");
      return answer;
    });
  };
