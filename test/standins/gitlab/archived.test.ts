import assert from "node:assert/strict";
import { test } from "node:test";
import { openProject, Rows } from "./setup.ts";

test("lists hold archived projects unless they are filtered out", async (t) => {
  const { standIn, owner, admin } = await openProject();
  t.after(() => standIn.close());
  const old = await standIn.createProject({ path: "group/old", owner });
  old.archived = true;
  const paths = async (query: string): Promise<readonly unknown[]> =>
    Rows.parse((await admin("GET", `groups/group/projects?include_subgroups=true${query}`)).body).map(
      (one) => one["path_with_namespace"],
    );
  assert.deepEqual(await paths(""), ["group/sub/project", "group/old"]);
  assert.deepEqual(await paths("&archived=false"), ["group/sub/project"]);
  assert.deepEqual(await paths("&archived=true"), ["group/old"]);
  assert.equal((await admin("GET", "groups/group/projects?archived=perhaps")).status, 400);
});
