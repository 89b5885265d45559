import { z } from "zod";
import { DECISIONS } from "../store/store.ts";
import type { Answer } from "./answer.ts";

const STORED = [...DECISIONS, "duplicate"] as const;

/** What became of a delivery, for metrics. */
export type DeliveryOutcome = {
  /** As it was stored, or `refused` (4xx) or `unavailable` (5xx) as it was not. */
  readonly outcome: (typeof STORED)[number] | "refused" | "unavailable";
  /** The stable name of the reason; null where there is none. */
  readonly reason: string | null;
};

/** Runs the whole way of a delivery, from the first byte to the answer, and looks at the answer. */
export type ObserveDelivery = (receive: () => Promise<Answer>) => Promise<Answer>;

const Coded = z.object({ code: z.string() });

/** Reads an answer of the webhook. */
export const outcomeOf = ({ status, body }: Answer): DeliveryOutcome => {
  const outcome = STORED.find((kind) => kind === body["outcome"]);
  if (outcome !== undefined) return { outcome, reason: codeOf(body["reason"]) };
  return { outcome: status >= 500 ? "unavailable" : "refused", reason: codeOf(body["error"]) };
};

const codeOf = (coded: unknown): string | null => Coded.safeParse(coded).data?.code ?? null;
