import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { PATIENCE_MS, startKillWorld } from "./kill-world.ts";
import { eventually } from "./team.ts";

const SOURCE = ["one", "two", "three"]
  .map((name) => `for (let i = 0; i <= ${name}.length; i++) use(${name}[i]);\n`)
  .join("// a quiet line\n".repeat(10));

/** The writes to the merge request of that number that the server dies at. */
const DEATHS = [
  { path: (iid: number) => new RegExp(`/merge_requests/${iid}/draft_notes$`), after: 2, when: "before" },
  { path: (iid: number) => new RegExp(`/merge_requests/${iid}/draft_notes/bulk_publish$`), when: "after" },
  { path: (iid: number) => new RegExp(`/merge_requests/${iid}/notes$`), when: "after" },
] as const;

suite("kill -9 in the middle of publishing", () => {
  test("nothing comes twice and nothing is missing, at whichever write it was", async () => {
    await using world = await startKillWorld();
    const { gitlab, model } = world;
    for (const [index, { path, ...rest }] of DEATHS.entries()) {
      const death = { method: "POST", path: path(index + 1), ...rest };
      const what = `${String(death.path)} ${death.when}`;
      const opening = Promise.withResolvers<Awaited<ReturnType<typeof world.open>>>();
      const chats = await world.dieAt(death, async () =>
        opening.resolve(await world.open(`loops${index}`, SOURCE)),
      );
      const mergeRequest = await opening.promise;
      assert.equal(mergeRequest.iid, index + 1);
      await eventually(
        `the review after ${what}`,
        async () => {
          const { notes } = await gitlab.viewMergeRequest(mergeRequest);
          return notes.some(({ body }) => body.includes("<!-- reviewflow:summary ")) || undefined;
        },
        PATIENCE_MS,
      );
      await world.idle();
      const settled = await gitlab.viewMergeRequest(mergeRequest);
      const lines = settled.discussions.flatMap(({ individual_note, notes: [note] }) =>
        individual_note || note?.type !== "DiffNote" ? [] : [note.position?.new_line],
      );
      assert.deepEqual(new Set(lines), new Set([1, 12, 23]), what);
      assert.equal(lines.length, 3, what);
      assert.equal(settled.notes.length, 4, what);
      assert.equal(settled.drafts.length, 0, what);
      assert.equal(model.chatCount(), chats, `${what}: no model call is paid for twice`);
    }
    await world.stop();
  });
});
