import assert from "node:assert/strict";
import { test } from "node:test";
import { callAs, FILE, openProject, Row, Rows } from "./setup.ts";

test("files, trees, comparisons and statuses", async (t) => {
  const { standIn, api, project, refs, dev, mergeRequest } = await openProject();
  t.after(() => standIn.close());
  const base = `projects/${project.id}/repository`;
  const file = (path: string) => `${base}/files/${encodeURIComponent(path)}`;

  await t.test("a file raw and with its facts", async () => {
    const raw = await api("GET", `${file("dir/new näme.txt")}/raw?ref=${refs.head_sha}`);
    assert.equal(raw.status, 200);
    assert.equal(raw.text.split("\n")[4], "five");
    const info = Row.parse((await api("GET", `${file("a.txt")}?ref=main`)).body);
    assert.equal(Buffer.from(String(info["content"]), "base64").toString(), `${FILE.join("\n")}\n`);
    assert.equal(info["commit_id"], refs.base_sha);
  });

  await t.test("binary content is not changed", async () => {
    const url = `${standIn.url}/api/v4/${file("image.png")}/raw?ref=feature`;
    const token = standIn.createPersonalToken(dev);
    const response = await fetch(url, { headers: { "PRIVATE-TOKEN": token } });
    assert.deepEqual([...new Uint8Array(await response.arrayBuffer())], [0x89, 0x50, 0, 1, 2, 3]);
  });

  await t.test("what is not there has GitLab's words", async () => {
    assert.deepEqual((await api("GET", `${file("none")}/raw?ref=main`)).body, {
      message: "404 File Not Found",
    });
    assert.deepEqual((await api("GET", `${file("a.txt")}/raw?ref=none`)).body, {
      message: "404 Commit Not Found",
    });
    assert.deepEqual((await api("GET", file("a.txt"))).body, { error: "ref is missing" });
    assert.equal((await api("GET", `${base}/files/dir/new%20n%C3%A4me.txt/raw?ref=feature`)).status, 404);
    assert.equal((await api("GET", `${base}/commits/${"0".repeat(40)}`)).status, 404);
  });

  await t.test("a tree by folder and whole", async () => {
    const root = Rows.parse((await api("GET", `${base}/tree?ref=feature`)).body);
    assert.deepEqual(root.map((item) => item["type"]).filter((type) => type === "tree").length, 1);
    const all = Rows.parse((await api("GET", `${base}/tree?ref=feature&recursive=true&path=dir`)).body);
    assert.deepEqual(
      all.map((item) => item["path"]),
      ["dir/new näme.txt"],
    );
  });

  await t.test("a comparison is from the merge base, or straight", async () => {
    const moved = await standIn.push(project, {
      branch: "main",
      user: dev,
      actions: [{ action: "write", path: "later.txt", content: "later\n" }],
    });
    const paths = async (query: string) => {
      const body = Row.parse((await api("GET", `${base}/compare?${query}`)).body);
      return Rows.parse(body["diffs"]).map((entry) => entry["new_path"]);
    };
    assert.ok(!(await paths("from=main&to=feature")).includes("later.txt"));
    assert.ok((await paths("from=main&to=feature&straight=true")).includes("later.txt"));
    const commit = Row.parse((await api("GET", `${base}/commits/${moved}`)).body);
    assert.deepEqual(commit["parent_ids"], [refs.base_sha]);
    assert.equal(mergeRequest.versions.length, 1, "the target's push makes no new version");
  });

  await t.test(
    "a status moves on, refuses the state it has, and starts anew once it is finished",
    async () => {
      const path = `projects/${project.id}/statuses/${refs.head_sha}`;
      const set = (state: string) => api("POST", path, { state, name: "review", description: state });
      const running = Row.parse((await set("running")).body);
      const again = await set("running");
      assert.equal(again.status, 400);
      assert.match(
        String(Row.parse(again.body)["message"]),
        /^Cannot transition status via :run from :running/,
      );
      assert.equal(Row.parse((await set("success")).body)["id"], running["id"]);
      assert.notEqual(Row.parse((await set("running")).body)["id"], running["id"]);
      assert.equal((await set("great")).status, 400);
      assert.deepEqual((await api("POST", path, {})).body, { error: "state is missing" });
      const list = `${base}/commits/${refs.head_sha}/statuses`;
      const listed = async (query: string) => Rows.parse((await api("GET", `${list}${query}`)).body);
      assert.equal((await listed("?all=true")).length, 2);
      assert.deepEqual(
        (await listed("?ref=feature")).map((row) => row["status"]),
        ["running"],
      );
      assert.deepEqual(await listed("?ref=main"), []);
    },
  );

  await t.test("merge requests are listed by state, target and time", async () => {
    const list = async (query: string) =>
      Rows.parse((await api("GET", `projects/${project.id}/merge_requests?${query}`)).body);
    assert.equal(
      (await list("state=opened&target_branch=main"))[0]?.["web_url"],
      `${standIn.url}/group/sub/project/-/merge_requests/1`,
    );
    assert.equal((await list("state=closed")).length, 0);
    assert.equal((await list("target_branch=other")).length, 0);
    assert.equal((await list(`updated_after=${new Date(Date.now() + 60_000).toISOString()}`)).length, 0);
    assert.equal((await list("updated_after=2020-01-01T00:00:00Z&order_by=updated_at&sort=asc")).length, 1);
    assert.equal((await api("GET", `projects/${project.id}/merge_requests?state=open`)).status, 400);
  });

  await t.test("a merged branch is in its target", async () => {
    assert.equal(await standIn.mergeMergeRequest(mergeRequest, dev), true);
    assert.equal(mergeRequest.state, "merged");
    const reader = callAs(standIn, standIn.createPersonalToken(dev));
    assert.equal((await reader("GET", `${file("new.txt")}/raw?ref=main`)).text, "first\nsecond\n");
  });
  assert.deepEqual(standIn.failures, []);
});
