import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { openReviews, replyOf } from "./publish-setup.ts";

const ofStatus = async (answer: Promise<unknown>) => answer.then(() => "fine", String);

suite("talking in a merge request of GitLab", () => {
  test("a reply is said once and resolves its thread, whatever came in between", async () => {
    await using world = await openReviews();
    const { standIn, mergeRequest, ref, ada, start } = world;
    const added = await standIn.addNote(mergeRequest, ada, { body: "Why so?", thread: true });
    const id = added?.discussion.id ?? assert.fail("no note");
    const { forge } = start();
    const first = await forge.reply(ref, replyOf("why", id, false));
    const again = await start().forge.reply(ref, replyOf("why", id, true));
    const thread = await forge.fetchDiscussion(ref, id);
    const noteId = thread?.notes.at(-1)?.id;
    assert.deepEqual(
      [first, again],
      [
        { kind: "published", noteId },
        { kind: "present", noteId },
      ],
    );
    assert.equal(thread?.notes.length, 2);
    assert.equal(thread?.resolved, true);
    await forge.resolveDiscussion(ref, id);
    assert.equal(await forge.fetchDiscussion(ref, "0".repeat(40)), null);
    assert.equal((await forge.reply(ref, replyOf("why", "0".repeat(40), false))).kind, "refused");
    await assert.rejects(forge.reply(ref, { ...replyOf("why", id, false), body: "no marker" }), {
      code: "gitlab-note-without-marker",
    });
  });

  test("an answer that was lost on its way is found and not given twice", async () => {
    await using world = await openReviews();
    const { standIn, mergeRequest, ref, ada, start } = world;
    const added = await standIn.addNote(mergeRequest, ada, { body: "Why so?" });
    const id = added?.discussion.id ?? assert.fail("no note");
    let lost = false;
    const { forge } = start({
      onWrite: () => {
        if (lost) return;
        lost = true;
        throw new TypeError("fetch failed");
      },
    });
    assert.equal((await forge.reply(ref, replyOf("why", id, false))).kind, "published");
    assert.equal(lost, true);
    assert.equal((await forge.fetchDiscussion(ref, id))?.notes.length, 2);
  });

  test("a reaction may be set twice, and one that cannot be set fails nothing", async () => {
    await using world = await openReviews();
    const { standIn, mergeRequest, ref, ada, start } = world;
    const added = await standIn.addNote(mergeRequest, ada, { body: "Hello" });
    const noteId = added?.note.id ?? assert.fail("no note");
    const { forge } = start();
    for (const emoji of ["eyes", "eyes", "white_check_mark", "no such emoji!"])
      assert.equal(await ofStatus(forge.react(ref, { noteId, emoji })), "fine");
    assert.equal(await ofStatus(forge.react(ref, { noteId: 99_999, emoji: "eyes" })), "fine");
    const { reactions } = await standIn.viewMergeRequest(mergeRequest);
    assert.deepEqual(
      reactions.map(({ name, id }) => `${name} ${id}`),
      [`eyes ${noteId}`, `white_check_mark ${noteId}`],
    );
  });

  test("a reaction is taken off by its id alone, or looked for; one that GitLab is away for is said to be left", async () => {
    await using world = await openReviews();
    const { standIn, mergeRequest, ref, start } = world;
    const { forge } = start();
    const eyes = { noteId: null, emoji: "eyes" };
    const left = async () => (await standIn.viewMergeRequest(mergeRequest)).reactions.length;
    const set = (await forge.react(ref, eyes)) ?? assert.fail("not set");
    assert.ok(typeof set.awardId === "number");
    assert.deepEqual(await forge.react(ref, eyes), { awardId: null }, "it was there");
    const fault = standIn.fail({ path: /award_emoji/, times: Infinity }, { kind: "status", status: 503 });
    assert.equal(await forge.unreact(ref, { ...eyes, ...set }), false);
    fault.remove();
    const refused = standIn.fail({ path: /award_emoji/, times: Infinity }, { kind: "status", status: 401 });
    assert.equal(await forge.unreact(ref, { ...eyes, ...set }), false, "nobody is heard");
    refused.remove();
    standIn.clearRequests();
    assert.equal(await forge.unreact(ref, { ...eyes, ...set }), true);
    assert.deepEqual(
      standIn.requests.map(({ method }) => method),
      ["DELETE"],
    );
    assert.equal(await left(), 0);
    assert.equal(await forge.unreact(ref, { ...eyes, ...set }), true, "gone before");
    await forge.react(ref, eyes);
    assert.equal(await forge.unreact(ref, { ...eyes, awardId: null }), true);
    assert.equal(await left(), 0);
    await forge.react(ref, eyes);
    assert.equal(await forge.unreact(ref, { ...eyes, ...set }), true, "a newer one, whose id was lost");
    assert.equal(await left(), 0);
  });

  test("tells what a user is in a project", async () => {
    await using world = await openReviews();
    const { standIn, project, ref, ada, start } = world;
    const eve = standIn.createUser({ username: "eve" });
    const { forge } = start();
    const { projectId } = ref;
    assert.equal(await forge.fetchAccessLevel({ projectId, userId: ada.id }), 50);
    assert.equal(await forge.fetchAccessLevel({ projectId, userId: eve.id }), null);
    standIn.addMember(project, eve, "reporter");
    assert.equal(await forge.fetchAccessLevel({ projectId, userId: eve.id }), 20);
  });
});
