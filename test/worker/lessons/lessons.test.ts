import { verbatim } from "../../../src/messages/message.ts";
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { createMemoryJournal } from "../../../src/base/journal.ts";
import { DifyError, GitLabError } from "../../../src/base/errors.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import type { OpenedStore } from "../../../src/store/open-store.ts";
import { createLessonBook, type LessonShelf } from "../../../src/worker/lessons/lesson-book.ts";
import { createLessons } from "../../../src/worker/lessons/lessons.ts";
import { openTemporaryStore } from "../../http/dashboard/temporary-store.ts";
import { createPlace, HUMAN } from "../findings/place.ts";
import { createWorker, fakeFindingsFlow, textInput } from "../findings/world.ts";

const PROJECT = { id: 7, path: "group/project" };

suite("what reviews learn", () => {
  let opened: OpenedStore | undefined;
  const store = (): OpenedStore => opened ?? assert.fail("not open yet");
  before(async () => {
    opened = await openTemporaryStore();
  });
  after(() => opened?.[Symbol.asyncDispose]());

  const learn = (options: { readonly shelf?: LessonShelf; readonly serve?: boolean } = {}) => {
    const { shelf = null, serve = true } = options;
    const { lessons } = store();
    const book = createLessonBook({ store: lessons, leastOutcomes: 2, shelf, logger: silentLogger });
    return { book, lessons: createLessons({ store: lessons, book, serve }) };
  };

  /** Files with a mistake that the fake flow finds, and what is raised about it. */
  const reviewed = async (options: Parameters<typeof learn>[0] = {}) => {
    const place = createPlace({ "src/a.ts": ["one\n", "one\nBUG here\n"] });
    const { flow, requests } = fakeFindingsFlow();
    const { lessons, book } = learn(options);
    const worker = createWorker(place, undefined, { lessons });
    assert.equal((await worker.review(flow)).state, "succeeded");
    const raised = await store().lessons.raisedAt({ projectId: 7, iid: 1 }, "default");
    const [fingerprint] = raised.keys();
    return {
      place,
      flow,
      requests,
      worker,
      lessons,
      book,
      fingerprint: fingerprint ?? assert.fail("nothing raised"),
    };
  };

  test("is told to later reviews, the same to every attempt of a run, unless it is not to be served", async () => {
    const { place, flow, requests, worker, lessons, fingerprint } = await reviewed();
    const key = { projectId: 7, iid: 1, flow: "default", fingerprint };
    await lessons.order({ ...key, why: "ignored", userId: HUMAN, headSha: null });
    await store().lessons.keepOutcomes([{ ...key, kind: "disliked", userId: HUMAN }]);
    place.push({ "src/a.ts": ["one\n", "one\nBUG here\nBUG there\n"] });
    await worker.review(flow);
    const last = requests.at(-1) ?? assert.fail("not asked");
    const told = textInput(last, "lessons");
    assert.match(
      told,
      /bug, such as "Mistake in BUG here", in "src\/\*\*\/\*\.ts": 1 disliked, 1 to be ignored/,
    );
    assert.equal(last.lessons, told);
    const wish = { project: PROJECT, forge: place.forge, journal: createMemoryJournal() };
    const rest = { signal: new AbortController().signal, logger: silentLogger };
    const first = await lessons.told({ ...wish, ...rest });
    await learn().book.turn(PROJECT, { on: false, by: "ada" });
    assert.equal(await lessons.told({ ...wish, ...rest }), first);
    assert.equal(await lessons.told({ ...wish, ...rest, journal: createMemoryJournal() }), "");
    await learn().book.turn(PROJECT, { on: true, by: "ada" });
    const unserved = learn({ serve: false }).lessons;
    assert.equal(await unserved.told({ ...wish, ...rest, journal: createMemoryJournal() }), "");
  });

  test("a resolve order counts when no commit came since the finding", async () => {
    const { lessons, fingerprint, place } = await reviewed();
    const order = {
      projectId: 7,
      iid: 1,
      flow: "default",
      fingerprint,
      why: "resolved",
      userId: HUMAN,
    } as const;
    const kinds = async () => (await store().lessons.listOutcomes(7, 50)).map(({ kind }) => kind);
    for (const headSha of [null, "another"]) await lessons.order({ ...order, headSha });
    assert.ok(!(await kinds()).includes("resolved-without-change"));
    const { headSha } = await place.forge.fetchMergeRequest({ projectId: 7, iid: 1 });
    await lessons.order({ ...order, headSha });
    assert.ok((await kinds()).includes("resolved-without-change"));
  });

  test("does not keep a review away when GitLab cannot be asked about people", async () => {
    const { place, flow, worker, fingerprint } = await reviewed();
    const key = { projectId: 7, iid: 1, flow: "default", fingerprint };
    await store().lessons.keepOutcomes([{ ...key, kind: "liked", userId: 99 }]);
    const fetchAccessLevel = async () => {
      throw new GitLabError(verbatim("busy"), { code: "gitlab-busy", status: 503, retryable: true });
    };
    const broken = createWorker({ forge: { ...place.forge, fetchAccessLevel } }, undefined, {
      lessons: learn().lessons,
    });
    assert.equal((await broken.review(flow)).state, "succeeded");
    assert.deepEqual(await store().lessons.listUnknownVoters(7, 9), [{ userId: 99 }]);
    await worker.review(flow);
    assert.deepEqual(await store().lessons.listUnknownVoters(7, 9), []);
  });

  test("is handed on when it changes, again after a failure, and taken away when it is turned off", async () => {
    const project = { id: 8, path: "group/elsewhere" };
    const put: string[] = [];
    let fails = true;
    const shelf: LessonShelf = {
      takes: (path) => path === project.path,
      put: async (_, text) => {
        if (fails) throw new DifyError(verbatim("busy"), { code: "dify-busy", status: 503, retryable: true });
        put.push(text);
      },
    };
    const { book } = learn({ shelf });
    const { version } = await book.read(project);
    assert.equal(await book.edit(project, { version, text: "Be brief.", by: "ada" }), "saved");
    assert.deepEqual(put, []);
    fails = false;
    await book.handOn(await book.read(project));
    await book.handOn(await book.read(project));
    assert.deepEqual(put, ["Be brief."]);
    await book.turn(project, { on: false, by: "ada" });
    assert.deepEqual(put, ["Be brief.", ""]);
    await book.handOn(await book.read(PROJECT));
    assert.equal(put.length, 2);
  });

  test("is edited by whoever saw the newest text, within its length", async () => {
    const project = { id: 9, path: "group/edited" };
    const { book } = learn();
    const first = await book.read(project);
    assert.equal(await book.edit(project, { version: first.version, text: "Mine.", by: "ada" }), "saved");
    const late = { version: first.version, text: "Late.", by: "bob" };
    assert.equal(await book.edit(project, late), "changed-meanwhile");
    const { version, text, editedBy } = await book.read(project);
    assert.deepEqual([text, editedBy], ["Mine.\n", "ada"]);
    assert.equal(await book.edit(project, { version, text: "x".repeat(7_000), by: "bob" }), "too-long");
    const both = await Promise.all(
      ["one", "two"].map((word) => book.edit(project, { version, text: word, by: word })),
    );
    assert.deepEqual(both.toSorted(), ["changed-meanwhile", "saved"]);
  });
});
