import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { startServerProcess } from "./server-process.ts";
import { setUpEmbedded } from "./start-embedded.ts";
import { SECRET } from "./start.ts";
import { pastTheEnd } from "./talk-world.ts";
import { addHook, createTeam, eventually } from "./team.ts";

/** The call that the server dies at, before GitLab carries it out or after, when its answer is on the way. */
const DEATHS = [
  { method: "POST", path: /\/discussions\/\w+\/notes$/, when: "after" },
  { method: "PUT", path: /\/discussions\/\w+$/, when: "before" },
] as const;

suite("kill -9 in the middle of an answer", () => {
  test("the answer comes once, is paid for once, and what it ends is ended", async () => {
    await using model = await startModelStandIn();
    for (const { method, path, when } of DEATHS) {
      const what = `${method} ${String(path)} ${when}`;
      await using gitlab = await startGitLabStandIn();
      const team = await createTeam(gitlab);
      await using setup = await setUpEmbedded(team, model, {
        flows: [{ name: "review", file: "builtin:review" }],
      });
      const environment = { ...setup.environment, REVIEWFLOW_CONFIG: setup.configFile };
      const first = await startServerProcess(environment);
      await addHook(team, { url: `${first.url}/webhooks/gitlab`, token: SECRET, note_events: true });
      await gitlab.push(team.project, {
        branch: "loop",
        user: team.author,
        actions: [{ action: "write", path: "src/loop.js", content: pastTheEnd("loop") }],
      });
      const mergeRequest = await gitlab.openMergeRequest(team.project, {
        author: team.author,
        sourceBranch: "loop",
        title: "A loop",
      });
      const thread = await eventually(
        "the finding",
        async () => {
          const { discussions, notes } = await gitlab.viewMergeRequest(mergeRequest);
          const isDone = notes.some(({ body }) => body.includes("What was reviewed"));
          return isDone ? discussions.find(({ individual_note }) => !individual_note) : undefined;
        },
        60_000,
      );
      const fault = gitlab.fail({ method, path }, { kind: "hang", when });
      await gitlab.addNote(mergeRequest, team.author, {
        body: "This is not a bug, the list has a sentinel.",
        discussionId: thread.id,
      });
      await eventually(what, async () => fault.hits() > 0 || undefined, 60_000);
      await first.kill();
      const chats = model.chatCount();

      const second = await startServerProcess(environment);
      const settled = await eventually(
        `the answer after ${what}`,
        async () => {
          const { discussions, reactions } = await gitlab.viewMergeRequest(mergeRequest);
          const found = discussions.find(({ id }) => id === thread.id);
          const isDone = reactions.some(({ name }) => name === "white_check_mark");
          return isDone && found?.notes[0]?.resolved === true ? found : undefined;
        },
        60_000,
      );
      assert.equal(await second.stop(), 0, what);
      const answers = settled.notes.filter(({ body }) => body.startsWith("<!-- reviewflow:reply "));
      assert.equal(answers.length, 1, what);
      assert.match(answers[0]?.body ?? "", /withdrawn/, what);
      assert.equal(model.chatCount(), chats, `${what}: no model call is paid for twice`);
      assert.ok(!(first.output() + second.output()).includes(team.token));
    }
  });
});
