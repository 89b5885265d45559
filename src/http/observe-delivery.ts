import type { Answer } from "./answer.ts";

const STORED = ["review", "reply", "cancel", "ignore", "duplicate"] as const;

/** What became of a delivery, for metrics. */
export type DeliveryOutcome = {
  /** As it was stored, or `refused` (4xx) or `unavailable` (5xx) as it was not. */
  readonly outcome: (typeof STORED)[number] | "refused" | "unavailable";
  /** The stable name of the reason; null where there is none. */
  readonly reason: string | null;
};

/** Runs the whole way of a delivery, from the first byte to the answer, and looks at the answer. */
export type ObserveDelivery = (receive: () => Promise<Answer>) => Promise<Answer>;

/** Reads an answer of the webhook. Of a reason only the name before the colon is stable. */
export const outcomeOf = ({ status, body }: Answer): DeliveryOutcome => {
  const outcome = STORED.find((kind) => kind === body["outcome"]);
  if (outcome !== undefined) return { outcome, reason: nameOf(body["reason"]) };
  const { error } = body;
  const code = typeof error === "object" && error !== null && "code" in error ? nameOf(error["code"]) : null;
  return { outcome: status >= 500 ? "unavailable" : "refused", reason: code };
};

const nameOf = (reason: unknown): string | null =>
  typeof reason === "string" ? (reason.split(":", 1)[0] ?? null) : null;
