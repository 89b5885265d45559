import assert from "node:assert/strict";
import { test } from "node:test";
import { startGitLabStandIn } from "../../../standins/gitlab/gitlab-stand-in.ts";
import { callAs, openProject, Row, Rows } from "./setup.ts";

const entriesOf = (body: unknown) =>
  new Map(Rows.parse(body).map((entry) => [String(entry["new_path"]), entry]));

test("a merge request's changes", async (t) => {
  const { standIn, api, base, refs, project, dev, mergeRequest } = await openProject();
  t.after(() => standIn.close());

  await t.test("diffs carry GitLab's fields for each kind of change", async () => {
    const entries = entriesOf((await api("GET", `${base}/diffs`)).body);
    assert.deepEqual([...entries.keys()].sort(), [
      "a.txt",
      "dir/new näme.txt",
      "gone.txt",
      "image.png",
      "new.txt",
    ]);
    assert.match(String(entries.get("a.txt")?.["diff"]), /^@@ -7,7 \+7,7 @@/);
    const renamed = entries.get("dir/new näme.txt");
    assert.equal(renamed?.["renamed_file"], true);
    assert.equal(renamed?.["old_path"], "old name.txt");
    assert.equal(entries.get("new.txt")?.["new_file"], true);
    assert.equal(entries.get("new.txt")?.["diff"], "@@ -0,0 +1,2 @@\n+first\n+second\n");
    assert.equal(entries.get("gone.txt")?.["deleted_file"], true);
    assert.match(String(entries.get("image.png")?.["diff"]), /^Binary files /);
    const unified = entriesOf((await api("GET", `${base}/diffs?unidiff=true`)).body);
    assert.match(String(unified.get("new.txt")?.["diff"]), /^--- \/dev\/null\n\+\+\+ b\/new\.txt\n@@/);
  });

  await t.test("raw_diffs is git's own patch, versions name the three commits", async () => {
    assert.match((await api("GET", `${base}/raw_diffs`)).text, /^diff --git a\/a\.txt b\/a\.txt\n/);
    const [version] = Rows.parse((await api("GET", `${base}/versions`)).body);
    assert.equal(version?.["head_commit_sha"], refs.head_sha);
    assert.equal(version?.["base_commit_sha"], refs.base_sha);
    assert.equal(version?.["start_commit_sha"], refs.start_sha);
    const detail = Row.parse((await api("GET", `${base}/versions/${String(version?.["id"])}`)).body);
    assert.equal(Rows.parse(detail["diffs"]).length, 5);
    assert.equal(Rows.parse(detail["commits"]).length, 1);
  });

  await t.test("a push makes a new version, newest first, and diff_refs wait as told", async () => {
    const head = await standIn.push(project, {
      branch: "feature",
      user: dev,
      diffReadyAfterReads: 2,
      actions: [
        { action: "chmod", path: "a.txt", mode: "100755" },
        { action: "write", path: "link", content: "a.txt", mode: "120000" },
      ],
    });
    for (const _ of [1, 2]) assert.equal(Row.parse((await api("GET", base)).body)["diff_refs"], null);
    const ready = Row.parse((await api("GET", base)).body);
    assert.deepEqual(ready["diff_refs"], { ...refs, head_sha: head });
    assert.equal(ready["sha"], head);
    assert.equal(ready["changes_count"], "6");
    assert.equal(Rows.parse((await api("GET", `${base}/versions`)).body)[0]?.["head_commit_sha"], head);
    const entries = entriesOf((await api("GET", `${base}/diffs`)).body);
    assert.equal(entries.get("a.txt")?.["b_mode"], "100755");
    assert.equal(entries.get("link")?.["b_mode"], "120000");
  });

  await t.test("a force push replaces the branch and keeps the versions before it", async () => {
    const before = mergeRequest.versions.length;
    const head = await standIn.push(project, {
      branch: "feature",
      from: "main",
      user: dev,
      actions: [{ action: "write", path: "only.txt", content: "only\n" }],
    });
    assert.equal(mergeRequest.versions.length, before + 1);
    assert.equal(mergeRequest.versions.at(-1)?.head, head);
    assert.deepEqual([...entriesOf((await api("GET", `${base}/diffs`)).body).keys()], ["only.txt"]);
  });

  await t.test("a fork's merge request is read in the project it targets", async () => {
    const other = standIn.createUser({ username: "other" });
    const fork = await standIn.fork(project, other, "other/project");
    await standIn.push(fork, {
      branch: "patch",
      from: "main",
      user: other,
      actions: [{ action: "write", path: "fork.txt", content: "from a fork\n" }],
    });
    const opened = await standIn.openMergeRequest(project, {
      author: other,
      sourceProject: fork,
      sourceBranch: "patch",
    });
    const path = `projects/${project.id}/merge_requests/${opened.iid}`;
    const shown = Row.parse((await api("GET", path)).body);
    assert.notEqual(shown["source_project_id"], shown["target_project_id"]);
    assert.deepEqual([...entriesOf((await api("GET", `${path}/diffs`)).body).keys()], ["fork.txt"]);
  });
  assert.deepEqual(standIn.failures, []);
});

test("large diffs come in pages of 30, collapsed or without text", async (t) => {
  const limits = { collapsePatchBytes: 200, maxPatchBytes: 1_000, safeFiles: 35, maxFiles: 40 };
  const build = async (version: string) => {
    const standIn = await startGitLabStandIn({ version, limits });
    t.after(() => standIn.close());
    const owner = standIn.createUser({ username: "owner" });
    const project = await standIn.createProject({ path: "group/large", owner, files: { keep: "x\n" } });
    const names = Array.from({ length: 43 }, (_, index) => `file-${String(index).padStart(2, "0")}.txt`);
    await standIn.push(project, {
      branch: "feature",
      user: owner,
      actions: names.map((path, index) => ({
        action: "write",
        path,
        content: index === 0 ? "x".repeat(1_200) : index === 1 ? "y".repeat(300) : "small\n",
      })),
    });
    const opened = await standIn.openMergeRequest(project, { author: owner, sourceBranch: "feature" });
    return {
      api: callAs(standIn, standIn.createPersonalToken(owner)),
      base: `projects/${project.id}/merge_requests/${opened.iid}`,
    };
  };

  const { api, base } = await build("19.1.0");
  const first = await api("GET", `${base}/diffs?per_page=100`);
  assert.equal(Rows.parse(first.body).length, 30);
  assert.equal(first.headers.get("x-per-page"), "30");
  assert.equal(first.headers.get("x-next-page"), "2");
  assert.match(first.headers.get("link") ?? "", /rel="next"/);
  const second = await api("GET", `${base}/diffs?per_page=100&page=2`);
  assert.equal(second.headers.get("x-next-page"), "");
  const entries = entriesOf([...Rows.parse(first.body), ...Rows.parse(second.body)]);
  assert.equal(entries.size, 40);
  const shape = (name: string) => {
    const entry = entries.get(name);
    return [entry?.["diff"] === "", entry?.["collapsed"], entry?.["too_large"]];
  };
  assert.deepEqual(shape("file-00.txt"), [true, false, true]);
  assert.deepEqual(shape("file-01.txt"), [true, true, false]);
  assert.deepEqual(shape("file-02.txt"), [false, false, false]);
  assert.deepEqual(shape("file-36.txt"), [true, true, false]);
  assert.equal(Row.parse((await api("GET", base)).body)["changes_count"], "40+");

  const refs = Row.parse(Row.parse((await api("GET", base)).body)["diff_refs"]);
  const remark = (path: string) =>
    api("POST", `${base}/discussions`, {
      body: "here",
      position: { ...refs, position_type: "text", old_path: path, new_path: path, new_line: 1 },
    });
  assert.equal((await remark("file-01.txt")).status, 201, "a collapsed file has lines");
  assert.equal((await remark("file-00.txt")).status, 400, "a file that is too large has none");

  const newer = await build("19.2.0");
  const later = entriesOf((await newer.api("GET", `${newer.base}/diffs`)).body);
  assert.equal(later.get("file-01.txt")?.["collapsed"], false);
  assert.notEqual(later.get("file-01.txt")?.["diff"], "");
  assert.equal(later.get("file-00.txt")?.["too_large"], true);
});
