import { formatMessage } from "../../src/messages/format-message.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { PATIENCE_MS, startKillWorld } from "./kill-world.ts";
import { pastTheEnd } from "./talk-world.ts";
import { eventually } from "./team.ts";

/** The call that the server dies at, before GitLab carries it out or after, when its answer is on the way. */
const DEATHS = [
  { method: "POST", path: /\/discussions\/\w+\/notes$/, when: "after" },
  { method: "PUT", path: /\/discussions\/\w+$/, when: "before" },
] as const;

suite("kill -9 in the middle of an answer", () => {
  test("the answer comes once, is paid for once, and what it ends is ended", async () => {
    await using world = await startKillWorld({ note_events: true });
    const { gitlab, model, team } = world;
    for (const [index, death] of DEATHS.entries()) {
      const what = `${death.method} ${String(death.path)} ${death.when}`;
      const mergeRequest = await world.open(`loop${index}`, pastTheEnd(`loop${index}`));
      const thread = await eventually(
        "the finding",
        async () => {
          const { discussions, notes } = await gitlab.viewMergeRequest(mergeRequest);
          const isDone = notes.some(({ body }) => body.includes("<!-- reviewflow:summary "));
          return isDone ? discussions.find(({ individual_note }) => !individual_note) : undefined;
        },
        PATIENCE_MS,
      );
      const chats = await world.dieAt(death, () =>
        gitlab.addNote(mergeRequest, team.author, {
          body: "This is not a bug, the list has a sentinel.",
          discussionId: thread.id,
        }),
      );
      await eventually(
        `the answer after ${what}`,
        async () => {
          const { discussions, reactions } = await gitlab.viewMergeRequest(mergeRequest);
          const found = discussions.find(({ id }) => id === thread.id);
          const isDone = reactions.some(({ name }) => name === "white_check_mark");
          return (isDone && found?.notes[0]?.resolved === true) || undefined;
        },
        PATIENCE_MS,
      );
      await world.idle();
      const { discussions } = await gitlab.viewMergeRequest(mergeRequest);
      const answers = discussions
        .filter(({ id }) => id === thread.id)
        .flatMap(({ notes }) => notes.filter(({ body }) => body.startsWith("<!-- reviewflow:reply ")));
      assert.equal(answers.length, 1, what);
      assert.ok(answers[0]?.body.includes(formatMessage("en", "conversation.withdrawn")), what);
      assert.equal(model.chatCount(), chats, `${what}: no model call is paid for twice`);
    }
    await world.stop();
  });
});
