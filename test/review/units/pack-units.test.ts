import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fc } from "../../properties.ts";
import type { DiffLine } from "../../../src/diff/file-diff.ts";
import { estimateTokens } from "../../../src/base/estimate-tokens.ts";
import { createDigests } from "../../../src/review/units/hunk-digest.ts";
import { packUnits } from "../../../src/review/units/pack-units.ts";
import { renderHunks } from "../../../src/review/units/render-hunks.ts";
import { renderUnit } from "../../../src/review/units/render-unit.ts";
import type { ReviewHunk, ReviewUnit } from "../../../src/review/units/review-unit.ts";
import { selectHunks } from "../../../src/review/units/select-hunks.ts";
import { anyHunk, changedFile, diffOf, fileOf, hunkOf, newFileText } from "./hunks.ts";

const NONCE = "5f0c9a1b2d3e4f60";

const names = fc.constantFrom(
  "src/a.ts",
  "src/b.ts",
  "test/a.test.ts",
  "web/x.css",
  "ключ/写.py",
  "README.md",
);

const anyHunks = (unitTokens: number): fc.Arbitrary<readonly ReviewHunk[]> =>
  fc
    .uniqueArray(fc.tuple(names, fc.array(anyHunk, { minLength: 1, maxLength: 4 })), {
      maxLength: 5,
      selector: ([path]) => path,
    })
    .map((files) => {
      const digests = createDigests();
      return files.flatMap(([path, hunks]) => renderHunks(fileOf(path, hunks), unitTokens, digests));
    });

const anyPacking = fc
  .record({
    unitTokens: fc.integer({ min: 300, max: 2000 }),
    maxHunksPerUnit: fc.integer({ min: 1, max: 6 }),
  })
  .chain((limits) => fc.record({ limits: fc.constant(limits), hunks: anyHunks(limits.unitTokens) }));

const hunksOf = (units: readonly ReviewUnit[]): readonly ReviewHunk[] => units.flatMap(({ hunks }) => hunks);

describe("packs", () => {
  test("every hunk once, those of a file in their order and together", () => {
    fc.assert(
      fc.property(anyPacking, ({ hunks, limits }) => {
        const packed = hunksOf(packUnits(hunks, limits));
        const files = new Set(hunks.map(({ file }) => file));
        assert.equal(packed.length, hunks.length);
        for (const file of files) {
          const of = (all: readonly ReviewHunk[]) => all.filter((hunk) => hunk.file === file);
          assert.deepEqual(of(packed), of(hunks));
        }
        const runs = packed.filter((hunk, index) => hunk.file !== packed[index - 1]?.file);
        assert.equal(runs.length, files.size);
      }),
    );
  });

  test("within the budget, as the rendered text has it; a single line alone may cost more", () => {
    fc.assert(
      fc.property(anyPacking, ({ hunks, limits }) => {
        for (const unit of packUnits(hunks, limits)) {
          assert.ok(unit.hunks.length <= limits.maxHunksPerUnit);
          assert.ok(estimateTokens(renderUnit(unit, NONCE)) <= unit.tokens);
          const [only] = unit.hunks;
          const indivisible = unit.hunks.length === 1 && only?.hunk.lines.length === 1;
          assert.ok(
            unit.tokens <= limits.unitTokens || indivisible,
            `${unit.tokens} of ${limits.unitTokens}`,
          );
        }
      }),
    );
  });

  test("the same way whatever the order of the files, with ids that tell units apart", () => {
    fc.assert(
      fc.property(anyPacking, ({ hunks, limits }) => {
        const units = packUnits(hunks, limits);
        const reversed = [...new Set(hunks.map(({ file }) => file))]
          .reverse()
          .flatMap((file) => hunks.filter((hunk) => hunk.file === file));
        assert.deepEqual(packUnits(reversed, limits), units);
        assert.equal(new Set(units.map(({ id }) => id)).size, units.length);
      }),
    );
  });

  const hunk = (path: string): ReviewHunk[] => [
    ...renderHunks(fileOf(path, [hunkOf(["+x"], { old: 1, new: 1 })]), 1000, createDigests()),
  ];

  test("tests beside what they test, files of a folder next to each other", () => {
    const paths = [
      "src/cart/price.ts",
      "src/user/name.py",
      "test/cart/price.test.ts",
      "src/cart/total.ts",
      "tests/user/test_name.py",
      "docs/a.md",
      "src/main/java/org/Foo.java",
      "src/test/java/org/FooTest.java",
      "pkg/run.go",
      "pkg/run_test.go",
      "pkg/other.go",
    ];
    const order = hunksOf(packUnits(paths.flatMap(hunk), { unitTokens: 100_000 })).map(
      ({ file }) => file.newPath,
    );
    const near = (a: string, b: string): void =>
      assert.equal(Math.abs(order.indexOf(a) - order.indexOf(b)), 1, a);
    near("src/cart/price.ts", "test/cart/price.test.ts");
    near("src/user/name.py", "tests/user/test_name.py");
    near("src/main/java/org/Foo.java", "src/test/java/org/FooTest.java");
    near("pkg/run.go", "pkg/run_test.go");
    assert.equal(order.length, paths.length);
  });

  test("nothing into no unit", () => assert.deepEqual(packUnits([], { unitTokens: 500 }), []));

  test("the id of a unit says what is in it, not where", () => {
    const at = (start: number): ReviewHunk[] => [
      ...renderHunks(fileOf("a", [hunkOf(["+x"], { old: start, new: start })]), 1000, createDigests()),
    ];
    const id = (hunks: readonly ReviewHunk[]): string | undefined =>
      packUnits(hunks, { unitTokens: 1000 })[0]?.id;
    assert.equal(id(at(1)), id(at(700)));
    assert.notEqual(id(at(1)), id([...at(1), ...hunk("b")]));
  });
});

describe("splits hunks that are too large", () => {
  const isChange = ({ kind }: DiffLine): boolean => kind !== "context";

  test("every changed line in one part, with its numbers and a true header", () => {
    fc.assert(
      fc.property(anyHunk, fc.integer({ min: 250, max: 700 }), (whole, unitTokens) => {
        const parts = renderHunks(fileOf("a.ts", [whole]), unitTokens, createDigests()).map(
          ({ hunk }) => hunk,
        );
        assert.deepEqual(
          parts.flatMap(({ lines }) => lines.filter(isChange)),
          whole.lines.filter(isChange),
        );
        for (const part of parts) {
          const oldLines = part.lines.filter(({ kind }) => kind !== "added").map(({ oldLine }) => oldLine);
          const newLines = part.lines.filter(({ kind }) => kind !== "removed").map(({ newLine }) => newLine);
          assert.deepEqual(
            oldLines,
            oldLines.map((_, index) => part.oldStart + index),
          );
          assert.deepEqual(
            newLines,
            newLines.map((_, index) => part.newStart + index),
          );
          assert.deepEqual([part.oldCount, part.newCount], [oldLines.length, newLines.length]);
          // An empty side starts at the line before it.
          const [first] = part.lines;
          if (part.oldCount === 0 && whole.oldCount > 0) assert.equal(part.oldStart + 1, first?.oldLine);
          if (part.newCount === 0) assert.equal(part.newStart + 1, first?.newLine);
        }
      }),
    );
  });

  const functions = (count: number, from = 0): string[] =>
    Array.from({ length: count }, (_, index) => {
      const name = `step${(index + from) * 7919}`;
      return [`function ${name}() {`, `  const value = ${name.length};`, "", "  return value;", "}", ""];
    }).flat();

  test("a new file becomes parts between its functions, on its own side only", () => {
    const { hunks } = selectHunks(
      diffOf(changedFile("a.js", newFileText(functions(200)), { change: "added" })),
      {
        include: [],
        exclude: [],
        unitTokens: 1500,
      },
    );
    assert.ok(hunks.length > 3);
    for (const { hunk, tokens } of hunks) {
      assert.ok(tokens <= 1500);
      assert.match(hunk.lines[0]?.text ?? "", /^function /);
      assert.deepEqual([hunk.oldStart, hunk.oldCount, hunk.lines[0]?.newLine], [0, 0, hunk.newStart]);
    }
  });

  test("lines put in at the top of a large file leave most parts below as they were", () => {
    const digests = (lines: readonly string[]): readonly string[] =>
      selectHunks(diffOf(changedFile("a.js", newFileText(lines), { change: "added" })), {
        include: [],
        exclude: [],
        unitTokens: 1500,
      }).hunks.map(({ digest }) => digest);
    const before = digests(functions(400));
    const after = new Set(digests([...functions(3, 9000), ...functions(400)]));
    const known = before.filter((digest) => after.has(digest)).length;
    assert.ok(known >= before.length / 2, `${known} of ${before.length} parts are known again`);
  });

  test("a key that spans parts is masked in all of them", () => {
    const key = Array.from({ length: 60 }, (_, index) => String(index % 10).repeat(32) + "aBcD".repeat(8));
    const lines = ["-----BEGIN PRIVATE KEY-----", ...key, "-----END PRIVATE KEY-----"];
    const { hunks } = selectHunks(diffOf(changedFile("key.pem", newFileText(lines), { change: "added" })), {
      include: [],
      exclude: [],
      unitTokens: 500,
    });
    assert.ok(hunks.length > 1);
    for (const { text } of hunks) assert.doesNotMatch(text, /aBcD/);
  });
});
