import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fc } from "../properties.ts";
import { parsePatch } from "../../src/diff/parse-patch.ts";
import { unifiedHunks } from "../../src/diff/unified-hunks.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "hunks-"));
});
after(() => rm(folder, { recursive: true, force: true }));

/** What git says about two texts, its hunks only. */
const gitHunks = async (oldText: string, newText: string): Promise<string> => {
  await Promise.all([writeFile(join(folder, "old"), oldText), writeFile(join(folder, "new"), newText)]);
  const flags = ["--no-index", "--minimal", "--no-indent-heuristic", "--no-color", "--no-ext-diff", "--text"];
  const { stdout } = spawnSync("git", ["diff", ...flags, "old", "new"], { cwd: folder, encoding: "utf8" });
  const [file] = parsePatch(stdout);
  return (file?.hunks ?? "").replaceAll(/^(@@ [^@]* @@).*$/gm, "$1");
};

/** Applies hunks the plain way; fails where a kept or removed line is not what the text has. */
const apply = (text: string, hunks: string): string => {
  const lines = text === "" ? [] : text.split(/(?<=\n)/);
  const result: string[] = [];
  let at = 0;
  const rows = hunks === "" ? [] : hunks.split(/(?<=\n)/);
  for (const [index, row] of rows.entries()) {
    const header = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@\n$/.exec(row);
    if (header !== null) {
      const start = Number(header[1]) - (header[2] === "0" ? 0 : 1);
      result.push(...lines.slice(at, start));
      at = start;
      assert.equal(result.length, Number(header[3]) - (header[4] === "0" ? 0 : 1));
      continue;
    }
    if (row.startsWith("\\")) continue;
    const line = rows[index + 1]?.startsWith("\\") ? row.slice(1, -1) : row.slice(1);
    if (row.startsWith("+")) result.push(line);
    else {
      assert.equal(lines[at], line);
      at += 1;
      if (row.startsWith(" ")) result.push(line);
    }
  }
  return [...result, ...lines.slice(at)].join("");
};

const countChanges = (hunks: string): number => hunks.split("\n").filter((line) => /^[+-]/.test(line)).length;

const text = fc
  .tuple(fc.array(fc.constantFrom("a", "b", "c", "", "\r", "}", "d\r"), { maxLength: 30 }), fc.boolean())
  .map(([lines, ended]) => lines.join("\n") + (ended && lines.length > 0 ? "\n" : ""));

describe("hunks between two texts", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["nothing to something", "", "one\ntwo\n"],
    ["something to nothing", "one\n", ""],
    ["one line", "one", "two"],
    ["a line feed at the end", "one\ntwo", "one\ntwo\n"],
    ["a line feed less", "one\ntwo\n", "one\ntwo"],
    ["two hunks", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "x\n2\n3\n4\n5\n6\n7\n8\ny\n"],
    ["hunks that touch", "1\n2\n3\n4\n5\n6\n7\n8\n", "x\n2\n3\n4\n5\n6\n7\ny\n"],
    ["a block repeated", "f {\n}\n\ng {\n}\n", "f {\n}\n\nh {\n}\n\ng {\n}\n"],
    ["carriage returns", "a\r\nb\r\n", "a\r\nb\n"],
    ["a removal before an addition", "a\nb\nc\n", "a\nx\nc\n"],
  ];
  for (const [name, oldText, newText] of cases) {
    test(`are git's for ${name}`, async () => {
      assert.equal(unifiedHunks(oldText, newText), await gitHunks(oldText, newText));
    });
  }

  test("are none between equal texts", () => {
    assert.equal(unifiedHunks("same\n", "same\n"), "");
    assert.equal(unifiedHunks("", ""), "");
  });

  test("property: lead from one text to the other", () => {
    fc.assert(
      fc.property(text, text, (oldText, newText) => {
        assert.equal(apply(oldText, unifiedHunks(oldText, newText)), newText);
      }),
      { numRuns: 500 },
    );
  });

  test("property: change no more lines than git", async () => {
    await fc.assert(
      fc.asyncProperty(text, text, async (oldText, newText) => {
        const ours = countChanges(unifiedHunks(oldText, newText));
        assert.equal(ours, countChanges(await gitHunks(oldText, newText)));
      }),
      { numRuns: 40 },
    );
  });

  test("stay right, and good, beyond the limit of the search", () => {
    const lines = Array.from({ length: 6_000 }, (_, index) => `line ${index}`);
    const oldText = lines.join("\n");
    const newText = lines.map((line, index) => (index % 3 === 0 ? `${line} changed` : line)).join("\n");
    const hunks = unifiedHunks(oldText, newText);
    assert.equal(apply(oldText, hunks), newText);
    assert.equal(countChanges(hunks), 4_000);
    const strangers = lines.map((_, index) => `other ${index}`).join("\n");
    assert.equal(apply(oldText, unifiedHunks(oldText, strangers)), strangers);
  });
});
