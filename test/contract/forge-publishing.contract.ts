import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lineCode } from "../../src/diff/line-code.ts";
import type { Position } from "../../src/diff/position.ts";
import type { Publication, ThreadDraft } from "../../src/review/discussion.ts";
import type { Forge } from "../../src/review/forge.ts";
import { CHANGES } from "./forge-changes.ts";
import type { ForgeHarness } from "./forge.contract.ts";

const NOTHING: Publication = { open: [], reply: [], builtOn: [], summary: null, addLabels: [], status: null };

const marked = (name: string, text: string) => {
  const marker = `<!-- reviewflow:contract ${name} -->`;
  return { marker, body: `${marker}\n${text}` };
};

const summary = (text: string, noteId: number | null = null) => ({ noteId, ...marked("summary", text) });

/** A place of every kind in `CHANGES`, each of which has to be accepted. */
const placesOf = async (forge: Forge, { ref }: ForgeHarness): Promise<Readonly<Record<string, Position>>> => {
  const { diffRefs } = await forge.fetchMergeRequest(ref);
  const inFile = (oldPath: string, newPath: string, on: Position["on"]): Position => ({
    ...diffRefs,
    oldPath,
    newPath,
    on,
  });
  const line = (oldLine: number | null, newLine: number | null) =>
    ({ kind: "line", oldLine, newLine, range: null }) as const;
  const main = "src/main.ts";
  return {
    added: inFile(main, main, line(null, 2)),
    removed: inFile(main, main, line(2, null)),
    context: inFile(main, main, line(3, 3)),
    range: inFile(main, main, {
      ...line(null, 2),
      range: {
        start: {
          lineCode: lineCode(main, { oldLine: 2, newLine: 2 }),
          type: "old",
          oldLine: 2,
          newLine: null,
        },
        end: { lineCode: lineCode(main, { oldLine: 3, newLine: 2 }), type: "new", oldLine: null, newLine: 2 },
      },
    }),
    deleted: inFile("gone.txt", "gone.txt", line(1, null)),
    renamed: inFile("edited-move.txt", "elsewhere/edited-move.txt", line(null, 10)),
    outside: inFile("edited-move.txt", "elsewhere/edited-move.txt", line(20, 20)),
    file: inFile("picture.bin", "picture.bin", { kind: "file" }),
  };
};

const threads = (places: Readonly<Record<string, Position | null>>): readonly ThreadDraft[] =>
  Object.entries(places).map(([name, position]) => ({ ...marked(name, `On ${name}.`), position }));

const kinds = (receipt: Awaited<ReturnType<Forge["publish"]>>) =>
  [...receipt.threads.values()].map(({ kind }) => kind);

/** What every Forge keeps to in publishing a review. */
export const forgePublishingContract = (name: string, open: () => Promise<ForgeHarness>): void => {
  describe(`Forge, publishing: ${name}`, () => {
    it("opens a thread wherever one can hang, and gives it back as it was opened", async () => {
      await using harness = await open();
      const forge = harness.forge();
      const { id: botId } = await forge.currentUser();
      const drafts = threads({ ...(await placesOf(forge, harness)), whole: null });
      const receipt = await forge.publish(harness.ref, { ...NOTHING, open: drafts });
      assert.deepEqual(new Set(kinds(receipt)), new Set(["published"]));
      const discussions = await forge.fetchDiscussions(harness.ref);
      assert.deepEqual(
        [...receipt.threads.values()],
        discussions.map(({ notes: [note] }) => ({ kind: "published", noteId: note?.id })),
      );
      for (const { notes } of discussions)
        for (const { id } of notes) assert.equal(await forge.hasNote(harness.ref, id), true);
      assert.equal(await forge.hasNote(harness.ref, 999_999_999), false);
      assert.deepEqual(
        discussions.map(({ individual, resolvable, resolved, resolvedBy, position, notes }) => ({
          flags: [individual, resolvable, resolved, resolvedBy],
          position,
          notes: notes.map(({ author, ours, body, system }) => [author?.id, ours, body, system]),
        })),
        drafts.map(({ body, position }) => ({
          flags: [false, true, false, null],
          position,
          notes: [[botId, "author", body, false]],
        })),
      );
    });

    it("leaves what is there when the same is published again, by a new process too", async () => {
      await using harness = await open();
      const publication = {
        ...NOTHING,
        open: threads(await placesOf(harness.forge(), harness)),
        summary: summary("All in all."),
      };
      const first = await harness.forge().publish(harness.ref, publication);
      const before = await harness.notes();
      for (const forge of [harness.forge(), harness.forge()]) {
        const again = await forge.publish(harness.ref, publication);
        assert.deepEqual(
          again.threads,
          new Map([...first.threads].map(([marker, outcome]) => [marker, { ...outcome, kind: "present" }])),
        );
        assert.deepEqual(again.summary, { noteId: first.summary?.noteId, outcome: "unchanged" });
        assert.equal(again.way, "nothing-to-send");
      }
      assert.deepEqual(await harness.notes(), before);
    });

    it("publishes nothing twice when somebody else published since it saw that there was nothing", async () => {
      await using harness = await open();
      const forge = harness.forge();
      const places = await placesOf(forge, harness);
      assert.equal((await forge.fetchMergeRequest(harness.ref)).noteCount, 0);
      const publication = { ...NOTHING, open: threads(places), summary: summary("All in all.") };
      await harness.forge().publish(harness.ref, publication);
      const before = await harness.notes();
      assert.equal((await forge.fetchMergeRequest(harness.ref)).noteCount, before.length);
      assert.equal((await forge.publish(harness.ref, publication)).way, "nothing-to-send");
      assert.deepEqual(await harness.notes(), before);
    });

    it("replies to a thread and resolves it, and tells who resolved what", async () => {
      await using harness = await open();
      const forge = harness.forge();
      await forge.publish(harness.ref, { ...NOTHING, open: threads({ one: null, two: null, three: null }) });
      const ids = (await forge.fetchDiscussions(harness.ref)).map(({ id }) => id);
      const reply = ids.slice(0, 2).map((discussionId, index) => ({
        discussionId,
        ...marked(`reply ${index}`, "Done."),
        resolve: index === 0,
      }));
      assert.deepEqual(kinds(await forge.publish(harness.ref, { ...NOTHING, reply })), [
        "published",
        "published",
      ]);
      const ada = await harness.resolveAsAda(ids[2] ?? "");
      assert.deepEqual(
        (await forge.fetchDiscussions(harness.ref)).map((one) => [
          one.notes.length,
          one.resolved,
          one.resolvedBy,
        ]),
        [
          [2, true, "us"],
          [2, false, null],
          [1, true, ada],
        ],
      );
      const repeated = await harness.forge().publish(harness.ref, { ...NOTHING, reply });
      assert.deepEqual(kinds(repeated), ["present", "present"]);
    });

    it("tells what is refused and publishes the rest", async () => {
      await using harness = await open();
      const forge = harness.forge();
      const { added } = await placesOf(forge, harness);
      assert.ok(added);
      const nowhere: Position = { ...added, on: { kind: "line", oldLine: null, newLine: 4, range: null } };
      const receipt = await forge.publish(harness.ref, {
        ...NOTHING,
        open: threads({ added, nowhere }),
        reply: [{ discussionId: "0".repeat(40), ...marked("reply", "To nobody."), resolve: false }],
        summary: summary("All in all."),
      });
      assert.deepEqual(kinds(receipt), ["published", "refused", "refused"]);
      assert.equal((await harness.notes()).length, 2);
    });

    it("updates its summary in place, and creates one that is gone", async () => {
      await using harness = await open();
      const forge = harness.forge();
      const put = async (text: string, noteId: number | null) =>
        (await forge.publish(harness.ref, { ...NOTHING, summary: summary(text, noteId) })).summary;
      const created = await put("First.", null);
      assert.ok(created?.outcome === "created");
      const { noteId } = created;
      assert.deepEqual(await put("Second.", noteId), { noteId, outcome: "updated" });
      assert.deepEqual(await put("Second.", noteId), { noteId, outcome: "unchanged" });
      harness.deleteNote(noteId);
      assert.equal((await put("Third.", noteId))?.outcome, "created");
      assert.deepEqual(
        (await harness.notes()).map(({ body }) => body),
        [summary("Third.").body],
      );
    });

    it("reads every discussion of many, those of others too", async () => {
      await using harness = await open();
      for (let index = 0; index < 110; index += 1) await harness.writeAsAda(`Remark ${index}`);
      const discussions = await harness.forge().fetchDiscussions(harness.ref);
      assert.deepEqual(
        discussions.map(({ individual, resolvable, position, notes }) => [
          individual,
          resolvable,
          position,
          notes[0]?.body,
        ]),
        Array.from({ length: 110 }, (_, index) => [true, false, null, `Remark ${index}`]),
      );
    });

    it("reads a file as it was in a commit", async () => {
      await using harness = await open();
      const forge = harness.forge();
      const { diffRefs } = await forge.fetchMergeRequest(harness.ref);
      const read = (path: string, sha = diffRefs.headSha) => forge.fetchFile(harness.ref, { path, sha });
      const main = "src/main.ts";
      assert.deepEqual(await read(main), { kind: "text", text: CHANGES.writes[main] });
      assert.deepEqual(await read(main, diffRefs.baseSha), { kind: "text", text: CHANGES.base[main] });
      const odd = "a folder/ümläut ?#%.txt";
      assert.deepEqual(await read(odd), { kind: "text", text: CHANGES.writes[odd] });
      assert.deepEqual(await read("empty.txt"), { kind: "text", text: "" });
      assert.deepEqual(await read("picture.bin"), { kind: "binary" });
      for (const path of ["gone.txt", "src", "../etc/passwd", ""])
        assert.deepEqual(await read(path), { kind: "missing" }, path);
      assert.deepEqual(await read(main, "f".repeat(40)), { kind: "missing" });
    });

    it("tells the default branch from one that anybody may push to, and reads it as HEAD", async () => {
      await using harness = await open();
      const forge = harness.forge();
      const { sourceBranch, targetBranch } = await forge.fetchMergeRequest(harness.ref);
      const are = [targetBranch, sourceBranch, "not/there"].map((branch) =>
        forge.isProtectedBranch(harness.ref, branch),
      );
      assert.deepEqual(await Promise.all(are), [true, false, false]);
      const list = (sha: string) => forge.listFolder(harness.ref, { path: "", sha, recursive: false });
      assert.deepEqual(await list("HEAD"), await list(`refs/heads/${targetBranch}`));
    });

    it("lists folders of a branch with every page, and nothing for what is not there", async () => {
      await using harness = await open();
      const forge = harness.forge();
      const list = async (path: string, sha: string, recursive = false) =>
        (await forge.listFolder(harness.ref, { path, sha, recursive })).map((entry) => entry.path);
      const { baseSha } = (await forge.fetchMergeRequest(harness.ref)).diffRefs;
      const base = Object.keys(CHANGES.base);
      const root = [...new Set(base.map((path) => path.split("/")[0] ?? ""))].toSorted();
      assert.deepEqual((await list("", "refs/heads/main")).toSorted(), root);
      assert.deepEqual((await list("", baseSha)).toSorted(), root);
      assert.deepEqual(await list("src", "refs/heads/main"), ["src/main.ts"]);
      const all = await list("", "refs/heads/main", true);
      assert.deepEqual(all.filter((path) => base.includes(path)).toSorted(), base.toSorted());
      for (const [path, sha] of [
        ["nothing", "refs/heads/main"],
        ["", "refs/heads/none"],
        ["", "f".repeat(40)],
      ] as const)
        assert.deepEqual(await list(path, sha), [], `${path} at ${sha}`);
      const [file] = await forge.listFolder(harness.ref, { path: "src", sha: baseSha, recursive: false });
      assert.deepEqual([file?.type, file?.mode], ["blob", "100644"]);
      const many = Array.from({ length: 230 }, (_, index) => `many-more/${String(index).padStart(3, "0")}`);
      await harness.writeToMain(Object.fromEntries(many.map((path) => [path, path])));
      assert.deepEqual((await list("many-more", "refs/heads/main")).toSorted(), many);
    });
  });
};
