import { type Exact, isExactArray } from "../../exact.ts";
import type { ErrorHandleMode } from "./schema.ts";
import type { FlowMessage } from "../../messages/message.ts";
import type { FailureCause } from "../../ports.ts";

/** How one round ended: with a value, or with the first failure inside. */
export type Round =
  | { readonly ok: true; readonly value: Exact }
  | { readonly ok: false; readonly error: FlowMessage; readonly cause: FailureCause | undefined };

/**
 * Joins lists into one when every result that is not null is a list; otherwise the results stay as they
 * are. Nulls are left out only when lists were joined.
 */
export const flattenResults = (results: readonly Exact[]): readonly Exact[] => {
  const present = results.filter((result) => result !== null);
  if (present.length === 0 || !present.every(isExactArray)) return results;
  return results.flatMap((result) => (isExactArray(result) ? result : []));
};

/** The results in the order of the items; what a failed round leaves depends on the mode. */
export const collectRounds = (
  rounds: readonly (Round | undefined)[],
  mode: ErrorHandleMode,
): readonly Exact[] =>
  rounds.flatMap((round): readonly Exact[] => {
    if (round === undefined) return [];
    if (round.ok) return [round.value];
    return mode === "continue-on-error" ? [null] : [];
  });
