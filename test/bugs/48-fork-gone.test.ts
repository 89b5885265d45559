import assert from "node:assert/strict";
import { test } from "node:test";
import { startGitLabWorld } from "./gitlab-world.ts";

test("a merge request of a fork is reviewed, has its status, and is reviewed when the fork is gone", async () => {
  const flows = [{ name: "review", file: "builtin:review", publish: { status: true } }];
  await using world = await startGitLabWorld({}, { config: { flows } });
  const { gitlab, team } = world;
  const stranger = gitlab.createUser({ username: "stranger" });
  const fork = await gitlab.fork(team.project, stranger, "stranger/shop");
  const write = (name: string) =>
    gitlab.push(fork, {
      branch: "topic",
      user: stranger,
      actions: [
        {
          action: "write",
          path: `src/${name}.js`,
          content: "for (let i = 0; i <= list.length; i += 1) use(list[i]);\n",
        },
      ],
    });
  await write("one");
  const mergeRequest = await gitlab.openMergeRequest(team.project, {
    author: stranger,
    sourceProject: fork,
    sourceBranch: "topic",
  });
  const [run] = await world.runs(mergeRequest);
  assert.equal(run?.state, "succeeded", JSON.stringify(run?.reason));
  assert.equal((await world.said(mergeRequest)).threads.length, 1);
  // GitLab finds no branch with a fork's commit, only the reference that it keeps for the merge request itself.
  assert.deepEqual(
    gitlab.requests.filter(({ path }) => path.includes("/statuses/")).map(({ status }) => status),
    [201, 201],
  );
  mergeRequest.sourceProject = null;
  await gitlab.addNote(mergeRequest, team.owner, { body: `@${team.bot.username} review` });
  const all = await world.runs(mergeRequest, 3);
  assert.ok(
    all.every(({ state }) => state === "succeeded"),
    JSON.stringify(all.map(({ state, reason }) => [state, reason])),
  );
  const { summaries, threads } = await world.said(mergeRequest);
  assert.deepEqual([summaries.length, threads.length], [1, 1]);
  assert.deepEqual(gitlab.failures, []);
});
