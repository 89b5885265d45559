import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { z } from "zod";
import { signWebhook } from "../../../standins/gitlab/webhooks.ts";
import { startReceiver } from "./receiver.ts";
import { openProject, Row, Rows } from "./setup.ts";
import type { Call } from "./setup.ts";

const Payload = z.looseObject({
  object_kind: z.string(),
  object_attributes: z
    .looseObject({ action: z.string().optional(), oldrev: z.string().optional() })
    .optional(),
  changes: z.record(z.string(), z.looseObject({ previous: z.unknown(), current: z.unknown() })).optional(),
});

const KEY = Buffer.from("0123456789abcdef0123456789abcdef").toString("base64");
const ALL = { merge_requests_events: true, note_events: true, push_events: true, emoji_events: true };

const makeHook = async (admin: Call, project: number, url: string, fields: object = ALL) => {
  const reply = await admin("POST", `projects/${project}/hooks`, { url, ...fields });
  assert.equal(reply.status, 201, reply.text);
  return {
    path: `projects/${project}/hooks/${String(Row.parse(reply.body)["id"])}`,
    body: Row.parse(reply.body),
  };
};

test("events reach hooks with GitLab's headers and payloads", async (t) => {
  const set = await openProject();
  const { standIn, admin, api, project, dev, owner, mergeRequest, base, bot } = set;
  const receiver = await startReceiver();
  t.after(() => Promise.all([standIn.close(), receiver.close()]));
  await makeHook(admin, project.id, receiver.url, { ...ALL, token: "shared", signing_token: `whsec_${KEY}` });
  const next = async (): Promise<z.output<typeof Payload>[]> => {
    await standIn.settleHooks();
    return receiver.received.splice(0).map((delivery) => Payload.parse(JSON.parse(delivery.body)));
  };

  await t.test("a push sends new commits with oldrev, and a push event", async () => {
    const oldrev = mergeRequest.versions.at(-1)?.head;
    await standIn.push(project, {
      branch: "feature",
      user: dev,
      actions: [{ action: "write", path: "more.txt", content: "more\n" }],
    });
    await standIn.settleHooks();
    const events = receiver.received.map((one) => String(one.headers["x-gitlab-event"])).sort();
    assert.deepEqual(events, ["Merge Request Hook", "Push Hook"]);
    const delivery = receiver.received.find((one) => one.headers["x-gitlab-event"] === "Merge Request Hook");
    assert.ok(delivery !== undefined);
    const { headers, body } = delivery;
    assert.equal(headers["x-gitlab-token"], "shared");
    assert.equal(headers["x-gitlab-instance"], standIn.url);
    assert.equal(headers["user-agent"], "GitLab/19.1.0");
    assert.match(String(headers["x-gitlab-event-uuid"]), /^[0-9a-f-]{36}$/);
    assert.match(String(headers["x-gitlab-webhook-uuid"]), /^[0-9a-f-]{36}$/);
    assert.equal(headers["webhook-id"], headers["idempotency-key"]);
    const signed = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${body}`;
    const mac = createHmac("sha256", Buffer.from(KEY, "base64")).update(signed).digest("base64");
    assert.equal(headers["webhook-signature"], `v1,${mac}`);
    const [update] = (await next()).filter((one) => one.object_kind === "merge_request");
    assert.equal(update?.object_attributes?.action, "update");
    assert.equal(update.object_attributes.oldrev, oldrev);
  });

  await t.test("attributes send what changed, and nothing where nothing did", async () => {
    await standIn.updateMergeRequest(mergeRequest, owner, { title: "Draft: soon" });
    await standIn.updateMergeRequest(mergeRequest, owner, { title: "Draft: soon" });
    await standIn.updateMergeRequest(mergeRequest, owner, { title: "soon", reviewers: [bot.user] });
    const events = await next();
    assert.equal(events.length, 2);
    const [draft, ready] = events;
    assert.deepEqual(draft?.changes?.["draft"], { previous: false, current: true });
    assert.equal(draft.object_attributes?.oldrev, undefined);
    assert.deepEqual(ready?.changes?.["draft"], { previous: true, current: false });
    const reviewers = Rows.parse(ready.changes["reviewers"]?.current);
    assert.deepEqual(
      reviewers.map((one) => [one["id"], one["state"]]),
      [[bot.user.id, "unreviewed"]],
    );
  });

  await t.test("close, reopen, notes, changed notes, reactions and merge each have their event", async () => {
    await standIn.closeMergeRequest(mergeRequest, dev);
    await standIn.reopenMergeRequest(mergeRequest, dev);
    const note = await standIn.addNote(mergeRequest, dev, { body: "a question" });
    await api("PUT", `${base}/notes/${note?.note.id}`, { body: "not mine" });
    const own = Row.parse((await api("POST", `${base}/notes`, { body: "answer" })).body);
    await api("PUT", `${base}/notes/${String(own["id"])}`, { body: "better answer" });
    await api("POST", `${base}/notes/${String(own["id"])}/award_emoji`, { name: "eyes" });
    await standIn.mergeMergeRequest(mergeRequest, dev);
    const kinds = (await next()).map((one) =>
      `${one.object_kind} ${one.object_attributes?.action ?? ""}`.trim(),
    );
    assert.deepEqual(kinds.sort(), [
      "emoji award",
      "merge_request close",
      "merge_request merge",
      "merge_request reopen",
      "note create",
      "note create",
      "note update",
      "push",
    ]);
  });
  assert.deepEqual(standIn.failures, []);
});

test("hooks are made by Maintainers, checked, tested and listed", async (t) => {
  // The clock stands still, so that the limit's minute does not end in the middle.
  const { standIn, admin, api, project, dev, mergeRequest } = await openProject({
    now: () => 1_800_000_000_000,
  });
  const receiver = await startReceiver();
  t.after(() => Promise.all([standIn.close(), receiver.close()]));
  const hooks = `projects/${project.id}/hooks`;

  assert.equal((await api("POST", hooks, { url: receiver.url })).status, 403);
  assert.deepEqual((await admin("POST", hooks, {})).body, { error: "url is missing" });
  for (const url of ["ftp://x", "no address"]) {
    const reply = await admin("POST", hooks, { url });
    assert.deepEqual([reply.status, reply.body], [422, { error: "Invalid url given" }]);
  }
  assert.equal(
    (await admin("POST", hooks, { url: receiver.url, signing_token: "whsec_c2hvcnQ=" })).status,
    422,
  );

  const hook = await makeHook(admin, project.id, receiver.url, {
    note_events: true,
    push_events: false,
    token: "t",
    signing_token: `whsec_${KEY}`,
  });
  assert.deepEqual(
    [hook.body["token_present"], hook.body["signing_token_present"], hook.body["alert_status"]],
    [true, true, "executable"],
  );
  assert.ok(!("token" in hook.body) && !("signing_token" in hook.body));

  assert.equal((await admin("POST", `${hook.path}/test/note_events`)).status, 422, "there is no note yet");
  assert.equal((await admin("POST", `${hook.path}/test/merge_requests_events`)).status, 201);
  assert.equal((await admin("POST", `${hook.path}/test/nothing`)).status, 400);
  await standIn.closeMergeRequest(mergeRequest, dev);
  await standIn.settleHooks();
  assert.equal(receiver.received.length, 1, "only what the hook asked for is sent");

  const updated = Row.parse((await admin("PUT", hook.path, { merge_requests_events: true })).body);
  assert.equal(updated["merge_requests_events"], true);
  await standIn.reopenMergeRequest(mergeRequest, dev);
  await standIn.settleHooks();
  assert.equal(receiver.received.length, 2);
  assert.equal((await admin("GET", `${hook.path}/events?per_page=21`)).status, 400);
  const logged = Rows.parse((await admin("GET", `${hook.path}/events?per_page=20`)).body);
  assert.deepEqual(
    logged.map((one) => [one["trigger"], one["response_status"]]),
    [
      ["merge_request_hooks", "200"],
      ["merge_request_hooks", "200"],
    ],
  );
  assert.equal(Row.parse(logged[0]?.["request_headers"])["X-Gitlab-Token"], "[REDACTED]");

  const sent = receiver.received.at(-1);
  for (let count = 0; count < 5; count += 1) {
    const again = await admin("POST", `${hook.path}/events/${String(logged[0]?.["id"])}/resend`);
    assert.deepEqual([again.status, again.body], [201, { response_status: 200 }]);
  }
  assert.equal((await admin("POST", `${hook.path}/events/${String(logged[0]?.["id"])}/resend`)).status, 429);
  const resent = receiver.received.at(-1);
  assert.equal(resent?.headers["idempotency-key"], sent?.headers["idempotency-key"]);
  assert.equal(resent?.body, sent?.body);

  receiver.setAnswer((response) => void response.writeHead(401).end("no"));
  const refused = await admin("POST", `${hook.path}/test/push_events`);
  assert.deepEqual([refused.status, refused.body], [422, { message: "no" }]);

  assert.equal((await admin("DELETE", hook.path)).status, 204);
  assert.equal((await admin("GET", hook.path)).status, 404);
  assert.deepEqual(standIn.failures, []);
});

test("signatures agree with GitLab's", () => {
  const key = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
  const id = "f5e5f430-f57b-4e6e-9fac-d9128cd7232f";
  const made = signWebhook(key, id, "1790000000", '{"object_kind":"merge_request"}');
  assert.equal(made, "v1,u5lSjzcSF+faYPVaS5syIqSGn7bwAjk/NK0TBBkowVM=");
});

test("from 19.3 a submitted review also sends an update with the reviewer's state", async (t) => {
  for (const [version, expected] of [
    ["19.3.0", ["note create", "merge_request update"]],
    ["19.2.0", ["note create"]],
  ] as const) {
    const { standIn, admin, api, base, project, mergeRequest, owner, bot } = await openProject({ version });
    const receiver = await startReceiver();
    t.after(() => Promise.all([standIn.close(), receiver.close()]));
    await standIn.updateMergeRequest(mergeRequest, owner, { reviewers: [bot.user] });
    await makeHook(admin, project.id, receiver.url);
    await api("POST", `${base}/draft_notes`, { note: "a remark" });
    assert.equal((await api("POST", `${base}/draft_notes/bulk_publish`)).status, 204);
    await standIn.settleHooks();
    const payloads = receiver.received.map((one) => Payload.parse(JSON.parse(one.body)));
    const kinds = payloads.map((one) => `${one.object_kind} ${one.object_attributes?.action ?? ""}`);
    assert.deepEqual(kinds.sort(), [...expected].sort(), version);
    const update = payloads.find((one) => one.object_kind === "merge_request");
    if (update === undefined) continue;
    const states = (value: unknown) => Rows.parse(value).map((one) => one["state"]);
    assert.deepEqual(states(update.changes?.["reviewers"]?.previous), ["unreviewed"]);
    assert.deepEqual(states(update.changes?.["reviewers"]?.current), ["reviewed"]);
  }
});

test("before 19.0 a signing token is ignored in silence", async (t) => {
  const { standIn, admin, project, dev, mergeRequest } = await openProject({ version: "18.9.0" });
  const receiver = await startReceiver();
  t.after(() => Promise.all([standIn.close(), receiver.close()]));
  const hook = await makeHook(admin, project.id, receiver.url, { ...ALL, signing_token: `whsec_${KEY}` });
  assert.equal("signing_token_present" in hook.body, false);
  await standIn.closeMergeRequest(mergeRequest, dev);
  await standIn.settleHooks();
  assert.equal(receiver.received[0]?.headers["webhook-signature"], undefined);
});

test("failures are never sent again, pause the hook from the fourth on and stop it at the fortieth", async (t) => {
  let now = 1_800_000_000_000;
  const { standIn, admin, project, dev, mergeRequest } = await openProject({
    hookTimeoutMs: 200,
    now: () => now,
  });
  const receiver = await startReceiver();
  t.after(() => Promise.all([standIn.close(), receiver.close()]));
  const hook = await makeHook(admin, project.id, receiver.url, { note_events: true });
  const send = async (): Promise<number> => {
    const before = receiver.received.length;
    await standIn.addNote(mergeRequest, dev, { body: "ping" });
    await standIn.settleHooks();
    return receiver.received.length - before;
  };
  const state = async () => {
    const body = Row.parse((await admin("GET", hook.path)).body);
    const until = z.iso.datetime().nullable().parse(body["disabled_until"]);
    return [body["alert_status"], until === null ? null : (Date.parse(until) - now) / 60_000];
  };
  const answer = (status: number) => receiver.setAnswer((response) => void response.writeHead(status).end());

  answer(500);
  assert.equal(await send(), 1, "one attempt, no retry");
  receiver.setAnswer((response) => response.destroy());
  assert.equal(await send(), 1);
  receiver.setAnswer(() => {});
  assert.equal(await send(), 1);
  const [timedOut, reset, failed] = Rows.parse((await admin("GET", `${hook.path}/events`)).body);
  assert.deepEqual(
    [failed?.["response_status"], reset?.["response_status"], timedOut?.["response_status"]],
    ["500", "internal error", "internal error"],
  );
  assert.deepEqual(await state(), ["executable", null]);

  answer(302);
  await send();
  answer(404);
  for (let count = 0; count < 4; count += 1)
    assert.equal(await send(), 1, "a 3xx counted as a success and reset the count");
  assert.deepEqual(await state(), ["temporarily_disabled", 1]);
  assert.equal(await send(), 0, "a disabled hook gets nothing, and nothing is kept for it");

  for (const minutes of [2, 4, 8]) {
    now += 24 * 3_600_000 + 1;
    assert.equal(await send(), 1);
    assert.deepEqual(await state(), ["temporarily_disabled", minutes]);
  }
  now += 24 * 3_600_000 + 1;
  answer(200);
  await send();
  assert.deepEqual(await state(), ["executable", null]);

  answer(500);
  for (let count = 0; count < 40; count += 1) {
    now += 24 * 3_600_000 + 1;
    assert.equal(await send(), 1);
  }
  assert.equal((await state())[0], "disabled");
  now += 400 * 24 * 3_600_000;
  assert.equal(await send(), 0);
  assert.deepEqual(standIn.failures, []);
});
