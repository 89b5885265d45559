import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fc } from "../properties.ts";
import type { FileDiff, Hunk } from "../../src/diff/file-diff.ts";
import { findPoint, pointAt } from "../../src/diff/find-point.ts";
import type { Side } from "../../src/diff/hunk-range.ts";
import { lineCode } from "../../src/diff/line-code.ts";
import { parseHunks } from "../../src/diff/parse-hunks.ts";
import { type PatchedFile, parsePatch } from "../../src/diff/parse-patch.ts";
import { toFilePosition, toPosition } from "../../src/diff/to-position.ts";
import type { FileTruth } from "../../standins/gitlab/line-truth.ts";
import { lineCodeOf } from "../../standins/gitlab/positions.ts";
import { type Repository, createRepository } from "../../standins/gitlab/repository.ts";
import { type History, forests, linesOf } from "./histories.ts";

let folder = "";
let repository: Repository | null = null;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "histories-"));
  repository = await createRepository(folder, "main");
});
after(() => rm(folder, { recursive: true, force: true }));

const commit = async ({ before: tree, actions }: History) => {
  assert.ok(repository !== null);
  const at = new Date(0);
  const start = [...tree].map(([path, content]) => ({ action: "write", path, content }) as const);
  const base = await repository.commit({ branch: "main", parent: null, message: "base", actions: start, at });
  const head = await repository.commit({ branch: "main", parent: base, message: "head", actions, at });
  return { base, head, truth: await repository.truth(base, head) };
};

const LIKE_A_HEADER = /^(?:--- a|\+\+\+ b)/;

type Form = { readonly context: number; readonly quotePath: boolean };

const gitDiff = (base: string, head: string, { context, quotePath }: Form): string => {
  const settings = ["-c", `core.quotePath=${quotePath}`];
  const flags = [`-U${context}`, "-M30%", "--no-color", "--no-ext-diff"];
  const run = spawnSync("git", [...settings, "diff", ...flags, base, head], {
    cwd: folder,
    encoding: "utf8",
  });
  assert.equal(run.status, 0, run.stderr);
  return run.stdout;
};

const toFileDiff = (file: PatchedFile): FileDiff => {
  const reading = parseHunks(file.hunks);
  assert.ok(reading.kind === "hunks", JSON.stringify(reading));
  const { oldPath, newPath } = file;
  assert.ok(oldPath !== null || newPath !== null);
  const change =
    oldPath === null ? "added" : newPath === null ? "deleted" : oldPath === newPath ? "modified" : "renamed";
  return {
    oldPath: oldPath ?? newPath ?? "",
    newPath: newPath ?? oldPath ?? "",
    change,
    hunks: reading.hunks,
  };
};

/** Applies hunks, each where its own header says; what they keep or remove has to be there. */
const apply = (oldText: string, hunks: readonly Hunk[]): string => {
  const old = oldText === "" ? [] : oldText.split(/(?<=\n)/);
  const result: string[] = [];
  let at = 0;
  for (const { oldStart, oldCount, lines } of hunks) {
    const from = oldCount === 0 ? oldStart : oldStart - 1;
    result.push(...old.slice(at, from));
    at = from;
    for (const { kind, text, endsWithNewline } of lines) {
      const row = endsWithNewline ? `${text}\n` : text;
      if (kind === "added") result.push(row);
      else assert.equal(old[at], row);
      if (kind === "context") result.push(row);
      if (kind !== "added") at += 1;
    }
  }
  return [...result, ...old.slice(at)].join("");
};

/** What a whole file says about each of its lines: where it is in the other version, if at all. */
const checkPoints = (
  file: FileDiff,
  truth: FileTruth | null,
  texts: Readonly<Record<Side, string>>,
): number => {
  const lines = { old: linesOf(texts.old), new: linesOf(texts.new) };
  let checked = 0;
  for (const side of ["old", "new"] as const) {
    for (const [index, text] of lines[side].entries()) {
      const number = index + 1;
      const found = pointAt(file, side, number);
      if (file.hunks.length === 0) {
        assert.equal(found, null);
        continue;
      }
      assert.ok(found !== null);
      if (found.oldLine !== null) assert.equal(lines.old[found.oldLine - 1], text);
      if (found.newLine !== null) assert.equal(lines.new[found.newLine - 1], text);
      const known = truth?.lines.find((one) => (side === "new" ? one.newLine : one.oldLine) === number);
      if (truth !== null) assert.deepEqual(found, { oldLine: known?.oldLine, newLine: known?.newLine });
      checked += 1;
    }
  }
  return checked;
};

const REFS = { baseSha: "b", startSha: "s", headSha: "h" };

/** Ranges between any two lines of the diff: the codes of GitLab, in the diff's order, whoever gives the ends. */
const checkRanges = (
  file: FileDiff,
  truth: FileTruth,
  picks: readonly (readonly [number, number])[],
): void => {
  if (truth.lines.length === 0) return;
  const end = (index: number) => {
    const line = truth.lines[index];
    assert.ok(line !== undefined);
    const point =
      line.newLine === null ? pointAt(file, "old", line.oldLine ?? 0) : pointAt(file, "new", line.newLine);
    assert.ok(point !== null);
    const type = line.kind === "added" ? "new" : line.kind === "removed" ? "old" : null;
    const { oldLine, newLine } = line;
    return { point, range: { lineCode: lineCodeOf(file.newPath, line), type, oldLine, newLine } };
  };
  // GitLab counts such files in its own way; `gitlab-counting.test.ts` is about them.
  if (truth.lines.some(({ kind, text }) => LIKE_A_HEADER.test(kind === "added" ? `+${text}` : `-${text}`)))
    return;
  for (const [one, other] of picks) {
    const [low, high] = [one % truth.lines.length, other % truth.lines.length].toSorted((x, y) => x - y);
    const [first, last] = [end(low ?? 0), end(high ?? 0)];
    const range = low === high ? null : { start: first.range, end: last.range };
    const expected = { ...toFilePosition(REFS, file), on: { kind: "line", ...last.point, range } };
    assert.deepEqual(toPosition(REFS, file, first.point, last.point), expected);
    assert.deepEqual(toPosition(REFS, file, last.point, first.point), expected);
  }
};

test("property: git's own diffs are read, applied and paired as git has them", async () => {
  let checked = 0;
  const form = fc.record({ context: fc.constantFrom(0, 1, 3, 3, 10), quotePath: fc.boolean() });
  const picks = fc.array(fc.tuple(fc.nat(200), fc.nat(200)), { minLength: 1, maxLength: 6 });
  const check = async (history: History, how: Form, ends: readonly (readonly [number, number])[]) => {
    const { base, head, truth } = await commit(history);
    const patch = parsePatch(gitDiff(base, head, how));
    assert.equal(patch.length, truth.length);
    for (const [nth, patched] of patch.entries()) {
      const known = truth[nth];
      assert.ok(known !== undefined);
      const file = toFileDiff(patched);
      assert.deepEqual(
        [patched.oldPath, patched.newPath, patched.binary],
        [known.newFile ? null : known.oldPath, known.deletedFile ? null : known.newPath, known.binary],
      );
      if (known.binary) continue;
      const texts = {
        old: known.newFile ? "" : (history.before.get(file.oldPath) ?? ""),
        new: known.deletedFile ? "" : (history.after.get(file.newPath) ?? ""),
      };
      assert.equal(apply(texts.old, file.hunks), texts.new);
      // Without context git compares the texts without their common end, and may choose other lines.
      checked += checkPoints(file, how.context === 0 ? null : known, texts);
      // Without context a header counts an empty side from the line before, and GitLab never asks for that.
      if (how.context > 0 && file.hunks.length > 0) {
        checkRanges(file, known, ends);
        for (const { oldCount, newCount, oldLine, newLine } of known.lines) {
          const counters =
            newLine === null ? findPoint(file, "old", oldLine ?? 0) : findPoint(file, "new", newLine);
          assert.ok(counters !== null);
          assert.equal(
            lineCode(file.newPath, counters.counters),
            lineCodeOf(file.newPath, { oldCount, newCount }),
          );
        }
      }
    }
  };
  await fc.assert(fc.asyncProperty(forests(6), form, picks, check), { numRuns: 8 });
  assert.ok(checked > 1_000, `only ${checked} lines were checked`);
});
