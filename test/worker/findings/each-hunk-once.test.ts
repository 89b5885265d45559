import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fc } from "../../properties.ts";
import { ReviewResult } from "../../../src/review/review-result.ts";
import { createPlace } from "./place.ts";
import { createWorker, fakeFindingsFlow, findBugs, resultOf, shownLines } from "./world.ts";

/** A file as a list of changes between unchanged lines: added or removed lines, some of them mistakes. */
const change = fc.record({
  gap: fc.integer({ min: 1, max: 12 }),
  added: fc.integer({ min: 0, max: 5 }),
  removed: fc.integer({ min: 0, max: 3 }),
  isBug: fc.boolean(),
});
const file = fc.record({
  changes: fc.array(change, { minLength: 0, maxLength: 6 }),
  isLock: fc.boolean(),
});
const diff = fc.array(file, { minLength: 1, maxLength: 6 });

type Files = Record<string, readonly [string, string]>;

/** The texts of the files. Every changed line is one of its kind, so that it can be followed. */
const build = (files: typeof diff extends fc.Arbitrary<infer T> ? T : never): Files => {
  let number = 0;
  const next = (word: string): string => `${word} ${(number += 1)}\n`;
  return Object.fromEntries(
    files.map(({ changes, isLock }, index): [string, readonly [string, string]] => {
      let before = "";
      let after = "";
      for (const { gap, added, removed, isBug } of changes) {
        for (let i = 0; i < gap; i += 1) {
          const line = next("same");
          before += line;
          after += line;
        }
        for (let i = 0; i < removed; i += 1) before += next("old");
        for (let i = 0; i < added; i += 1) after += next(isBug ? "BUG" : "new");
      }
      return [isLock ? `lib${index}/yarn.lock` : `src/f${index}.ts`, [`top\n${before}`, `top\n${after}`]];
    }),
  );
};

const changedLines = (files: Files): ReadonlySet<string> =>
  new Set(
    Object.entries(files)
      .filter(([path]) => !path.endsWith("yarn.lock"))
      .flatMap(([, [before, after]]) => {
        const [old, fresh] = [before.split("\n"), after.split("\n")];
        return [
          ...old.filter((line) => line.startsWith("old")),
          ...fresh.filter((line) => /^(new|BUG)/.test(line)),
        ];
      }),
  );

suite("any diff with any part of it known", () => {
  test("sends each changed line exactly once over all runs and accounts for every file", async () => {
    await fc.assert(
      fc.asyncProperty(
        diff,
        fc.integer({ min: 250, max: 900 }),
        fc.infiniteStream(fc.boolean()),
        async (drawn, unitTokens, luck) => {
          const files = build(drawn);
          const world = createPlace(files);
          const worker = createWorker(world);
          let isLucky = false;
          const { flow, requests } = fakeFindingsFlow({}, (request, nth) =>
            isLucky || luck.next().value === true
              ? findBugs(request, nth)
              : { status: "failed", error: "no luck" },
          );
          const limited = { ...flow, limits: { ...flow.limits, unitTokens, threads: 500 } };
          const outcomes: boolean[] = [];
          const run = limited.runner.run;
          const runner = {
            ...limited.runner,
            run: async (request: Parameters<typeof run>[0]) => {
              const outcome = await run(request);
              outcomes[requests.indexOf(request)] = outcome.status === "succeeded";
              return outcome;
            },
          };
          await worker.review({ ...limited, runner });
          isLucky = true;
          const settlement = await worker.review({ ...limited, runner });
          assert.equal(settlement.state, "succeeded");

          const understood = requests
            .filter((_, index) => outcomes[index])
            .flatMap(shownLines)
            .filter(({ sign }) => sign !== "")
            .map(({ text }) => text);
          assert.equal(understood.length, new Set(understood).size, "a changed line was reviewed twice");
          assert.deepEqual(new Set(understood), changedLines(files));

          const result = ReviewResult.parse(resultOf(settlement));
          assert.deepEqual(
            result.files.map(({ path }) => path).toSorted((a, b) => a.localeCompare(b)),
            Object.keys(files).toSorted((a, b) => a.localeCompare(b)),
          );
          const bugs = [...changedLines(files)].filter((line) => line.startsWith("BUG")).length;
          assert.equal(world.threads().filter(({ resolved }) => !resolved).length, bugs);
          const asked = requests.length;
          await worker.review({ ...limited, runner });
          assert.equal(requests.length, asked, "nothing is left to ask");
        },
      ),
      { numRuns: 60 },
    );
  });
});
