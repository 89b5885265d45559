import assert from "node:assert/strict";
import { test } from "node:test";
import { startGitLabWorld } from "./gitlab-world.ts";

const COUNT = 251;
const LAST = "src/z-last.js";

test("of more files than an old GitLab shows in a diff every one is reviewed, in few requests", async () => {
  // GitLab 17.5 with its limits at a fifth, so that the case takes seconds: three pages, the last of them past the limit.
  const limits = { safeFiles: 20, maxFiles: 200 };
  await using world = await startGitLabWorld({}, { gitlab: { version: "17.5.0", limits } });
  const { gitlab, model } = world;
  const paths = Array.from({ length: COUNT - 1 }, (_, at) => `src/f${String(at).padStart(4, "0")}.js`);
  const mergeRequest = await world.open([
    ...paths.map(
      (path, at) => ({ action: "write", path, content: `export const v${at} = ${at};\n` }) as const,
    ),
    { action: "write", path: LAST, content: "for (let i = 0; i <= list.length; i += 1) use(list[i]);\n" },
  ]);
  const [run] = await world.runs(mergeRequest);
  assert.equal(run?.state, "succeeded", JSON.stringify(run?.reason));
  const shown = JSON.stringify(model.calls());
  assert.deepEqual(
    [...paths, LAST].filter((path) => !shown.includes(path)),
    [],
  );
  const { threads } = await world.said(mergeRequest);
  assert.deepEqual(
    threads.map(({ place }) => place),
    [`${LAST}:+1`],
  );
  const asked = gitlab.requests.filter(({ path }) => !path.includes("/hooks"));
  assert.ok(asked.length < 60, String(asked.length));
  assert.deepEqual(gitlab.failures, []);
});
