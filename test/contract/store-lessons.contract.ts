import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Outcome, RaisedFinding } from "../../src/review/lessons/outcome.ts";
import type { LessonStore } from "../../src/store/lessons/lesson-store.ts";
import { closing, nextNumber, queueRun } from "../store/store-requests.ts";
import type { GetBench } from "./store-bench.ts";

/** What whoever learns from people relies on. */
export const lessonsContract = (bench: GetBench): void => {
  const lessons = (): LessonStore => bench().store.lessons;

  const finding = (projectId: number, fingerprint: string, changes: Partial<RaisedFinding> = {}) => ({
    projectId,
    iid: 1,
    flow: "review",
    fingerprint,
    path: "src/a.ts",
    category: "style" as const,
    severity: "minor" as const,
    title: "A title \u0000 \uD800",
    headSha: "a",
    ...changes,
  });
  const outcome = (
    projectId: number,
    fingerprint: string,
    kind: Outcome["kind"],
    userId: number | null = 7,
  ): Outcome => ({ projectId, iid: 1, flow: "review", fingerprint, kind, userId });
  const kinds = async (projectId: number): Promise<readonly string[]> =>
    (await lessons().listOutcomes(projectId, 100)).map(({ kind }) => kind).toSorted();

  describe("outcomes", () => {
    test("count once for each facet of a finding, whoever repeats them, the later one in place of the earlier", async () => {
      const id = 2_000 + nextNumber();
      await lessons().keepFindings([finding(id, "f-0"), finding(id, "f-0"), finding(id, "f-1")]);
      await lessons().keepVoter(id, 7, true);
      await lessons().keepVoter(id, 8, true);
      const liked = outcome(id, "f-0", "liked");
      assert.equal(await lessons().keepOutcomes([liked, liked, outcome(id, "f-0", "ignored")]), 2);
      assert.equal(await lessons().keepOutcomes([liked]), 1);
      assert.deepEqual(await kinds(id), ["ignored", "liked"]);
      await lessons().keepOutcomes([
        outcome(id, "f-0", "disliked"),
        outcome(id, "f-0", "disliked", 8),
        outcome(id, "f-0", "resolved-without-change", null),
        outcome(id, "f-0", "resolved-with-change", 8),
      ]);
      assert.deepEqual(await kinds(id), ["disliked", "disliked", "ignored", "resolved-with-change"]);
      assert.equal(await lessons().dropOutcome(liked), false);
      assert.equal(await lessons().dropOutcome(outcome(id, "f-0", "disliked")), true);
      assert.deepEqual(await kinds(id), ["disliked", "ignored", "resolved-with-change"]);
      const [first] = await lessons().listOutcomes(id, 1);
      assert.deepEqual(first?.finding, {
        projectId: id,
        iid: 1,
        flow: "review",
        fingerprint: "f-0",
        path: "src/a.ts",
        category: "style",
        severity: "minor",
        title: "A title \uFFFD \uFFFD",
      });
    });

    test("about findings that are not known are not kept; findings keep the head of their beginning", async () => {
      const id = 2_000 + nextNumber();
      assert.equal(await lessons().keepOutcomes([outcome(id, "f-9", "liked")]), 0);
      await lessons().keepFindings([finding(id, "f-0")]);
      await lessons().keepFindings([finding(id, "f-0", { headSha: "b", title: "Said otherwise" })]);
      assert.deepEqual(
        await lessons().raisedAt({ projectId: id, iid: 1 }, "review"),
        new Map([["f-0", "a"]]),
      );
      await lessons().keepOutcomes([outcome(id, "f-0", "liked", null)]);
      assert.equal((await lessons().listOutcomes(id, 5))[0]?.finding.title, "Said otherwise");
    });

    test("count for members only; who is unknown is told", async () => {
      const id = 2_000 + nextNumber();
      await lessons().keepFindings([finding(id, "f-0")]);
      await lessons().keepOutcomes([
        outcome(id, "f-0", "liked", 5),
        outcome(id, "f-0", "disliked", 6),
        outcome(id, "f-0", "resolved-with-change", null),
      ]);
      assert.deepEqual(await kinds(id), ["resolved-with-change"]);
      assert.deepEqual(await lessons().listUnknownVoters(id, 9), [{ userId: 5 }, { userId: 6 }]);
      assert.equal((await lessons().listUnknownVoters(id, 1)).length, 1);
      await lessons().keepVoter(id, 5, true);
      await lessons().keepVoter(id, 6, false);
      assert.deepEqual(await lessons().listUnknownVoters(id, 9), []);
      assert.deepEqual(await kinds(id), ["liked", "resolved-with-change"]);
      await lessons().keepVoter(id, 6, true);
      assert.deepEqual(await kinds(id), ["disliked", "liked", "resolved-with-change"]);
    });

    test("of merge requests that ended are looked for once", async () => {
      const [iid, open] = [nextNumber(), nextNumber()];
      await queueRun(bench().store, { iid, head: "a" });
      await queueRun(bench().store, { iid: open, head: "a" });
      await bench().store.accept(closing({ iid }));
      await lessons().keepFindings([finding(1, "f-0", { iid }), finding(1, "f-0", { iid: open })]);
      assert.deepEqual(await lessons().listEnded(1, 50), [{ projectId: 1, iid, flow: "review" }]);
      await lessons().keepLooked({ projectId: 1, iid });
      assert.deepEqual(await lessons().listEnded(1, 50), []);
    });
  });

  describe("files of lessons", () => {
    test("are changed by whoever saw the newest version, and keep what is not changed", async () => {
      const project = { id: 2_000 + nextNumber(), path: "group/lessons" };
      const store = lessons();
      assert.equal(await store.readLessons(project.id), null);
      const begun = await store.changeLessons(project, 0, { text: "one \u0000" });
      assert.deepEqual(begun, {
        projectId: project.id,
        projectPath: "group/lessons",
        text: "one \uFFFD",
        struck: [],
        on: true,
        version: 1,
        editedAtMs: null,
        editedBy: null,
        sent: null,
      });
      assert.equal(await store.changeLessons(project, 0, { text: "late" }), null);
      const edited = await store.changeLessons(project, 1, {
        text: "two",
        struck: ["k"],
        on: false,
        editedBy: "ada",
        sent: "x",
      });
      assert.ok(edited?.editedAtMs !== null && edited?.version === 2);
      assert.equal(await store.changeLessons(project, 1, { on: true }), null);
      const on = await store.changeLessons({ ...project, path: "group/renamed" }, 2, { on: true });
      assert.deepEqual(on, { ...edited, projectPath: "group/renamed", on: true, version: 3 });
      const unsent = await store.changeLessons(project, 3, { sent: null });
      assert.equal(unsent?.sent, null);
      assert.deepEqual(await store.readLessons(project.id), unsent);
    });

    test("belong to projects that are found by their path", async () => {
      await queueRun(bench().store, { iid: nextNumber(), head: "a" });
      const [delivery] = await bench().store.listDeliveries({ limit: 1 });
      const path = delivery?.projectPath ?? assert.fail("no delivery");
      assert.deepEqual(await lessons().findProject(path), { id: delivery?.projectId, path });
      const silent = { id: 2_000 + nextNumber(), path: `group/silent-${nextNumber()}` };
      await lessons().changeLessons(silent, 0, { text: "one" });
      assert.deepEqual(await lessons().findProject(silent.path), silent);
      assert.equal(await lessons().findProject("no/such \u0000"), null);
    });
  });
};
