import assert from "node:assert/strict";
import { test } from "node:test";
import { callAs, openProject, Row } from "./setup.ts";

test("tokens, scopes and roles", async (t) => {
  const { standIn, owner, project, bot, api, base, mergeRequest } = await openProject();
  t.after(() => standIn.close());
  const nobody = callAs(standIn, null);

  await t.test("nobody and an unknown token get 401 in GitLab's words", async () => {
    for (const call of [nobody, callAs(standIn, "glpat-unknown")]) {
      const reply = await call("GET", "user");
      assert.equal(reply.status, 401);
      assert.deepEqual(reply.body, { message: "401 Unauthorized" });
    }
  });

  await t.test("both headers name the caller", async () => {
    const own = Row.parse((await api("GET", "user")).body);
    assert.match(String(own["username"]), new RegExp(`^project_${project.id}_bot_[0-9a-f]+$`));
    assert.equal(own["bot"], true);
    const bearer = await fetch(`${standIn.url}/api/v4/user`, {
      headers: { authorization: `Bearer ${bot.token}` },
    });
    assert.equal(Row.parse(await bearer.json())["id"], bot.user.id);
  });

  await t.test("an expired and a revoked token say so", async () => {
    const soon = standIn.createPersonalToken(owner, { expiresAt: new Date(Date.now() + 60_000) });
    assert.equal((await callAs(standIn, soon)("GET", "user")).status, 200);
    standIn.expireToken(soon);
    const expired = await callAs(standIn, soon)("GET", "user");
    assert.equal(expired.status, 401);
    assert.deepEqual(expired.body, {
      error: "invalid_token",
      error_description: "Token is expired. You can either do re-authorization or token refresh.",
    });
    const other = standIn.createPersonalToken(owner);
    standIn.revokeToken(other);
    const revoked = await callAs(standIn, other)("GET", "user");
    assert.equal(revoked.status, 401);
    assert.equal(Row.parse(revoked.body)["error"], "invalid_token");
  });

  await t.test("a scope that does not suffice gets 403 insufficient_scope", async () => {
    const reader = callAs(standIn, standIn.createPersonalToken(owner, { scopes: ["read_api"] }));
    assert.equal((await reader("GET", base)).status, 200);
    const refused = await reader("POST", `${base}/notes`, { body: "no" });
    assert.equal(refused.status, 403);
    assert.equal(Row.parse(refused.body)["error"], "insufficient_scope");
    const named = callAs(standIn, standIn.createPersonalToken(owner, { scopes: ["read_user"] }));
    assert.equal((await named("GET", "user")).status, 200);
    assert.equal((await named("GET", base)).status, 403);
  });

  await t.test("what a token cannot see is not there", async () => {
    const stranger = callAs(
      standIn,
      standIn.createPersonalToken(standIn.createUser({ username: "stranger" })),
    );
    for (const call of [stranger, nobody]) {
      const reply = await call("GET", `projects/${project.id}`);
      assert.equal(reply.status, 404);
      assert.deepEqual(reply.body, { message: "404 Project Not Found" });
    }
    assert.equal((await api("GET", `projects/${encodeURIComponent("group/sub/project")}`)).status, 200);
    assert.equal((await api("GET", "projects/group/sub/project")).status, 404);
    assert.deepEqual((await api("GET", `projects/${project.id}/merge_requests/99`)).body, {
      message: "404 Not found",
    });
  });

  await t.test("roles decide what may be written", async () => {
    const asRole = (role: "guest" | "reporter" | "developer") =>
      callAs(standIn, standIn.createProjectToken(project, { role }).token);
    assert.equal((await asRole("guest")("GET", base)).status, 404);
    const reporter = asRole("reporter");
    assert.equal((await reporter("POST", `${base}/notes`, { body: "hello" })).status, 201);
    assert.equal((await reporter("PUT", base, { add_labels: "x" })).status, 403);
    const status = `projects/${project.id}/statuses/${mergeRequest.versions[0]?.head}`;
    assert.equal((await reporter("POST", status, { state: "success" })).status, 403);
    assert.equal((await api("POST", status, { state: "success" })).status, 201);
    assert.deepEqual((await api("GET", `projects/${project.id}/hooks`)).body, { message: "403 Forbidden" });
    const member = await api("GET", `projects/${project.id}/members/all/${bot.user.id}`);
    assert.equal(Row.parse(member.body)["access_level"], 30);
    assert.equal((await api("GET", `projects/${project.id}/members/all/9999`)).status, 404);
  });

  await t.test("an unknown path is 404, a known one with another method 405", async () => {
    assert.deepEqual((await api("GET", "nothing")).body, { error: "404 Not Found" });
    assert.equal((await api("GET", `${base}/changes`)).status, 404);
    assert.equal((await api("DELETE", "version")).status, 405);
  });

  await t.test("the request log holds users and statuses, and no token", async () => {
    standIn.clearRequests();
    await api("GET", `projects/${project.id}?private_token=secret-value`);
    const [logged] = standIn.requests;
    assert.equal(logged?.user, bot.user.username);
    assert.equal(logged?.status, 200);
    assert.doesNotMatch(JSON.stringify(standIn.requests), /secret-value|glpat-/);
  });
  assert.deepEqual(standIn.failures, []);
});

test("a general limit answers 429 in plain text and lifts with the clock", async (t) => {
  const { standIn, api } = await openProject({
    limits: { requestsPerMinute: 3 },
    now: () => 1_700_000_000_000,
  });
  t.after(() => standIn.close());
  const first = await api("GET", "version");
  assert.equal(first.headers.get("ratelimit-limit"), "3");
  assert.equal(first.headers.get("ratelimit-remaining"), "2");
  await api("GET", "version");
  await api("GET", "version");
  const refused = await api("GET", "version");
  assert.equal(refused.status, 429);
  assert.equal(refused.text, "Retry later\n");
  assert.ok(Number(refused.headers.get("retry-after")) > 0);
  standIn.advanceTime(60_000);
  assert.equal((await api("GET", "version")).status, 200);
});
