import assert from "node:assert/strict";
import { test } from "node:test";
import { startGitLabWorld } from "./gitlab-world.ts";

test("260 notes of others before the next push leave one summary and one thread", async () => {
  await using world = await startGitLabWorld({}, { gitlab: { limits: { notesPerMinute: null } } });
  const { gitlab, team } = world;
  const mergeRequest = await world.open([
    {
      action: "write",
      path: "src/a.js",
      content: "for (let i = 0; i <= list.length; i += 1) use(list[i]);\n",
    },
  ]);
  await world.runs(mergeRequest);
  for (let count = 1; count <= 260; count += 1)
    await gitlab.addNote(mergeRequest, team.author, { body: `Remark ${count}` });
  await world.push(mergeRequest, [{ action: "write", path: "src/b.js", content: "export const b = 1;\n" }]);
  const runs = await world.runs(mergeRequest, 2);
  assert.deepEqual(
    runs.map(({ state }) => state),
    ["succeeded", "succeeded"],
  );
  const { summaries, threads } = await world.said(mergeRequest);
  assert.deepEqual([summaries.length, threads.length], [1, 1]);
  assert.deepEqual(gitlab.failures, []);
});
