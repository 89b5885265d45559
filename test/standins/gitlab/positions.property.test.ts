import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { fc } from "../../properties.ts";
import { startGitLabStandIn } from "../../../standins/gitlab/gitlab-stand-in.ts";
import { validatePosition } from "../../../standins/gitlab/positions.ts";
import type { FileAction } from "../../../standins/gitlab/repository.ts";
import type { FileDiff } from "../../../standins/gitlab/raw-diff.ts";
import { createWorld } from "../../../standins/gitlab/world.ts";

type Line = { readonly old: number | null; readonly next: number | null; readonly code: string };

const NAME = /^(?:--- a|\+\+\+ [ab]|(?:---|\+\+\+) \/(?:dev\/null|tmp\/diffy))/;

/**
 * The lines of a file from its short hunks (three lines of context) by GitLab's parser, which passes over what looks
 * like a file's name behind an unchanged row, with the lines between hunks counted up from the lengths of both sides:
 * another way than the full-context diff that the stand-in asks git for.
 */
const linesFromHunks = (file: FileDiff, oldLength: number): readonly Line[] => {
  const name = createHash("sha1").update(file.newPath).digest("hex");
  const lines: Line[] = [];
  // Where the file is, where the parser thinks that it is, and how far apart both sides were on its last row.
  let [oldAt, newAt] = [1, 1];
  let [old, next, distance] = [1, 1, 0];
  let isPlain = true;
  const add = (oldLine: number | null, newLine: number | null): void => {
    lines.push({ old: oldLine, next: newLine, code: `${name}_${oldLine ?? old}_${newLine ?? next}` });
  };
  for (const raw of file.hunks.split("\n")) {
    const header = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(raw);
    if (header !== null) {
      const from = header[2] === "0" ? Number(header[1]) + 1 : Number(header[1]);
      for (; oldAt < from; oldAt += 1, newAt += 1) add(oldAt, newAt);
      [old, next] = [Number(header[1]), Number(header[3])];
      [oldAt, newAt] = [old, next];
      isPlain = false;
      continue;
    }
    if (!/^[-+ ]/.test(raw)) {
      if (raw.startsWith("\\")) isPlain = false;
      continue;
    }
    const [onOld, onNew] = [!raw.startsWith("+"), !raw.startsWith("-")];
    if (onOld) oldAt += 1;
    if (onNew) newAt += 1;
    if (isPlain && NAME.test(raw)) continue;
    add(onOld ? old : null, onNew ? next : null);
    distance = next - old;
    if (onOld) old += 1;
    if (onNew) next += 1;
    isPlain = onOld && onNew;
  }
  // git counts an empty side from line 0, which is no line.
  if (!file.newFile && !file.deletedFile && oldLength > 0)
    for (; oldAt <= oldLength; oldAt += 1) add(oldAt, oldAt + distance);
  return lines;
};

const text = fc
  .record({
    lines: fc.array(
      fc.constantFrom(
        "a",
        "b",
        "c",
        "",
        "  d",
        "-e",
        "+f",
        "-- all",
        "++ by",
        "@@ -1 +1 @@",
        "é\r",
        "diff --git a b",
      ),
      {
        minLength: 1,
        maxLength: 25,
      },
    ),
    ends: fc.boolean(),
  })
  .map(({ lines, ends }) => lines.join("\n") + (ends ? "\n" : ""));

const paths = ["a.txt", "dir/b b.txt", "ü.md", 'q"uote.js'] as const;
const path = fc.constantFrom(...paths);
const edit = fc.oneof(
  fc.record({ kind: fc.constant("write" as const), path, content: text }),
  fc.record({
    kind: fc.constant("insert" as const),
    path,
    at: fc.nat(25),
    line: fc.constantFrom("new", "a", ""),
  }),
  fc.record({ kind: fc.constant("cut" as const), path, at: fc.nat(25) }),
  fc.record({ kind: fc.constant("delete" as const), path }),
  fc.record({
    kind: fc.constant("rename" as const),
    path,
    to: fc.constantFrom("moved.txt", "dir/other.txt"),
  }),
);
const history = fc.record({
  start: fc.array(fc.record({ path, content: text }), { minLength: 1, maxLength: 4 }),
  pushes: fc.array(fc.array(edit, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
});

type Tree = Map<string, string>;

const applyEdit = (
  tree: Tree,
  change: typeof edit extends fc.Arbitrary<infer T> ? T : never,
): FileAction[] => {
  const present = tree.get(change.path);
  const write = (content: string): FileAction[] => {
    tree.set(change.path, content);
    return [{ action: "write", path: change.path, content }];
  };
  if (change.kind === "write") return write(change.content);
  if (present === undefined) return [];
  const lines = present.split("\n");
  switch (change.kind) {
    case "insert":
      return write(lines.toSpliced(Math.min(change.at, lines.length), 0, change.line).join("\n"));
    case "cut":
      return write(lines.toSpliced(change.at, 1).join("\n"));
    case "delete":
      tree.delete(change.path);
      return [{ action: "delete", path: change.path }];
    case "rename":
      if (tree.has(change.to)) return [];
      tree.delete(change.path);
      tree.set(change.to, present);
      return [{ action: "rename", from: change.path, to: change.to }];
  }
};

const lengthOf = (content: string | undefined): number =>
  content === undefined || content === "" ? 0 : content.split("\n").length - (content.endsWith("\n") ? 1 : 0);

test("in random histories every line's position is taken and its neighbours are not", async (t) => {
  const standIn = await startGitLabStandIn();
  t.after(() => standIn.close());
  const world = createWorld({});
  const owner = standIn.createUser({ username: "owner" });
  let count = 0;
  let judged = 0;

  const check = async ({ start, pushes }: typeof history extends fc.Arbitrary<infer T> ? T : never) => {
    count += 1;
    const before: Tree = new Map(start.map(({ path, content }) => [path, content]));
    const project = await standIn.createProject({
      path: `random/project-${count}`,
      owner,
      files: { keep: "x\n", ...Object.fromEntries(before) },
    });
    const after: Tree = new Map(before);
    for (const edits of pushes) {
      const actions = edits.flatMap((change) => applyEdit(after, change));
      await standIn.push(project, { branch: "feature", user: owner, actions });
    }
    const mergeRequest = await standIn.openMergeRequest(project, { author: owner, sourceBranch: "feature" });
    const version = mergeRequest.versions[0];
    assert.ok(version !== undefined);
    const validate = (file: FileDiff, old: number | null, next: number | null) =>
      validatePosition(world, mergeRequest, {
        base_sha: version.base,
        start_sha: version.start,
        head_sha: version.head,
        position_type: "text",
        old_path: file.oldPath,
        new_path: file.newPath,
        old_line: old,
        new_line: next,
      });
    for (const file of await project.repository.diff(version.base, version.head)) {
      if (file.hunks === "") continue;
      const lines = linesFromHunks(file, lengthOf(before.get(file.oldPath)));
      const valid = new Set(lines.map((line) => `${line.old}/${line.next}`));
      for (const { old, next, code } of lines) {
        judged += 1;
        const verdict = await validate(file, old, next);
        assert.ok(verdict.ok, `${file.newPath} ${old}/${next}`);
        assert.equal(verdict.lineCode, code);
        const neighbours = [
          [old, null],
          [null, next],
          [old === null ? next : old + 1, next],
          [old, next === null ? old : next + 1],
        ] as const;
        for (const [left, right] of neighbours) {
          if (valid.has(`${left}/${right}`)) continue;
          assert.equal((await validate(file, left, right)).ok, false, `${file.newPath} ${left}/${right}`);
        }
      }
    }
  };
  await fc.assert(fc.asyncProperty(history, check), { numRuns: 25 });
  assert.ok(judged > 100, `only ${judged} lines were judged`);
});
