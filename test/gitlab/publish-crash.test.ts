import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { fc } from "../properties.ts";
import type { Publication } from "../../src/review/discussion.ts";
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

const DRAFT_ROUTES = /\/draft_notes/;

/** How GitLab treats drafts in a test. */
const WAYS = ["drafts", "one-by-one"] as const;

const withoutDrafts = () =>
  reviews.standIn.fail({ path: DRAFT_ROUTES, times: Infinity }, { kind: "status", status: 404 });

class Killed extends Error {}

/** Publishes in a process that is killed when its write of that number was carried out; whether it was. */
const publishKilled = async (publication: Publication, write: number): Promise<boolean> => {
  const killing = new AbortController();
  const { forge } = reviews.start({
    onWrite: (_, __, number) => {
      if (number !== write) return;
      killing.abort(new Killed());
      throw killing.signal.reason;
    },
  });
  try {
    await forge.publish(reviews.ref, publication, killing.signal);
    return false;
  } catch (error) {
    assert.ok(error instanceof Killed, String(error));
    return true;
  }
};

const typical = async () => {
  const first = await reviews.openThread(reviews.line("e.txt"));
  const second = await reviews.openThread();
  return publicationOf({
    open: [
      threadOf("a", reviews.line("a.txt")),
      threadOf("b", reviews.line("b.txt")),
      threadOf("whole", null),
    ],
    reply: [replyOf("ended", first, true), replyOf("asked", second, false)],
    summary: summaryOf(),
    addLabels: ["reviewed"],
    status: { sha: reviews.refs.headSha, state: "success", name: "review", description: "Fine" },
  });
};

const assertPublishedOnce = async (publication: Publication) => {
  for (const { marker } of [...publication.open, ...publication.reply, publication.summary ?? []].flat())
    assert.equal(await reviews.count(marker), 1, marker);
  const { discussions, drafts } = await reviews.view();
  assert.deepEqual(drafts, []);
  for (const { discussionId, resolve } of publication.reply)
    if (resolve) {
      const thread = discussions.find(({ id }) => id === discussionId);
      assert.ok(thread?.notes.every((note) => "resolved" in note && note.resolved));
    }
};

describe("a publication that is killed", () => {
  for (const way of WAYS)
    it(`after any write and sent again is there once (${way})`, async () => {
      for (let write = 1; ; write += 1) {
        reviews.reset();
        const publication = await typical();
        const fault = way === "drafts" ? null : withoutDrafts();
        const killed = await publishKilled(publication, write);
        const receipt = await reviews.start().forge.publish(reviews.ref, publication);
        fault?.remove();
        await assertPublishedOnce(publication);
        assert.equal(receipt.threads.size, 5);
        assert.ok([...receipt.threads.values()].every(({ kind }) => kind !== "refused"));
        if (way === "drafts")
          assert.deepEqual(reviews.notifications(), [
            ["review", 5],
            ["note", 1],
          ]);
        else assert.equal(reviews.notifications().length, 6);
        if (!killed) {
          assert.ok(write > 8, `${write} writes`);
          return;
        }
      }
    });

  it("while its plan changes leaves nothing of the old plan", async () => {
    const old = publicationOf({
      open: ["a", "b", "c"].map((name) => threadOf(name, reviews.line(`${name}.txt`))),
    });
    assert.ok(await publishKilled(old, 2));
    const publication = publicationOf({
      open: [
        threadOf("b", reviews.line("b.txt")),
        { ...threadOf("a", reviews.line("a.txt")), body: `${threadOf("a", null).marker} Better said.` },
        threadOf("d", reviews.line("d.txt")),
      ],
    });
    await reviews.start().forge.publish(reviews.ref, publication);
    await assertPublishedOnce(publication);
    const { notes } = await reviews.view();
    assert.equal(notes.length, 3);
    assert.ok(notes.some(({ body }) => body.endsWith("Better said.")));
    assert.deepEqual(reviews.notifications(), [["review", 3]]);
  });

  it("any number of times, whatever it says, is there once", async () => {
    const position = fc.constantFrom(...PATHS.map((path) => ({ path, line: 2 })), { path: "a.txt", line: 3 });
    const plan = fc.record({
      places: fc.array(fc.option(position), { maxLength: 5 }),
      replies: fc.array(fc.boolean(), { maxLength: 3 }),
      summary: fc.boolean(),
      kills: fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 4 }),
      way: fc.constantFrom(...WAYS),
    });
    await fc.assert(
      fc.asyncProperty(plan, async ({ places, replies, summary, kills, way }) => {
        reviews.reset();
        const threads: string[] = [];
        for (const _ of replies) threads.push(await reviews.openThread());
        const publication = publicationOf({
          open: places.map((place, index) =>
            threadOf(`thread ${index}.`, place === null ? null : reviews.line(place.path, place.line)),
          ),
          reply: replies.map((resolve, index) => replyOf(`reply ${index}.`, threads[index] ?? "", resolve)),
          summary: summary ? summaryOf() : null,
        });
        const refused = new Set(
          publication.open.filter((_, index) => places[index]?.line === 3).map(({ marker }) => marker),
        );
        const fault = way === "drafts" ? null : withoutDrafts();
        for (const write of kills) await publishKilled(publication, write);
        const receipt = await reviews.start().forge.publish(reviews.ref, publication);
        fault?.remove();
        await assertPublishedOnce({
          ...publication,
          open: publication.open.filter(({ marker }) => !refused.has(marker)),
        });
        for (const [marker, { kind }] of receipt.threads)
          assert.equal(kind === "refused", refused.has(marker), `${marker} ${kind}`);
        const sent = reviews.notifications().filter(([kind]) => kind === "review");
        if (way === "drafts") assert.ok(sent.length <= 1);
      }),
      { numRuns: 40 },
    );
  });
});

describe("a write whose answer is lost", () => {
  for (const way of WAYS)
    for (const when of ["before", "after"] as const)
      it(`${when} it was carried out is made once (${way})`, async () => {
        for (let nth = 0; ; nth += 1) {
          reviews.reset();
          const publication = await typical();
          const fault = way === "drafts" ? null : withoutDrafts();
          const match = {
            method: "POST",
            path: way === "drafts" ? /(draft_notes|bulk_publish|notes)$/ : /(discussions|notes)$/,
          };
          const loss = reviews.standIn.fail({ ...match, after: nth }, { kind: "reset", when });
          const receipt = await reviews.start().forge.publish(reviews.ref, publication);
          fault?.remove();
          loss.remove();
          await assertPublishedOnce(publication);
          assert.ok([...receipt.threads.values()].every(({ kind }) => kind === "published"));
          if (way === "drafts")
            assert.deepEqual(
              reviews.notifications().filter(([kind]) => kind === "review"),
              [["review", 5]],
            );
          if (loss.hits() === 0) return;
        }
      });

  it("while GitLab has published a part is not published twice", async () => {
    const publication = publicationOf({
      open: ["a", "b"].map((name) => threadOf(name, reviews.line(`${name}.txt`))),
    });
    let lost = false;
    const { forge, sleeps } = reviews.start({
      beforeWrite: async (_, url) => {
        if (!url.endsWith("bulk_publish") || lost) return;
        lost = true;
        const { body } = threadOf("a", null);
        await reviews.standIn.addNote(reviews.mergeRequest, reviews.bot, { body, thread: true });
        throw new TypeError("fetch failed");
      },
    });
    await forge.publish(reviews.ref, publication);
    await assertPublishedOnce(publication);
    assert.deepEqual(sleeps, [1_000, 5_000]);
  });
});
