import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../properties.ts";
import { z } from "zod";
import { FindingsError } from "../../src/base/errors.ts";
import type { FileDiff } from "../../src/diff/file-diff.ts";
import { pointAt } from "../../src/diff/find-point.ts";
import type { Side } from "../../src/diff/hunk-range.ts";
import { lineCode } from "../../src/diff/line-code.ts";
import { parseHunks } from "../../src/diff/parse-hunks.ts";
import type { DiffRefs, Position, RangeEnd } from "../../src/diff/position.ts";
import { toFilePosition, toPosition } from "../../src/diff/to-position.ts";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import type { MergeRequest } from "../../standins/gitlab/state.ts";
import { type Call, callAs } from "../standins/gitlab/setup.ts";
import { type History, forests, linesOf } from "./histories.ts";

const Entries = z.array(
  z.object({
    diff: z.string(),
    old_path: z.string(),
    new_path: z.string(),
    new_file: z.boolean(),
    deleted_file: z.boolean(),
    renamed_file: z.boolean(),
  }),
);
type Entry = z.output<typeof Entries>[number];

const Versions = z.array(
  z.object({ base_commit_sha: z.string(), start_commit_sha: z.string(), head_commit_sha: z.string() }),
);

const toFileDiff = (entry: Entry): FileDiff => {
  const reading = parseHunks(entry.diff.startsWith("Binary files ") ? "" : entry.diff);
  assert.ok(reading.kind === "hunks", JSON.stringify(reading));
  const change = entry.new_file
    ? "added"
    : entry.deleted_file
      ? "deleted"
      : entry.renamed_file
        ? "renamed"
        : "modified";
  return { oldPath: entry.old_path, newPath: entry.new_path, change, hunks: reading.hunks };
};

const fetchFiles = async (api: Call, base: string): Promise<readonly Entry[]> => {
  const entries: Entry[] = [];
  for (let page = "1"; page !== "";) {
    const reply = await api("GET", `${base}/diffs?per_page=30&page=${page}`);
    entries.push(...Entries.parse(reply.body));
    page = reply.headers.get("x-next-page") ?? "";
  }
  return entries;
};

const fetchRefs = async (api: Call, base: string): Promise<DiffRefs> => {
  const [version] = Versions.parse((await api("GET", `${base}/versions`)).body);
  assert.ok(version !== undefined);
  return {
    baseSha: version.base_commit_sha,
    startSha: version.start_commit_sha,
    headSha: version.head_commit_sha,
  };
};

const endToJson = (end: RangeEnd) => ({
  line_code: end.lineCode,
  type: end.type,
  old_line: end.oldLine,
  new_line: end.newLine,
});

/** A position as GitLab's API takes it. */
const toJson = ({ baseSha, startSha, headSha, oldPath, newPath, on }: Position) => ({
  base_sha: baseSha,
  start_sha: startSha,
  head_sha: headSha,
  old_path: oldPath,
  new_path: newPath,
  position_type: on.kind === "file" ? "file" : "text",
  ...(on.kind === "file"
    ? {}
    : {
        old_line: on.oldLine,
        new_line: on.newLine,
        ...(on.range === null
          ? {}
          : { line_range: { start: endToJson(on.range.start), end: endToJson(on.range.end) } }),
      }),
});

type Pick = { readonly side: Side; readonly line: number; readonly span: number };

/** Some lines of the file, hunks or not, and ranges of them. */
const positionsOf = (
  refs: DiffRefs,
  file: FileDiff,
  lengths: Readonly<Record<Side, number>>,
  picks: readonly Pick[],
): readonly Position[] =>
  picks.flatMap(({ side, line, span }) => {
    const length = lengths[side];
    if (length === 0 || file.hunks.length === 0) return [];
    const number = (line % length) + 1;
    const start = pointAt(file, side, number);
    const end = pointAt(file, side, Math.min(number + span, length));
    assert.ok(start !== null && end !== null, `${file.newPath}: ${side} line ${number} is not offered`);
    try {
      return [toPosition(refs, file, start, end)];
    } catch (error) {
      // GitLab's parser takes the line for a file's name.
      assert.ok(error instanceof FindingsError, String(error));
      return [];
    }
  });

const lastCode = (mergeRequest: MergeRequest) => mergeRequest.discussions.at(-1)?.notes[0]?.lineCode;

const picks = fc.array(
  fc.record({
    side: fc.constantFrom<Side>("new", "old"),
    line: fc.nat(70),
    span: fc.constantFrom(0, 0, 1, 3, 9),
  }),
  { minLength: 1, maxLength: 2 },
);

test("in more than 300 histories GitLab takes every position", async (t) => {
  const standIn = await startGitLabStandIn({
    collapseDiffs: false,
    limits: { notesPerMinute: null, maxFiles: 10_000 },
  });
  t.after(() => standIn.close());
  const owner = standIn.createUser({ username: "owner" });
  const api = callAs(standIn, standIn.createPersonalToken(owner));
  let count = 0;
  let folders = 0;
  let posted = 0;

  const open = async ({ before, actions }: History, moved: boolean): Promise<MergeRequest> => {
    count += 1;
    const project = await standIn.createProject({
      path: `group/project-${count}`,
      owner,
      files: { keep: "x\n", ...Object.fromEntries(before) },
    });
    await standIn.push(project, { branch: "feature", user: owner, actions });
    if (moved) {
      const other = [...before.keys()].map(
        (path) => ({ action: "write", path, content: "other\n" }) as const,
      );
      await standIn.push(project, { branch: "main", user: owner, actions: other });
    }
    return standIn.openMergeRequest(project, { author: owner, sourceBranch: "feature" });
  };

  const check = async (history: History, moved: boolean, wanted: readonly Pick[]) => {
    const mergeRequest = await open(history, moved);
    const base = `projects/${mergeRequest.project.id}/merge_requests/${mergeRequest.iid}`;
    const refs = await fetchRefs(api, base);
    const post = (position: Position) =>
      api("POST", `${base}/discussions`, { body: "a remark", position: toJson(position) });
    for (const [nth, entry] of (await fetchFiles(api, base)).entries()) {
      const file = toFileDiff(entry);
      if (nth === 0) assert.equal((await post(toFilePosition(refs, file))).status, 201);
      const lengths = {
        old: entry.new_file ? 0 : linesOf(history.before.get(file.oldPath) ?? "").length,
        new: entry.deleted_file ? 0 : linesOf(history.after.get(file.newPath) ?? "").length,
      };
      for (const position of positionsOf(refs, file, lengths, wanted)) {
        const reply = await post(position);
        assert.equal(reply.status, 201, `${reply.text} ${JSON.stringify(position)}`);
        posted += 1;
        if (position.on.kind === "line" && position.on.range !== null)
          assert.equal(lastCode(mergeRequest), position.on.range.end.lineCode);
        if (position.on.kind === "line" && position.on.oldLine !== null && position.on.newLine !== null) {
          const { oldLine, newLine } = position.on;
          assert.equal(lastCode(mergeRequest), lineCode(file.newPath, { oldLine, newLine }));
        }
      }
    }
    folders += new Set(history.actions.map((one) => ("path" in one ? one.path : one.to).split("/")[0])).size;
  };
  await fc.assert(fc.asyncProperty(forests(36), fc.boolean(), picks, check), { numRuns: 10 });
  assert.ok(folders >= 300, `only ${folders} histories`);
  assert.ok(posted > 300, `only ${posted} positions`);
  assert.deepEqual(standIn.failures, []);
});
