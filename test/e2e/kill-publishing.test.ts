import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { startServerProcess } from "./server-process.ts";
import { setUpEmbedded } from "./start-embedded.ts";
import { SECRET } from "./start.ts";
import { addHook, createTeam, eventually } from "./team.ts";

const SOURCE = ["one", "two", "three"]
  .map((name) => `for (let i = 0; i <= ${name}.length; i++) use(${name}[i]);\n`)
  .join("// a quiet line\n".repeat(10));

/** The write that the server dies at, before GitLab carries it out or after, when its answer is on the way. */
const DEATHS = [
  { path: /\/draft_notes$/, after: 2, when: "before" },
  { path: /\/bulk_publish$/, after: 0, when: "after" },
  { path: /\/merge_requests\/1\/notes$/, after: 0, when: "after" },
] as const;

suite("kill -9 in the middle of publishing", () => {
  test("nothing comes twice and nothing is missing, at whichever write it was", async () => {
    await using model = await startModelStandIn();
    for (const { path, after, when } of DEATHS) {
      const what = `${String(path)} ${after} ${when}`;
      await using gitlab = await startGitLabStandIn();
      const team = await createTeam(gitlab);
      await using setup = await setUpEmbedded(team, model, {
        flows: [{ name: "review", file: "builtin:review" }],
      });
      const environment = { ...setup.environment, REVIEWFLOW_CONFIG: setup.configFile };
      const first = await startServerProcess(environment);
      await addHook(team, { url: `${first.url}/webhooks/gitlab`, token: SECRET });
      await gitlab.push(team.project, {
        branch: "loops",
        user: team.author,
        actions: [{ action: "write", path: "src/loops.js", content: SOURCE }],
      });
      const fault = gitlab.fail({ method: "POST", path, after }, { kind: "hang", when });
      const mergeRequest = await gitlab.openMergeRequest(team.project, {
        author: team.author,
        sourceBranch: "loops",
        title: "Loops",
      });
      await eventually(what, async () => fault.hits() > 0 || undefined, 60_000);
      await first.kill();
      const chats = model.chatCount();

      const second = await startServerProcess(environment);
      const view = await eventually(
        `the review after ${what}`,
        async () => {
          const seen = await gitlab.viewMergeRequest(mergeRequest);
          return seen.notes.some(({ body }) => body.includes("What was reviewed")) ? seen : undefined;
        },
        60_000,
      );
      assert.equal(await second.stop(), 0, what);
      const settled = await gitlab.viewMergeRequest(mergeRequest);
      const lines = settled.discussions.flatMap(({ individual_note, notes: [note] }) =>
        individual_note || note?.type !== "DiffNote" ? [] : [note.position?.new_line],
      );
      assert.deepEqual(new Set(lines), new Set([1, 12, 23]), what);
      assert.equal(lines.length, 3, what);
      assert.equal(settled.notes.length, 4, what);
      assert.equal(settled.drafts.length, 0, what);
      assert.equal(settled.notes.length, view.notes.length, what);
      assert.equal(model.chatCount(), chats, `${what}: no model call is paid for twice`);
      assert.ok(!(first.output() + second.output()).includes(team.token));
    }
  });
});
