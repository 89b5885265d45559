import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Secret } from "../../src/base/secret.ts";
import { parseDelivery } from "../../src/gitlab/parse-delivery.ts";
import type { Headers } from "../../src/gitlab/verification.ts";
import { verifyDelivery } from "../../src/gitlab/verify.ts";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import { answer, startTinyGitLab } from "./tiny-gitlab.ts";

const SIGNING_TOKEN = `whsec_${Buffer.alloc(32, 9).toString("base64")}`;

/** The deliveries that a hook with the given secrets sends while a merge request is opened and talked about. */
const collect = async (hook: object) => {
  await using receiver = await startTinyGitLab((_, response) => answer(response, 200, {}));
  await using standIn = await startGitLabStandIn();
  const ada = standIn.createUser({ username: "ada" });
  const bob = standIn.createUser({ username: "bob" });
  const project = await standIn.createProject({ path: "group/project", owner: ada, files: { a: "a\n" } });
  standIn.addMember(project, bob, "developer");
  const created = await fetch(`${standIn.url}/api/v4/projects/${project.id}/hooks`, {
    method: "POST",
    headers: { "private-token": standIn.createPersonalToken(ada), "content-type": "application/json" },
    body: JSON.stringify({
      url: `${receiver.url}/hook`,
      push_events: false,
      merge_requests_events: true,
      note_events: true,
      ...hook,
    }),
  });
  assert.equal(created.status, 201, await created.text());
  const push = (content: string) =>
    standIn.push(project, {
      branch: "feature",
      user: ada,
      actions: [{ action: "write", path: "a", content }],
    });
  const first = await push("b\n");
  const mergeRequest = await standIn.openMergeRequest(project, {
    author: ada,
    sourceBranch: "feature",
    title: "Draft: Title",
    labels: ["bug"],
    reviewers: [bob],
  });
  await standIn.settleHooks();
  const second = await push("c\n");
  await standIn.settleHooks();
  await standIn.updateMergeRequest(mergeRequest, ada, { title: "Title" });
  await standIn.settleHooks();
  await standIn.addNote(mergeRequest, bob, { body: "Why?" });
  await standIn.settleHooks();
  const deliveries = receiver.seen.map(({ headers, body }) => ({
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
    body: Buffer.from(body),
  }));
  return { deliveries, first, second, ada, bob };
};

const verify = (delivery: { readonly headers: Headers; readonly body: Buffer }, signed: boolean) =>
  verifyDelivery(delivery.headers, delivery.body, Date.now(), {
    secrets: [{ secret: new Secret("hook-secret"), projects: null }],
    signingTokens: signed ? [{ secret: new Secret(SIGNING_TOKEN), projects: ["group/*"] }] : [],
    tokenPassThrough: false,
  });

describe("the deliveries of a whole GitLab", () => {
  test("are verified by token and by signature", async () => {
    const plain = await collect({ token: "hook-secret" });
    assert.ok(plain.deliveries.length >= 4);
    for (const delivery of plain.deliveries)
      assert.deepEqual(verify(delivery, true), { kind: "verified", by: "token", projects: null });
    const both = await collect({ token: "hook-secret", signing_token: SIGNING_TOKEN });
    for (const delivery of both.deliveries) {
      assert.deepEqual(verify(delivery, true), { kind: "verified", by: "signature", projects: ["group/*"] });
      const unconfigured = verify(delivery, false);
      assert.equal(unconfigured.kind === "refused" && unconfigured.code, "signing-token-not-configured");
    }
  });

  test("are read as events", async () => {
    const { deliveries, first, second, ada, bob } = await collect({ token: "hook-secret" });
    const events = deliveries.map(({ headers, body }) => {
      const reading = parseDelivery(body, headers["x-gitlab-event"]);
      assert.ok(reading.kind === "event", JSON.stringify(reading));
      return reading.event;
    });
    const opened = events[0];
    assert.ok(opened?.kind === "merge_request");
    assert.deepEqual(
      [opened.action, opened.state, opened.draft, opened.headSha, opened.oldRev, opened.labels],
      ["open", "opened", true, first, null, ["bug"]],
    );
    assert.deepEqual([opened.user, opened.project.path], [{ id: ada.id, username: "ada" }, "group/project"]);
    assert.deepEqual(opened.reviewersAdded, [bob.id]);
    const pushed = events.find((event) => event.kind === "merge_request" && event.oldRev !== null);
    assert.ok(pushed?.kind === "merge_request");
    assert.deepEqual([pushed.action, pushed.headSha, pushed.oldRev], ["update", second, first]);
    assert.equal(events.filter((event) => event.kind === "merge_request" && event.becameReady).length, 1);
    const note = events.at(-1);
    assert.ok(note?.kind === "note");
    assert.deepEqual([note.text, note.iid, note.user.username], ["Why?", opened.iid, "bob"]);
  });
});
