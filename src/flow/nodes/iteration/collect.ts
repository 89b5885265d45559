import type { Json } from "../../../base/json.ts";
import { isJsonArray } from "../../value-type.ts";
import type { ErrorHandleMode } from "./schema.ts";

/** How one round ended: with a value, or with the first failure inside. */
export type Round =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly error: string };

/**
 * Joins lists into one when every result that is not null is a list; otherwise the results stay as they
 * are. Nulls are left out only when lists were joined.
 */
export const flattenResults = (results: readonly Json[]): readonly Json[] => {
  const present = results.filter((result) => result !== null);
  if (present.length === 0 || !present.every(isJsonArray)) return results;
  return results.flatMap((result) => (isJsonArray(result) ? result : []));
};

/** The results in the order of the items; what a failed round leaves depends on the mode. */
export const collectRounds = (
  rounds: readonly (Round | undefined)[],
  mode: ErrorHandleMode,
): readonly Json[] =>
  rounds.flatMap((round): readonly Json[] => {
    if (round === undefined) return [];
    if (round.ok) return [round.value];
    return mode === "continue-on-error" ? [null] : [];
  });
