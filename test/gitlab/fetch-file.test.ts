import assert from "node:assert/strict";
import { test } from "node:test";
import { REF, setUpForge } from "./forge-setup.ts";
import { answer } from "./tiny-gitlab.ts";

const FILE = { path: "src/a.ts", sha: "d".repeat(40) };
const ROUTE = "GET /api/v4/projects/7/repository/files/src%2Fa.ts/raw";

test("a file that is larger than the limit is not read to its end", async () => {
  await using gitlab = await setUpForge(
    { [ROUTE]: (_, response) => answer(response, 200, "x".repeat(2_000)) },
    { maxBlobBytes: 1_000 },
  );
  assert.deepEqual(await gitlab.forge.fetchFile(REF, FILE), { kind: "too-large" });
});

test("a file that cannot be had now is a failure, not a missing file", async () => {
  for (const [status, code] of [
    [500, "gitlab-unavailable"],
    [401, "gitlab-unauthorized"],
    [403, "gitlab-forbidden"],
  ] as const) {
    await using gitlab = await setUpForge({ [ROUTE]: (_, response) => answer(response, status, {}) });
    await assert.rejects(gitlab.forge.fetchFile(REF, FILE), { code });
  }
});

test("a branch is protected where GitLab says so of that very branch; a name that is refused is not", async () => {
  const branch = { name: "v1", protected: true, default: false };
  const cases: readonly (readonly [number, object, boolean])[] = [
    [200, branch, true],
    [200, { ...branch, protected: false, default: true }, true],
    [200, { ...branch, protected: false }, false],
    [200, { ...branch, name: "main", default: true }, false],
    [400, {}, false],
    [404, {}, false],
    [414, {}, false],
  ];
  for (const [status, body, expected] of cases) {
    const route = "GET /api/v4/projects/7/repository/branches/v1";
    await using gitlab = await setUpForge({ [route]: (_, response) => answer(response, status, body) });
    assert.equal(await gitlab.forge.isProtectedBranch(REF, "v1"), expected, `${status}`);
  }
});
