import assert from "node:assert/strict";
import { test } from "node:test";
import { callAs, Discussion, openProject, Row, Rows } from "./setup.ts";

test("notes, discussions and drafts", async (t) => {
  const { standIn, api, admin, base, refs, mergeRequest, project, dev, bot } = await openProject();
  t.after(() => standIn.close());
  const reporterToken = standIn.createProjectToken(project, { role: "reporter" }).token;
  const reporter = callAs(standIn, reporterToken);
  const line = { ...refs, position_type: "text", old_path: "a.txt", new_path: "a.txt", new_line: 10 };

  await t.test("a note is created, listed newest first, changed and deleted", async () => {
    const created = await api("POST", `${base}/notes`, { body: "one" });
    assert.equal(created.status, 201);
    const id = String(Row.parse(created.body)["id"]);
    await api("POST", `${base}/notes`, { body: "two" });
    const bodies = async (query: string) =>
      Rows.parse((await api("GET", `${base}/notes?${query}`)).body).map((note) => note["body"]);
    assert.deepEqual(await bodies("activity_filter=only_comments"), ["two", "one"]);
    assert.deepEqual(await bodies("sort=asc&per_page=1&page=2"), ["two"]);
    assert.equal(
      Row.parse((await api("PUT", `${base}/notes/${id}`, { body: "changed" })).body)["body"],
      "changed",
    );
    assert.equal((await reporter("PUT", `${base}/notes/${id}`, { body: "mine" })).status, 403);
    assert.equal((await admin("PUT", `${base}/notes/${id}`, { body: "a Maintainer may" })).status, 200);
    assert.equal((await api("DELETE", `${base}/notes/${id}`)).status, 204);
    assert.equal((await api("GET", `${base}/notes/${id}`)).status, 404);
  });

  await t.test("a blank or missing text is refused", async () => {
    assert.deepEqual((await api("POST", `${base}/notes`, {})).body, { error: "body is missing" });
    assert.deepEqual((await api("POST", `${base}/notes`, { body: " \n" })).body, {
      message: `400 Bad request - Note {:note=>["can't be blank"]}`,
    });
    const long = await api("POST", `${base}/notes`, { body: "x".repeat(1_000_001) });
    assert.match(long.text, /is too long \(maximum is 1000000 characters\)/);
  });

  await t.test("forms and queries are read like JSON", async () => {
    const form = new URLSearchParams({ body: "by form", "position[new_line]": "10" });
    for (const [name, value] of Object.entries({
      ...refs,
      position_type: "text",
      old_path: "a.txt",
      new_path: "a.txt",
    })) {
      form.set(`position[${name}]`, value);
    }
    const token = standIn.createPersonalToken(dev);
    const sent = await fetch(`${standIn.url}/api/v4/${base}/discussions`, {
      method: "POST",
      headers: { "PRIVATE-TOKEN": token },
      body: form,
    });
    assert.equal(sent.status, 201);
    assert.equal((await api("POST", `${base}/notes?body=by+query`)).status, 201);
    const broken = await fetch(`${standIn.url}/api/v4/${base}/notes`, {
      method: "POST",
      headers: { "PRIVATE-TOKEN": token, "Content-Type": "application/json" },
      body: "{",
    });
    assert.equal(broken.status, 400);
  });

  await t.test("a thread is answered and resolved by a Developer or the author only", async () => {
    const thread = Discussion.parse(
      (await api("POST", `${base}/discussions`, { body: "why", position: line })).body,
    );
    const path = `${base}/discussions/${thread.id}`;
    const answer = await reporter("POST", `${path}/notes`, { body: "because" });
    assert.equal(answer.status, 201);
    assert.equal(Row.parse(answer.body)["type"], "DiffNote");
    assert.deepEqual((await reporter("PUT", `${path}?resolved=true`)).body, { message: "403 Forbidden" });
    const resolved = Discussion.parse((await api("PUT", `${path}?resolved=true`)).body);
    assert.deepEqual(
      resolved.notes.map((note) => note["resolved"]),
      [true, true],
    );
    const reopened = Discussion.parse((await api("PUT", path, { resolved: false })).body);
    assert.equal(reopened.notes[0]?.["resolved"], false);
    assert.deepEqual((await api("GET", `${base}/discussions/none`)).body, {
      message: "404 Discussion Not Found",
    });
    assert.deepEqual((await api("PUT", path, {})).body, { error: "resolved is missing" });
  });

  await t.test("a single comment cannot be resolved, and becomes a thread when answered", async () => {
    const note = Row.parse((await api("POST", `${base}/notes`, { body: "single" })).body);
    const holder = mergeRequest.discussions.find((one) => one.notes[0]?.id === note["id"]);
    assert.equal((await api("PUT", `${base}/discussions/${holder?.id}?resolved=true`)).status, 403);
    assert.equal(
      (await api("POST", `${base}/discussions/${holder?.id}/notes`, { body: "answer" })).status,
      201,
    );
    const shown = Discussion.parse((await api("GET", `${base}/discussions/${holder?.id}`)).body);
    assert.equal(shown.individual_note, false);
  });

  await t.test("drafts are seen by their author only and come out as one review", async () => {
    const drafts = `${base}/draft_notes`;
    assert.equal((await api("POST", drafts, { note: "on a line", position: line })).status, 201);
    const bad = await api("POST", drafts, { note: "nowhere", position: { ...line, new_line: 9 } });
    assert.deepEqual([bad.status, Row.parse(bad.body)["line_code"]], [201, null]);
    const threads = mergeRequest.discussions.filter((one) => one.notes[0]?.type === "DiffNote");
    const reply = { note: "fixed", in_reply_to_discussion_id: threads[0]?.id, resolve_discussion: true };
    assert.equal((await api("POST", drafts, reply)).status, 201);
    assert.deepEqual((await api("POST", drafts, reply)).body, {
      message: { author_id: ["has already been taken"] },
    });
    assert.deepEqual((await api("POST", drafts, { note: "x", in_reply_to_discussion_id: "none" })).body, {
      message: { base: ["Thread to reply to cannot be found"] },
    });
    const third = Row.parse((await api("POST", drafts, { note: "dropped" })).body);
    assert.equal((await api("DELETE", `${drafts}/${String(third["id"])}`)).status, 204);
    await admin("POST", drafts, { note: "of somebody else" });
    assert.equal(Rows.parse((await api("GET", drafts)).body).length, 3);

    const before = standIn.notifications.length;
    assert.equal((await api("POST", `${drafts}/bulk_publish`)).status, 204);
    const sent = standIn.notifications.slice(before);
    assert.deepEqual(
      sent.map((one) => [one.kind, one.noteIds.length, one.author]),
      [["review", 2, bot.user.username]],
    );
    assert.deepEqual(Rows.parse((await api("GET", drafts)).body), []);
    assert.equal(Rows.parse((await admin("GET", drafts)).body).length, 1);
    assert.equal(
      threads[0]?.notes.every((note) => note.resolved),
      true,
    );
    // The draft on no line went away, and so does the resolving with an answer that is not to resolve.
    assert.ok(!mergeRequest.discussions.some(({ notes }) => notes.some(({ body }) => body === "nowhere")));
    await api("POST", drafts, { note: "wait", in_reply_to_discussion_id: threads[0]?.id });
    await api("POST", `${drafts}/bulk_publish`);
    assert.equal(
      threads[0]?.notes.some((note) => note.resolved),
      false,
    );
  });

  await t.test("a draft that would resolve needs whoever may resolve", async () => {
    const thread = mergeRequest.discussions.find((one) => one.notes[0]?.type === "DiffNote");
    const reply = { note: "done", in_reply_to_discussion_id: thread?.id, resolve_discussion: true };
    const refused = await reporter("POST", `${base}/draft_notes`, reply);
    assert.deepEqual(
      [refused.status, refused.body],
      [400, { message: { base: ["User is not allowed to resolve thread"] } }],
    );
  });

  await t.test("one draft can be published alone", async () => {
    const draft = Row.parse((await api("POST", `${base}/draft_notes`, { note: "alone" })).body);
    assert.equal((await api("PUT", `${base}/draft_notes/${String(draft["id"])}/publish`)).status, 204);
    assert.equal((await api("PUT", `${base}/draft_notes/${String(draft["id"])}/publish`)).status, 404);
  });

  await t.test("a reaction is given once and taken back by its owner", async () => {
    const note = Row.parse((await api("POST", `${base}/notes`, { body: "react" })).body);
    const path = `${base}/notes/${String(note["id"])}/award_emoji`;
    const award = await api("POST", path, { name: "eyes" });
    assert.equal(award.status, 201);
    assert.equal((await api("POST", path, { name: "eyes" })).status, 404);
    assert.equal((await reporter("POST", path, { name: "eyes" })).status, 201);
    const id = String(Row.parse(award.body)["id"]);
    assert.equal((await reporter("DELETE", `${path}/${id}`)).status, 403);
    assert.equal((await api("DELETE", `${path}/${id}`)).status, 204);
  });

  await t.test("labels are added and removed without touching the others", async () => {
    await api("PUT", base, { add_labels: "bug,review" });
    const labels = Row.parse((await api("PUT", base, { add_labels: "next", remove_labels: "bug" })).body)[
      "labels"
    ];
    assert.deepEqual(labels, ["review", "next"]);
    assert.equal((await api("PUT", base, {})).status, 400);
  });

  await t.test("the view has what a page would show", async () => {
    const view = await standIn.viewMergeRequest(mergeRequest);
    assert.equal(view.diffs.length, 5);
    assert.deepEqual(JSON.parse(JSON.stringify(view)), view);
    assert.ok(
      view.discussions.some((discussion) => discussion.notes.some((note) => note.body === "on a line")),
    );
    assert.deepEqual(view.mergeRequest.labels, ["review", "next"]);
  });
  assert.deepEqual(standIn.failures, []);
});

test("notes by one user are limited in a minute", async (t) => {
  const { standIn, api, admin, base } = await openProject({
    limits: { notesPerMinute: 2 },
    now: () => 1_700_000_000_000,
  });
  t.after(() => standIn.close());
  await api("POST", `${base}/notes`, { body: "1" });
  await api("POST", `${base}/discussions`, { body: "2" });
  const refused = await api("POST", `${base}/notes`, { body: "3" });
  assert.equal(refused.status, 429);
  assert.deepEqual(refused.body, {
    message: { error: "This endpoint has been requested too many times. Try again later." },
  });
  assert.ok(Number(refused.headers.get("retry-after")) > 0);
  assert.equal((await admin("POST", `${base}/notes`, { body: "another user" })).status, 201);
  standIn.advanceTime(60_000);
  assert.equal((await api("POST", `${base}/notes`, { body: "3" })).status, 201);
});
