import assert from "node:assert/strict";
import { test } from "node:test";
import { failureOf, setUpClient } from "./client-setup.ts";
import { answer } from "./tiny-gitlab.ts";

const limits = (limit: string, remaining: string) => ({
  "ratelimit-limit": limit,
  "ratelimit-remaining": remaining,
});

test("every answer tells what is left of the rate limit, refusals too", async () => {
  await using gitlab = await setUpClient(
    (_, response, number) =>
      number === 1
        ? answer(response, 429, {}, { ...limits("600", "0"), "retry-after": "1" })
        : answer(response, 200, { id: 1 }, limits("600", "599")),
    { maxAttempts: 2 },
  );
  await gitlab.getUser();
  assert.deepEqual(
    gitlab.calls.map(({ status, quota }) => ({ status, quota })),
    [
      { status: 429, quota: { limit: 600, remaining: 0 } },
      { status: 200, quota: { limit: 600, remaining: 599 } },
    ],
  );
});

test("a server without limits, nonsense in the headers and no answer at all tell nothing", async () => {
  await using gitlab = await setUpClient(
    (_, response, number) => {
      if (number === 3) response.destroy();
      else answer(response, 200, { id: 1 }, number === 1 ? {} : limits("-1", "many"));
    },
    { maxAttempts: 1 },
  );
  await gitlab.getUser();
  await gitlab.getUser();
  assert.equal((await failureOf(gitlab.getUser())).code, "gitlab-unreachable");
  assert.deepEqual(
    gitlab.calls.map(({ quota }) => quota),
    [null, null, null],
  );
});
