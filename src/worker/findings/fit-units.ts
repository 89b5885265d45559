import { packUnits } from "../../review/units/pack-units.ts";
import { renderUnit } from "../../review/units/render-unit.ts";
import type { ReviewHunk, ReviewUnit } from "../../review/units/review-unit.ts";

/** Units that a flow takes whole, and the hunks that it does not take at all. */
export type FittedUnits = { readonly units: readonly ReviewUnit[]; readonly tooLarge: readonly ReviewHunk[] };

/**
 * Packs hunks so that no unit is longer than the flow takes (`maxLength` in characters, null without a
 * limit): a unit that the flow would see only the beginning of would be reviewed in part, unnoticed.
 */
export const fitUnits = (
  hunks: readonly ReviewHunk[],
  limits: { readonly unitTokens: number; readonly maxLength: number | null; readonly nonce: string },
): FittedUnits => {
  const { unitTokens, maxLength, nonce } = limits;
  const fits = (unit: ReviewUnit): boolean =>
    maxLength === null || maxLength <= 0 || renderUnit(unit, nonce).length <= maxLength;
  const split = (unit: ReviewUnit): FittedUnits => {
    if (fits(unit)) return { units: [unit], tooLarge: [] };
    if (unit.hunks.length === 1) return { units: [], tooLarge: unit.hunks };
    const maxHunksPerUnit = Math.ceil(unit.hunks.length / 2);
    return join(packUnits(unit.hunks, { unitTokens, maxHunksPerUnit }).map(split));
  };
  return join(packUnits(hunks, { unitTokens }).map(split));
};

const join = (parts: readonly FittedUnits[]): FittedUnits => ({
  units: parts.flatMap(({ units }) => units),
  tooLarge: parts.flatMap(({ tooLarge }) => tooLarge),
});
