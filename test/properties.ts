/**
 * fast-check for the tests of this house. Whether a change may land must not hang on the day's luck: a run
 * draws the same examples as the last one, unless REVIEWFLOW_TEST_SEED names another seed, or `random`.
 */
import fc from "fast-check";

const SEED = 20_261_124;

const asked = process.env.REVIEWFLOW_TEST_SEED;
if (asked !== "random") fc.configureGlobal({ seed: asked === undefined ? SEED : Number(asked) });

export { fc };
