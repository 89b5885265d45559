const UNITS_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const isUnit = (text: string): text is keyof typeof UNITS_MS => Object.hasOwn(UNITS_MS, text);

/**
 * Reads a duration such as `250ms`, `10s`, `5m`, `2h` or `7d` as milliseconds; undefined when the text
 * is none. A number without a unit is refused: nobody knows whether it means seconds.
 */
export const parseDuration = (text: string): number | undefined => {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/.exec(text.trim());
  const [, amount, unit] = match ?? [];
  if (amount === undefined || unit === undefined || !isUnit(unit)) return undefined;
  return Math.round(Number(amount) * UNITS_MS[unit]);
};
