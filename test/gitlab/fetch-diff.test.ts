import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ForgeOptions } from "../../src/gitlab/forge.ts";
import {
  REF,
  type Routes,
  entryAnswer,
  mergeRequestAnswer,
  setUpForge,
  versionAnswer,
} from "./forge-setup.ts";
import { answer } from "./tiny-gitlab.ts";

const fileRoute = (path: string): string =>
  `GET /api/v4/projects/7/repository/files/${encodeURIComponent(path)}/raw`;

const diffs = (entries: readonly object[]): Routes => ({
  "GET /diffs": (_, response) => answer(response, 200, entries),
});

const patchOf = (path: string, hunks: string): string =>
  `diff --git a/${path} b/${path}\nindex 1..2 100644\n--- a/${path}\n+++ b/${path}\n${hunks}`;

const fetchDiff = async (routes: Routes, options?: ForgeOptions) => {
  await using gitlab = await setUpForge(routes, options);
  const diff = await gitlab.forge.fetchDiff(await gitlab.forge.fetchMergeRequest(REF));
  return { diff, diffs: diff.files.map((file) => file.diff), count: gitlab.count };
};

const COLLAPSED = { diff: "", collapsed: true };

describe("a merge request", () => {
  test("is read again while GitLab prepares its diff", async () => {
    await using gitlab = await setUpForge({
      "GET ": (_, response, number) =>
        answer(response, 200, mergeRequestAnswer(number < 3 ? { diff_refs: null, sha: null } : {})),
    });
    const mergeRequest = await gitlab.forge.fetchMergeRequest(REF);
    assert.deepEqual(mergeRequest, {
      ref: REF,
      projectPath: "group/project",
      title: "Title",
      description: "",
      state: "opened",
      draft: false,
      webUrl: "https://gitlab.example.com/group/project/-/merge_requests/3",
      author: { id: 11, username: "ada" },
      sourceBranch: "feature",
      targetBranch: "main",
      headSha: "d".repeat(40),
      diffRefs: { baseSha: "b".repeat(40), startSha: "c".repeat(40), headSha: "d".repeat(40) },
      labels: ["bug"],
      reviewerIds: [],
      statusRef: "refs/merge-requests/3/head",
    });
    assert.deepEqual(gitlab.sleeps, [500, 1_000]);
  });

  test("is left for later when the diff does not come", async () => {
    const routes: Routes = {
      "GET ": (_, response) => answer(response, 200, mergeRequestAnswer({ diff_refs: null })),
    };
    await using gitlab = await setUpForge(routes, { diffRefsWaitMs: 4_000 });
    await assert.rejects(gitlab.forge.fetchMergeRequest(REF), {
      code: "gitlab-diff-not-ready",
      retryable: true,
    });
    assert.deepEqual(gitlab.sleeps, [500, 1_000, 2_000]);
  });

  test("tells its project's path without references too", async () => {
    await using gitlab = await setUpForge({
      "GET ": (_, response) => answer(response, 200, mergeRequestAnswer({ references: null })),
    });
    assert.equal((await gitlab.forge.fetchMergeRequest(REF)).projectPath, "group/project");
  });
});

describe("a diff", () => {
  test("is taken as it is when GitLab left nothing out", async () => {
    const entries = [
      entryAnswer(),
      entryAnswer({ old_path: "o", new_path: "n", renamed_file: true, diff: "", generated_file: true }),
      entryAnswer({ b_mode: "100755", diff: "" }),
      entryAnswer({ diff: "Binary files a/x and b/x differ\n" }),
      entryAnswer({ diff: "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-a\n+b\n" }),
    ];
    const { diff, diffs: texts, count } = await fetchDiff(diffs(entries));
    const hunks = { kind: "text", text: "@@ -1 +1 @@\n-a\n+b\n", source: "diffs" };
    const empty = { kind: "text", text: "", source: "diffs" };
    assert.deepEqual(texts, [hunks, empty, empty, { kind: "binary" }, hunks]);
    assert.deepEqual(
      diff.files.map(({ change, generated }) => [change, generated]),
      [
        ["modified", false],
        ["renamed", true],
        ["modified", false],
        ["modified", false],
        ["modified", false],
      ],
    );
    assert.deepEqual([count("GET /diffs"), count("GET /versions"), count("GET /raw_diffs")], [1, 1, 0]);
  });

  test("is rebuilt from the whole patch, which is asked for once", async () => {
    const entries = [
      entryAnswer(COLLAPSED),
      entryAnswer({ old_path: "big", new_path: "big", diff: "", too_large: true }),
      entryAnswer({ old_path: "odd", new_path: "odd", diff: "" }),
      entryAnswer({ old_path: "empty", new_path: "empty", new_file: true, a_mode: "0", diff: "" }),
    ];
    const patch =
      ["a.txt", "big", "odd"].map((path) => patchOf(path, "@@ -1 +1 @@\n-x\n+y\n")).join("") +
      "diff --git a/empty b/empty\nnew file mode 100644\nindex 0000000..e69de29\n";
    const { diffs: texts, count } = await fetchDiff({
      ...diffs(entries),
      "GET /raw_diffs": (_, response) => answer(response, 200, patch, { "content-type": "text/plain" }),
    });
    const hunks = { kind: "text", text: "@@ -1 +1 @@\n-x\n+y\n", source: "raw_diffs" };
    assert.deepEqual(texts, [hunks, hunks, hunks, { kind: "text", text: "", source: "raw_diffs" }]);
    assert.equal(count("GET /raw_diffs"), 1);
  });

  test("is rebuilt from both versions of a file where there is no patch", async () => {
    const seen: string[] = [];
    const { diffs: texts } = await fetchDiff({
      ...diffs([
        entryAnswer({ ...COLLAPSED, old_path: "dir/old", new_path: "dir/new", renamed_file: true }),
        entryAnswer({ ...COLLAPSED, new_path: "added", new_file: true }),
      ]),
      [fileRoute("dir/old")]: (request, response) => {
        seen.push(request.url);
        response.end(Buffer.from([0x61, 0x0a, 0xff, 0x0a]));
      },
      [fileRoute("dir/new")]: (request, response) => {
        seen.push(request.url);
        response.end(Buffer.from([0x61, 0x0a, 0xfe, 0x0a]));
      },
      [fileRoute("added")]: (_, response) => response.end("one\ntwo"),
    });
    assert.deepEqual(texts, [
      { kind: "text", text: "@@ -1,2 +1,2 @@\n a\n-\uFFFD\n+\uFFFD\n", source: "blobs" },
      { kind: "text", text: "@@ -0,0 +1,2 @@\n+one\n+two\n\\ No newline at end of file\n", source: "blobs" },
    ]);
    assert.deepEqual(seen.map((url) => url.replace(/^.*ref=/, "")).sort(), ["b".repeat(40), "d".repeat(40)]);
  });

  test("lists what cannot be had, with the reason", async () => {
    const entries = ["binary", "large", "gone", "module", "more"].map((path) =>
      entryAnswer({
        ...COLLAPSED,
        old_path: path,
        new_path: path,
        ...(path === "module" ? { b_mode: "160000" } : {}),
      }),
    );
    const same =
      (body: Buffer): Routes[string] =>
      (_, response) =>
        response.end(body);
    const { diffs: texts } = await fetchDiff(
      {
        ...diffs(entries),
        [fileRoute("binary")]: same(Buffer.from([1, 0, 2])),
        [fileRoute("large")]: same(Buffer.alloc(5_000, "x")),
        [fileRoute("more")]: same(Buffer.from("never asked for")),
      },
      { maxBlobBytes: 1_000, maxBlobFiles: 4 },
    );
    const reasons = texts.map((diff) => (diff.kind === "unavailable" ? diff.problem.cause : diff.kind));
    assert.deepEqual(reasons, ["binary", "large", "refused", "submodule", "many"]);
  });

  test("is not degraded by a failure that may pass", async () => {
    const routes: Routes = {
      ...diffs([entryAnswer(COLLAPSED)]),
      [fileRoute("a.txt")]: (_, response) => answer(response, 503, ""),
    };
    await assert.rejects(fetchDiff(routes), { code: "gitlab-unavailable", retryable: true });
  });

  test("gets the files beyond GitLab's limit from the patch", async () => {
    const patch = [
      patchOf("a.txt", "@@ -1 +1 @@\n-a\n+b\n"),
      patchOf("z.txt", "@@ -1 +1 @@\n-y\n+z\n"),
      "diff --git a/gone b/gone\ndeleted file mode 100644\nindex 1..0\n--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n",
    ].join("");
    const { diff } = await fetchDiff({
      ...diffs([entryAnswer()]),
      "GET /versions": (_, response) => answer(response, 200, [versionAnswer({ real_size: "1+" })]),
      "GET /raw_diffs": (_, response) => answer(response, 200, patch),
    });
    assert.deepEqual(
      diff.files.map(({ oldPath, newPath, change, oldMode, newMode }) => [
        oldPath,
        newPath,
        change,
        oldMode,
        newMode,
      ]),
      [
        ["a.txt", "a.txt", "modified", "100644", "100644"],
        ["z.txt", "z.txt", "modified", "100644", "100644"],
        ["gone", "gone", "deleted", "100644", "0"],
      ],
    );
  });

  test("that lacks files is refused, never passed off as whole", async () => {
    const routes: Routes = {
      ...diffs([entryAnswer()]),
      "GET /versions": (_, response) => answer(response, 200, [versionAnswer({ real_size: "5" })]),
    };
    await assert.rejects(fetchDiff(routes), { code: "gitlab-diff-incomplete", retryable: false });
  });

  test("is read anew when a push comes while its patch is fetched", async () => {
    const head = (id: number, letter: string) => versionAnswer({ id, head_commit_sha: letter.repeat(40) });
    const { diff, count } = await fetchDiff({
      ...diffs([entryAnswer({ diff: "", collapsed: true })]),
      "GET /versions": (_, response, number) =>
        answer(response, 200, [number === 1 ? head(1, "d") : head(2, "e")]),
      "GET /raw_diffs": (_, response) =>
        answer(response, 200, "diff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-a\n+b\n"),
    });
    assert.equal(diff.refs.headSha, "e".repeat(40));
    assert.deepEqual([count("GET /diffs"), count("GET /raw_diffs"), count("GET /versions")], [2, 2, 5]);
  });

  test("is read anew when a push comes between", async () => {
    const head = (id: number) => versionAnswer({ id, head_commit_sha: String(id).repeat(40) });
    const { diff, count } = await fetchDiff({
      ...diffs([entryAnswer()]),
      "GET /versions": (_, response) => answer(response, 200, [head(2)]),
    });
    assert.equal(diff.refs.headSha, "2".repeat(40));
    assert.deepEqual([count("GET /diffs"), count("GET /versions")], [2, 2]);
    const restless: Routes = {
      ...diffs([entryAnswer()]),
      "GET /versions": (_, response, number) => answer(response, 200, [head(number)]),
    };
    await assert.rejects(fetchDiff(restless), { code: "gitlab-diff-moved", retryable: true });
  });
});
