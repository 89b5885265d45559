import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { startGitLabWorld } from "./gitlab-world.ts";

const CONFIG = {
  flows: [
    {
      name: "review",
      file: "builtin:review",
      triggers: { opened: true, new_commits: true, ready: true, drafts: "never" },
    },
  ],
};

const CHANGE = [{ action: "write", path: "src/a.js", content: "export const a = 1;\n" }] as const;

suite("a draft, and that it is ready, are seen in the events of", () => {
  for (const version of ["15.11.13", "16.11.10", "17.11.7", "18.9.0", "19.3.0"])
    test(`GitLab ${version}`, async () => {
      await using world = await startGitLabWorld({}, { gitlab: { version }, config: CONFIG });
      const { gitlab, store, team, model } = world;
      const reasons = async () =>
        (await store.listDeliveries({ limit: 10 })).map(({ reason }) =>
          reason.code === "triggered" ? reason.params.trigger : reason.code,
        );
      const mergeRequest = await world.open(CHANGE, { title: "Draft: Add a" });
      await gitlab.settleHooks();
      assert.deepEqual(await reasons(), ["draft"]);
      await gitlab.updateMergeRequest(mergeRequest, team.author, { title: "[Draft] Add a" });
      await gitlab.settleHooks();
      assert.deepEqual(await reasons(), ["nothing-to-review", "draft"]);
      await gitlab.updateMergeRequest(mergeRequest, team.author, { title: "Add a" });
      const [run] = await world.runs(mergeRequest);
      assert.deepEqual([run?.state, run?.trigger], ["succeeded", "ready"], JSON.stringify(run?.reason));
      assert.ok(model.chatCount() > 0);
    });
});
