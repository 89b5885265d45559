import assert from "node:assert/strict";
import { test } from "node:test";
import { startGitLabWorld } from "./gitlab-world.ts";

test("a GitLab under a path is asked below that path, over pages of a list too", async () => {
  const limits = { safeFiles: 20 };
  await using world = await startGitLabWorld({}, { gitlab: { relativeRoot: "/dev/git", limits } });
  const { gitlab, team } = world;
  assert.match(gitlab.url, /\/dev\/git$/);
  const mergeRequest = await world.open([
    ...Array.from({ length: 120 }, (_, at) => ({
      action: "write" as const,
      path: `src/f${at}.js`,
      content: `export const v${at} = ${at};\n`,
    })),
    {
      action: "write",
      path: "src/z.js",
      content: "for (let i = 0; i <= list.length; i += 1) use(list[i]);\n",
    },
  ]);
  const [run] = await world.runs(mergeRequest);
  assert.equal(run?.state, "succeeded", JSON.stringify(run?.reason));
  assert.equal(run.projectPath, team.project.path);
  const { summaries, threads } = await world.said(mergeRequest);
  assert.equal(summaries.length, 1);
  assert.deepEqual(
    threads.map(({ place }) => place),
    ["src/z.js:+1"],
  );
  assert.deepEqual(gitlab.failures, []);
});
