import type { TestContext } from "node:test";

/** Numbers from 0 up to 1 that a seed names (mulberry32). */
export const randomOf = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
};

/** So many kills, or lives that end by one; REVIEWFLOW_KILL_LIVES asks for more. */
export const livesOf = (few: number): number => Number(process.env["REVIEWFLOW_KILL_LIVES"] ?? few);

/** The seed of a test that does something else each time; printed, and taken from REVIEWFLOW_TEST_SEED to do it again. */
export const seedOf = (context: Pick<TestContext, "diagnostic">): number => {
  const asked = Number(process.env["REVIEWFLOW_TEST_SEED"] ?? "none");
  const seed = Number.isInteger(asked) ? asked : Math.trunc(Math.random() * 2 ** 31);
  context.diagnostic(`seed ${seed} (REVIEWFLOW_TEST_SEED)`);
  return seed;
};
