import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createClassicApp } from "../../standins/dify/flow-program.ts";
import { startDifyStandIn } from "../../standins/dify/dify-stand-in.ts";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import { noteApp } from "../e2e/review-apps.ts";
import { SECRET, startForTeam } from "../e2e/start.ts";
import { addHook, createTeam, eventually } from "../e2e/team.ts";
import { type GitLabWorld, startGitLabWorld } from "./gitlab-world.ts";

const PAST_THE_END = "for (let i = 0; i <= list.length; i += 1) use(list[i]);\n";

/** What GitLab's "Create merge request" on an issue opens: a branch that holds no commit of its own. */
const openEmpty = async ({ gitlab, team: { project, author } }: Pick<GitLabWorld, "gitlab" | "team">) => {
  const main = await project.repository.resolve("refs/heads/main");
  await project.repository.setBranch("12-an-issue", main);
  return gitlab.openMergeRequest(project, {
    author,
    sourceBranch: "12-an-issue",
    title: 'Draft: Resolve "An issue"',
  });
};

suite("a merge request without changes", () => {
  test("costs no call and no note, says why, and is reviewed once something is pushed", async () => {
    await using world = await startGitLabWorld();
    const { gitlab, model } = world;
    const mergeRequest = await openEmpty(world);
    const [run] = await world.runs(mergeRequest);
    assert.deepEqual([run?.state, run?.reason?.code], ["cancelled", "no-changes"]);
    assert.equal(model.chatCount(), 0);
    assert.deepEqual(await world.said(mergeRequest), { summaries: [], threads: [] });
    assert.deepEqual((await gitlab.viewMergeRequest(mergeRequest)).reactions, []);
    await world.push(mergeRequest, [{ action: "write", path: "src/a.js", content: PAST_THE_END }]);
    const [, second] = await world.runs(mergeRequest, 2);
    assert.equal(second?.state, "succeeded", JSON.stringify(second?.reason));
    assert.equal((await world.said(mergeRequest)).threads.length, 1);
  });

  test("is one whose commits take each other back, too", async () => {
    await using world = await startGitLabWorld({ "src/a.js": "a\n" });
    const { gitlab, team } = world;
    const write = (content: string) =>
      gitlab.push(team.project, {
        branch: "back-and-forth",
        user: team.author,
        actions: [{ action: "write", path: "src/a.js", content }],
      });
    await write("b\n");
    await write("a\n");
    const mergeRequest = await gitlab.openMergeRequest(team.project, {
      author: team.author,
      sourceBranch: "back-and-forth",
    });
    const [run] = await world.runs(mergeRequest);
    assert.deepEqual([run?.state, run?.reason?.code], ["cancelled", "no-changes"]);
    assert.equal(world.model.chatCount(), 0);
    assert.deepEqual(await world.said(mergeRequest), { summaries: [], threads: [] });
  });

  test("that had some before gets its threads resolved, and no call either", async () => {
    await using world = await startGitLabWorld();
    const mergeRequest = await world.open([{ action: "write", path: "src/a.js", content: PAST_THE_END }]);
    await world.runs(mergeRequest);
    const calls = world.model.chatCount();
    await world.push(mergeRequest, [{ action: "delete", path: "src/a.js" }]);
    const [, second] = await world.runs(mergeRequest, 2);
    assert.equal(second?.state, "succeeded", JSON.stringify(second?.reason));
    assert.equal(world.model.chatCount(), calls);
    const { summaries, threads } = await world.said(mergeRequest);
    assert.deepEqual([summaries.length, threads.map(({ resolved }) => resolved)], [1, [true]]);
  });

  for (const contract of ["classic", "note"] as const)
    test(`runs no ${contract} flow on Dify`, async () => {
      await using gitlab = await startGitLabStandIn();
      const app = contract === "note" ? noteApp() : await createClassicApp("app-classic");
      await using dify = await startDifyStandIn({ apps: [app] });
      const team = await createTeam(gitlab);
      await using reviewflow = await startForTeam(team, dify, {
        DIFY_API_KEY: app.key,
        REVIEWFLOW_CONTRACT: contract,
      });
      await addHook(team, { url: `${reviewflow.url}/webhooks/gitlab`, token: SECRET });
      const mergeRequest = await openEmpty({ gitlab, team });
      const run = await eventually("the run to end", async () =>
        (await reviewflow.store.listRuns({ limit: 5 })).find(({ finishedAtMs }) => finishedAtMs !== null),
      );
      assert.deepEqual([run.state, run.reason?.code], ["cancelled", "no-changes"]);
      assert.deepEqual(dify.runs(), []);
      assert.deepEqual(await team.allBotNotes(mergeRequest), []);
    });
});
