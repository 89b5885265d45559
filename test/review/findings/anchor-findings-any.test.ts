import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fc } from "../../properties.ts";
import { pointAt } from "../../../src/diff/find-point.ts";
import { anchorFinding } from "../../../src/review/findings/anchor-findings.ts";
import { fileOf, findingOf, hunkOf } from "./files.ts";

const signed = fc.tuple(
  fc.constantFrom(" ", " ", "+", "-"),
  fc.constantFrom("alpha();", "beta(1);", "  gamma = 2;", "}", "", "alpha();\r", "- item", "12 | x", "delta"),
);
const hunkLines = fc.array(
  signed.map(([sign, text]) => sign + text),
  { minLength: 1, maxLength: 14 },
);
/** Hunks one behind the other, with gaps. */
const files = fc
  .array(fc.tuple(hunkLines, fc.integer({ min: 1, max: 30 })), { minLength: 1, maxLength: 4 })
  .map((parts) => {
    let oldLine = 1;
    let newLine = 1;
    const texts: string[] = [];
    for (const [lines, gap] of parts) {
      oldLine += gap;
      newLine += gap;
      const oldCount = lines.filter((line) => !line.startsWith("+")).length;
      const newCount = lines.filter((line) => !line.startsWith("-")).length;
      texts.push(hunkOf(oldLine, newLine, lines));
      oldLine += oldCount;
      newLine += newCount;
    }
    return fileOf(texts.join(""));
  });

suite("any finding on any diff", () => {
  test("a quote of the file's lines anchors to the occurrence nearest to the stated line", () => {
    fc.assert(
      fc.property(
        files,
        fc.constantFrom("new" as const, "old" as const),
        fc.nat(),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: -20, max: 20 }),
        (file, side, pick, wanted, off) => {
          const other = side === "new" ? "removed" : "added";
          const rows = file.hunks.flatMap((hunk) =>
            hunk.lines
              .filter(({ kind }) => kind !== other)
              .map((line) => ({
                hunk,
                text: line.text.trim(),
                number: side === "new" ? line.newLine : line.oldLine,
              })),
          );
          const from = pick % Math.max(rows.length, 1);
          const quoted = rows.slice(from, from + wanted).filter(({ hunk }) => hunk === rows[from]?.hunk);
          // Blank lines at its edges are not part of a quote.
          fc.pre(quoted.length > 0 && quoted[0]?.text !== "" && quoted.at(-1)?.text !== "");
          const line = Math.max(1, (quoted[0]?.number ?? 0) + off);
          const quote = quoted.map(({ text }) => text).join("\n");
          const { anchor } = anchorFinding(findingOf({ side, quote, line }), [file]);
          assert.equal(anchor.kind, "line");
          if (anchor.kind !== "line") return;
          const distances = rows
            .map((_row, index) => rows.slice(index, index + quoted.length))
            .filter(
              (place) =>
                place.length === quoted.length &&
                place[0]?.hunk === place.at(-1)?.hunk &&
                place.every(({ text }, index) => text === quoted[index]?.text),
            )
            .map((place) => Math.max((place[0]?.number ?? 0) - line, line - (place.at(-1)?.number ?? 0), 0));
          const start = (side === "new" ? anchor.start.newLine : anchor.start.oldLine) ?? Number.NaN;
          const end = start + quoted.length - 1;
          assert.equal(Math.max(start - line, line - end, 0), Math.min(...distances));
        },
      ),
      { numRuns: 500 },
    );
  });

  test("never throws and never yields a point that is not in the diff", () => {
    const anyFinding = fc.record({
      path: fc.constantFrom("src/a.ts", "src/b.ts"),
      side: fc.constantFrom("new" as const, "old" as const),
      line: fc.option(fc.integer({ min: 1, max: 120 })),
      endLine: fc.option(fc.integer({ min: 1, max: 160 })),
      quote: fc.option(
        fc.oneof(
          fc.string({ maxLength: 30 }),
          fc
            .array(fc.constantFrom("alpha();", "beta(1);", "}", "", "...", "+delta", "12 | x", "-alpha();"), {
              maxLength: 5,
            })
            .map((lines) => lines.join("\n")),
        ),
      ),
      suggestion: fc.option(
        fc.oneof(
          fc.string({ maxLength: 30 }),
          fc.constantFrom("", "\n", "alpha(2);\nbeta();", "```\nx\n```"),
        ),
      ),
    });
    fc.assert(
      fc.property(files, anyFinding, (file, fields) => {
        const { anchor, finding } = anchorFinding(findingOf(fields), [file]);
        if (anchor.kind === "file" || anchor.kind === "summary")
          return assert.equal(finding.suggestion, null);
        for (const point of [anchor.start, anchor.end]) {
          const side = point.newLine === null ? "old" : "new";
          assert.deepEqual(pointAt(file, side, point.newLine ?? point.oldLine ?? 0), point);
        }
        assert.ok(anchor.hunk !== null && file.hunks.includes(anchor.hunk));
        if (finding.suggestion === null) return;
        const [start, end] = [anchor.start.newLine, anchor.end.newLine];
        assert.ok(start !== null && end !== null && anchor.kind === "line");
        assert.equal(anchor.code.split("\n").length, end - start + 1);
        assert.notEqual(finding.suggestion, anchor.code);
      }),
      { numRuns: 1_000 },
    );
  });
});
