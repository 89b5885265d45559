import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GitLabError } from "../../src/base/errors.ts";
import type { ChangedFile, Forge, MergeRequestRef } from "../../src/review/forge.ts";
import { CHANGES } from "./forge-changes.ts";

/** A note as the place keeps it. */
export type KeptNote = { readonly id: number; readonly body: string; readonly ours: boolean };

/**
 * A Forge and the place behind it. The place holds one open merge request that makes `CHANGES`, titled
 * `Contract`, described `What is promised`, from `feature` to `main` in `group/project`, by `ada`, with the
 * label `bug`.
 */
export type ForgeHarness = AsyncDisposable & {
  /** A new forge, as a new process would make one; the place stays. */
  readonly forge: () => Forge;
  readonly ref: MergeRequestRef;
  readonly headSha: string;
  /** Every note that the place shows, oldest first. */
  readonly notes: () => Promise<readonly KeptNote[]>;
  /** Another person writes a note. */
  readonly writeAsAda: (body: string) => Promise<void>;
  /** Another person resolves a thread; gives that person's id. */
  readonly resolveAsAda: (discussionId: string) => Promise<number>;
  readonly deleteNote: (id: number) => void;
  /** Commits are pushed to the merge request; its diff is not ready for some reads. Gives the new head. */
  readonly pushMore: (readsUntilReady: number) => Promise<string>;
  /** Files are committed to the target branch. */
  readonly writeToMain: (files: Readonly<Record<string, string>>) => Promise<void>;
  /** The next creation of a note fails, or is carried out with its answer lost. */
  readonly failNextNote: (when: "before" | "after", how: "status" | "reset" | "hang") => void;
  /** From now on our token is no longer taken. */
  readonly expireToken: () => void;
};

const MARKER = "<!-- reviewflow:contract -->";
const draft = (text: string) => ({ marker: MARKER, body: `${text}\n\n${MARKER}` });

/** Hunks without the headings that git puts behind a header's second `@@`. */
const plain = (text: string): string => text.replaceAll(/^(@@ -\S+ \+\S+ @@).*$/gm, "$1");

const describeFile = ({ oldPath, newPath, change, diff }: ChangedFile) => ({
  oldPath,
  newPath,
  change,
  diff: diff.kind === "text" ? plain(diff.text) : diff.kind,
});

const byPath = (one: { newPath: string }, other: { newPath: string }): number =>
  one.newPath < other.newPath ? -1 : 1;

const failsWith = (code: string, retryable: boolean) => (error: unknown) => {
  assert.ok(error instanceof GitLabError, String(error));
  assert.deepEqual([error.code, error.retryable], [code, retryable]);
  return true;
};

/** What every Forge keeps to in reading, wherever the merge requests live. */
export const forgeReadingContract = (name: string, open: () => Promise<ForgeHarness>): void => {
  describe(`Forge, reading: ${name}`, () => {
    it("reads the merge request", async () => {
      await using harness = await open();
      const mergeRequest = await harness.forge().fetchMergeRequest(harness.ref);
      const { author, diffRefs, webUrl, ...rest } = mergeRequest;
      assert.deepEqual(rest, {
        ref: harness.ref,
        projectPath: "group/project",
        title: "Contract",
        description: "What is promised",
        state: "opened",
        draft: false,
        sourceBranch: "feature",
        targetBranch: "main",
        headSha: harness.headSha,
        labels: ["bug"],
        statusRef: "feature",
        changesCount: CHANGES.expected.length,
        noteCount: 0,
        reviewerIds: [],
      });
      assert.equal(author.username, "ada");
      assert.equal(diffRefs.headSha, harness.headSha);
      assert.match(webUrl, /^https?:\/\/.*group\/project/);
    });

    it("waits until the diff of a push is ready", async () => {
      await using harness = await open();
      const head = await harness.pushMore(2);
      const mergeRequest = await harness.forge().fetchMergeRequest(harness.ref);
      assert.deepEqual([mergeRequest.headSha, mergeRequest.diffRefs.headSha], [head, head]);
    });

    it("reads every changed file with its whole text", async () => {
      await using harness = await open();
      const forge = harness.forge();
      const diff = await forge.fetchDiff(await forge.fetchMergeRequest(harness.ref));
      assert.equal(diff.refs.headSha, harness.headSha);
      assert.deepEqual(diff.files.map(describeFile).sort(byPath), [...CHANGES.expected].sort(byPath));
    });

    it("reads the newest diff, also for a merge request that was read before a push", async () => {
      await using harness = await open();
      const forge = harness.forge();
      const before = await forge.fetchMergeRequest(harness.ref);
      const head = await harness.pushMore(0);
      const diff = await forge.fetchDiff(before);
      assert.equal(diff.refs.headSha, head);
      assert.equal(diff.files.length, CHANGES.expected.length + 1);
    });
  });
};

/** What every Forge keeps to in writing, and when it fails. */
export const forgeWritingContract = (name: string, open: () => Promise<ForgeHarness>): void => {
  describe(`Forge, writing: ${name}`, () => {
    it("creates a note once, leaves it when it is the same and updates it when it is not", async () => {
      await using harness = await open();
      const created = await harness.forge().upsertNote(harness.ref, draft("First"));
      assert.equal(created.outcome, "created");
      assert.match(created.url ?? "", new RegExp(`${created.noteId}$`));
      const again = await harness.forge().upsertNote(harness.ref, draft("First"));
      assert.deepEqual(again, { ...created, outcome: "unchanged" });
      const updated = await harness.forge().upsertNote(harness.ref, draft("Second"));
      assert.deepEqual(updated, { ...created, outcome: "updated" });
      const notes = await harness.notes();
      assert.deepEqual(
        notes.filter(({ ours }) => ours).map(({ id, body }) => [id, body]),
        [[created.noteId, draft("Second").body]],
      );
    });

    it("finds its note among many", async () => {
      await using harness = await open();
      const forge = harness.forge();
      const { noteId } = await forge.upsertNote(harness.ref, draft("First"));
      for (let index = 0; index < 110; index += 1) await harness.writeAsAda(`Remark ${index}`);
      const late = await forge.upsertNote(harness.ref, {
        marker: "<!-- late -->",
        body: "Late <!-- late -->",
      });
      assert.deepEqual((await forge.upsertNote(harness.ref, draft("First"))).noteId, noteId);
      const updated = await forge.upsertNote(harness.ref, {
        marker: "<!-- late -->",
        body: "Later <!-- late -->",
      });
      assert.deepEqual([updated.noteId, updated.outcome], [late.noteId, "updated"]);
    });

    it("takes no note of someone else for its own", async () => {
      await using harness = await open();
      await harness.writeAsAda(draft("Forged").body);
      assert.equal((await harness.forge().upsertNote(harness.ref, draft("First"))).outcome, "created");
      assert.deepEqual(
        (await harness.notes()).map(({ body, ours }) => [body, ours]),
        [
          [draft("Forged").body, false],
          [draft("First").body, true],
        ],
      );
    });

    it("creates a note anew that was deleted", async () => {
      await using harness = await open();
      const forge = harness.forge();
      harness.deleteNote((await forge.upsertNote(harness.ref, draft("First"))).noteId);
      assert.equal((await forge.upsertNote(harness.ref, draft("First"))).outcome, "created");
      assert.equal((await harness.notes()).length, 1);
    });

    for (const when of ["before", "after"] as const)
      for (const how of ["status", "reset", "hang"] as const)
        it(`leaves one note when its creation fails (${how}) ${when} the write`, async () => {
          await using harness = await open();
          harness.failNextNote(when, how);
          const receipt = await harness.forge().upsertNote(harness.ref, draft("First"));
          assert.equal(receipt.outcome, "created");
          assert.deepEqual(
            (await harness.notes()).map(({ id }) => id),
            [receipt.noteId],
          );
        });

    it("says that a merge request does not exist", async () => {
      await using harness = await open();
      const missing = { ...harness.ref, iid: 999 };
      await assert.rejects(harness.forge().fetchMergeRequest(missing), failsWith("gitlab-not-found", false));
    });

    it("says that the token has expired", async () => {
      await using harness = await open();
      harness.expireToken();
      await assert.rejects(harness.forge().currentUser(), failsWith("gitlab-unauthorized", false));
      await assert.rejects(harness.forge().currentUser(), /GITLAB_TOKEN/);
    });

    it("ends with the signal's reason when it is aborted", async () => {
      await using harness = await open();
      const reason = new Error("shutting down");
      const signal = AbortSignal.abort(reason);
      const forge = harness.forge();
      await assert.rejects(forge.fetchMergeRequest(harness.ref, signal), reason);
      await assert.rejects(forge.upsertNote(harness.ref, draft("First"), signal), reason);
      assert.deepEqual(await harness.notes(), []);
    });
  });
};
