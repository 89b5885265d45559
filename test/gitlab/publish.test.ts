import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import {
  PATHS,
  type Reviews,
  openReviews,
  publicationOf,
  replyOf,
  summaryOf,
  threadOf,
} from "./publish-setup.ts";

let reviews: Reviews;

before(async () => {
  reviews = await openReviews();
});
beforeEach(() => reviews.reset());
after(() => reviews[Symbol.asyncDispose]());

const two = () =>
  publicationOf({ open: ["a", "b"].map((name) => threadOf(name, reviews.line(`${name}.txt`))) });

const publish = (publication = two(), token = reviews.token) =>
  reviews.start({ token }).forge.publish(reviews.ref, publication);

/** Calls the API as the owner of a token. */
const call = (method: string, path: string, token: string, body?: unknown) =>
  fetch(`${reviews.standIn.url}/api/v4/projects/${reviews.project.id}/merge_requests/${path}`, {
    method,
    headers: { "private-token": token, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

const kindsOf = (receipt: Awaited<ReturnType<typeof publish>>) =>
  [...receipt.threads.values()].map(({ kind }) => kind);

describe("a review", () => {
  it("of five files with four threads costs thirteen calls, the last of them for the ids of what it wrote", async () => {
    const { forge } = reviews.start();
    await forge.currentUser();
    reviews.standIn.clearRequests();
    const mergeRequest = await forge.fetchMergeRequest(reviews.ref);
    assert.equal((await forge.fetchDiff(mergeRequest)).files.length, 5);
    await forge.fetchDiscussions(reviews.ref);
    await forge.fetchMergeRequest(reviews.ref);
    const open = PATHS.slice(0, 4).map((path) => threadOf(path, reviews.line(path)));
    const receipt = await forge.publish(reviews.ref, publicationOf({ open, summary: summaryOf() }));
    assert.equal(receipt.way, "drafts");
    assert.equal(reviews.standIn.requests.length, 13);
  });

  it("of nothing new makes no call, and one that is published already is present", async () => {
    const { forge } = reviews.start();
    await forge.publish(reviews.ref, { ...two(), summary: summaryOf() });
    await forge.fetchDiscussions(reviews.ref);
    reviews.standIn.clearRequests();
    const again = await forge.publish(reviews.ref, { ...two(), summary: summaryOf() });
    assert.equal(reviews.standIn.requests.length, 0);
    assert.deepEqual(
      [kindsOf(again), again.summary?.outcome, again.way],
      [["present", "present"], "unchanged", "nothing-to-send"],
    );
    // The discussions that were read then know nothing of what came after.
    await forge.fetchDiscussions(reviews.ref);
    const more = publicationOf({ open: [threadOf("c", reviews.line("c.txt"))] });
    await forge.publish(reviews.ref, more);
    assert.deepEqual(kindsOf(await forge.publish(reviews.ref, more)), ["present"]);
  });

  it("is not taken for published because of someone else's note", async () => {
    const [first] = two().open;
    await reviews.standIn.addNote(reviews.mergeRequest, reviews.ada, {
      body: first?.body ?? "",
      thread: true,
    });
    assert.deepEqual(kindsOf(await publish()), ["published", "published"]);
  });

  it("without a marker is refused before anything is written", async () => {
    const thread = { ...threadOf("a", null), body: "No marker." };
    await assert.rejects(publish(publicationOf({ open: [...two().open, thread] })), {
      code: "gitlab-note-without-marker",
    });
    assert.deepEqual((await reviews.view()).drafts, []);
  });
});

describe("drafts that are there already", () => {
  it("of others and of other merge requests stay untouched", async () => {
    const ada = reviews.standIn.createPersonalToken(reviews.ada);
    await call("POST", `${reviews.ref.iid}/draft_notes`, ada, { note: "Mine <!-- reviewflow:test a -->" });
    await call("POST", `${reviews.other.iid}/draft_notes`, reviews.token, { note: threadOf("a", null).body });
    assert.equal((await publish()).way, "drafts");
    assert.deepEqual(
      [reviews.mergeRequest, reviews.other].map(({ drafts }) => drafts.map(({ author }) => author.id)),
      [[reviews.ada.id], [reviews.bot.id]],
    );
  });

  it("and were written by the person who shares the token are neither published nor deleted", async () => {
    // A note of ours in a quote brings its hidden line along.
    const theirs = ["Not ready yet", `Is this so?\n\n${threadOf("left", null).body}`];
    for (const note of theirs) await call("POST", `${reviews.ref.iid}/draft_notes`, reviews.token, { note });
    await call("POST", `${reviews.ref.iid}/draft_notes`, reviews.token, {
      note: threadOf("left", null).body,
    });
    const receipt = await publish();
    assert.deepEqual([receipt.way, kindsOf(receipt)], ["one-by-one", ["published", "published"]]);
    assert.deepEqual(
      reviews.mergeRequest.drafts.map(({ note }) => note),
      theirs,
    );
  });
});

describe("where drafts are not offered", () => {
  const routes = { list: "GET", creation: "POST" };
  for (const [name, method] of Object.entries(routes))
    for (const status of [403, 404, 405])
      it(`threads are sent one by one (${name}, ${status})`, async () => {
        const fault = reviews.standIn.fail(
          { method, path: /\/draft_notes$/, times: Infinity },
          { kind: "status", status },
        );
        const receipt = await publish();
        fault.remove();
        assert.deepEqual([receipt.way, kindsOf(receipt)], ["one-by-one", ["published", "published"]]);
        assert.equal((await reviews.view()).notes.length, 2);
      });

  for (const status of [404, 500])
    it(`not even at the end (${status}), no draft is left behind`, async () => {
      const fault = reviews.standIn.fail(
        { path: /\/bulk_publish$/, times: Infinity },
        { kind: "status", status },
      );
      const receipt = await publish();
      fault.remove();
      assert.deepEqual([receipt.way, kindsOf(receipt)], ["one-by-one", ["published", "published"]]);
      const { drafts, notes } = await reviews.view();
      assert.deepEqual([drafts.length, notes.length], [0, 2]);
    });
});

describe("what GitLab refuses", () => {
  for (const way of ["drafts", "one-by-one"] as const) {
    const withoutDrafts = () =>
      way === "drafts"
        ? null
        : reviews.standIn.fail({ path: /\/draft_notes/, times: Infinity }, { kind: "status", status: 404 });

    it(`is told for its thread, and the rest is published (${way})`, async () => {
      const fault = withoutDrafts();
      const receipt = await publish(
        publicationOf({
          open: [
            threadOf("a", reviews.line("a.txt")),
            threadOf("nowhere", reviews.line("a.txt", 4)),
            threadOf("no file", { ...reviews.line("b.txt"), newPath: "none.txt", oldPath: "none.txt" }),
            threadOf("file", { ...reviews.line("b.txt"), on: { kind: "file" } }),
          ],
          reply: [replyOf("to nobody", "0".repeat(40), true)],
          summary: summaryOf(),
        }),
      );
      fault?.remove();
      assert.deepEqual(kindsOf(receipt), ["published", "refused", "refused", "published", "refused"]);
      const reasons = [...receipt.threads.values()].map((one) => (one.kind === "refused" ? one.reason : ""));
      assert.match(reasons[1] ?? "", /line_code/);
      assert.match(reasons[4] ?? "", /cannot be found|Not found/i);
      assert.equal(receipt.summary?.outcome, "created");
      assert.equal((await reviews.view()).drafts.length, 0);
    });

    it(`to resolve keeps no reply back (${way})`, async () => {
      const id = await reviews.openThread();
      const { token } = reviews.standIn.createProjectToken(reviews.project, { role: "reporter" });
      const fault = withoutDrafts();
      const receipt = await publish(publicationOf({ reply: [replyOf("ended", id, true)] }), token);
      fault?.remove();
      assert.deepEqual(kindsOf(receipt), ["published"]);
      const { notes } = await reviews.view();
      assert.deepEqual(
        notes.map((note) => "resolved" in note && note.resolved),
        [false, false],
      );
    });
  }

  it("as a second answer to a thread comes on its own", async () => {
    const id = await reviews.openThread();
    const reply = [replyOf("one", id, false), replyOf("two", id, true)];
    assert.deepEqual(kindsOf(await publish(publicationOf({ reply }))), ["published", "published"]);
    const { notes } = await reviews.view();
    assert.ok(notes.length === 3 && notes.every((note) => "resolved" in note && note.resolved));
  });

  it("of the token is no matter of one thread", async () => {
    reviews.standIn.fail({ method: "POST", path: /\/draft_notes$/ }, { kind: "revoke-token" });
    const { token } = reviews.standIn.createProjectToken(reviews.project);
    await assert.rejects(publish(two(), token), { code: "gitlab-unauthorized" });
  });
});

describe("a rate limit", () => {
  it("is waited for between threads that go one by one", async () => {
    const drafts = reviews.standIn.fail(
      { path: /\/draft_notes/, times: Infinity },
      { kind: "status", status: 404 },
    );
    const limit = reviews.standIn.fail(
      { method: "POST", path: /\/discussions$/, after: 1 },
      { kind: "status", status: 429, retryAfter: "58" },
    );
    const { forge, sleeps } = reviews.start();
    await forge.publish(reviews.ref, two());
    drafts.remove();
    limit.remove();
    assert.deepEqual(sleeps, [58_000]);
    assert.equal((await reviews.view()).notes.length, 2);
  });
});

describe("the summary", () => {
  it("is created, left as it is and updated in its place", async () => {
    const created = (await publish(publicationOf({ summary: summaryOf() }))).summary;
    assert.equal(created?.outcome, "created");
    const noteId = created.noteId;
    for (const id of [null, noteId]) {
      const same = await publish(publicationOf({ summary: summaryOf("All in all.", id) }));
      assert.deepEqual(same.summary, { noteId, outcome: "unchanged" });
      const text = `Another text ${id}.`;
      const updated = await publish(publicationOf({ summary: summaryOf(text, id) }));
      assert.deepEqual(updated.summary, { noteId, outcome: "updated" });
      await publish(publicationOf({ summary: summaryOf("All in all.", id) }));
    }
    assert.equal(await reviews.count(summaryOf().marker), 1);
  });

  it("that is gone is looked for by its marker, then created", async () => {
    const created = (await publish(publicationOf({ summary: summaryOf() }))).summary;
    const other = await publish(publicationOf({ summary: summaryOf("Changed.", 999_999) }));
    assert.deepEqual(other.summary, { noteId: created?.noteId, outcome: "updated" });
    reviews.mergeRequest.discussions.splice(0);
    const anew = await publish(publicationOf({ summary: summaryOf("Changed.", created?.noteId) }));
    assert.equal(anew.summary?.outcome, "created");
    assert.equal(await reviews.count(summaryOf().marker), 1);
  });
});

describe("labels and the commit status", () => {
  const marks = () => ({
    addLabels: ["reviewed", "needs work"],
    status: {
      sha: reviews.refs.headSha,
      state: "failed",
      name: "review",
      description: "Two findings",
    } as const,
  });

  it("are added to what is there", async () => {
    reviews.mergeRequest.labels = ["bug"];
    await publish(publicationOf(marks()));
    assert.deepEqual(reviews.mergeRequest.labels, ["bug", "reviewed", "needs work"]);
    const [status] = reviews.project.statuses.slice(-1);
    assert.deepEqual([status?.sha, status?.status, status?.name], [reviews.refs.headSha, "failed", "review"]);
  });

  it("that fail are logged and fail nothing", async () => {
    const { forge, warnings } = reviews.start();
    const faults = [/merge_requests\/\d+$/, /\/statuses\//].map((path) =>
      reviews.standIn.fail({ path, times: Infinity }, { kind: "status", status: 403 }),
    );
    const receipt = await forge.publish(reviews.ref, { ...two(), ...marks() });
    for (const fault of faults) fault.remove();
    assert.deepEqual(kindsOf(receipt), ["published", "published"]);
    assert.deepEqual(
      warnings.map(([message]) => message),
      ["Labels could not be added", "Commit status could not be set"],
    );
  });

  it("are waited for where GitLab is away: a status that stays pending could keep a merge request from being merged", async () => {
    const { forge } = reviews.start();
    const away = reviews.standIn.fail(
      { path: /\/statuses\//, times: Infinity },
      { kind: "status", status: 503 },
    );
    await assert.rejects(forge.publish(reviews.ref, { ...two(), ...marks() }), {
      code: "gitlab-unavailable",
      outside: { peer: { kind: "gitlab", name: reviews.standIn.url }, verdict: "away" },
    });
    away.remove();
    assert.deepEqual(kindsOf(await forge.publish(reviews.ref, { ...two(), ...marks() })), [
      "present",
      "present",
    ]);
    assert.equal(reviews.project.statuses.at(-1)?.status, "failed");
  });
});
