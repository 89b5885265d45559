import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDelivery } from "../../src/gitlab/parse-delivery.ts";
import { decide, NO_HISTORY } from "../../src/review/decide.ts";
import { rulesForPolicy, type TriggerRules } from "../../src/review/triggers.ts";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import { answer, startTinyGitLab } from "../gitlab/tiny-gitlab.ts";

test("what a whole GitLab sends is decided as what people did", async () => {
  await using receiver = await startTinyGitLab((_, response) => answer(response, 200, {}));
  await using standIn = await startGitLabStandIn();
  const ada = standIn.createUser({ username: "ada" });
  const bot = standIn.createUser({ username: "reviewflow" });
  const project = await standIn.createProject({ path: "group/project", owner: ada, files: { a: "a\n" } });
  standIn.addMember(project, bot, "developer");
  const api = async (path: string, body: object): Promise<void> => {
    const response = await fetch(`${standIn.url}/api/v4/projects/${project.id}${path}`, {
      method: "POST",
      headers: { "private-token": standIn.createPersonalToken(ada), "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    assert.ok(response.ok, await response.text());
  };
  const events = { push_events: false, merge_requests_events: true, note_events: true, emoji_events: true };
  await api("/hooks", { url: `${receiver.url}/hook`, ...events });
  const rules: TriggerRules = {
    ...rulesForPolicy("every-push"),
    ready: true,
    reviewer: true,
    labels: ["review"],
    command: true,
    drafts: "on-request",
    self: { id: bot.id, username: bot.username },
  };
  let seen = 0;
  const decided = async (): Promise<readonly string[]> => {
    await standIn.settleHooks();
    const deliveries = receiver.seen.slice(seen);
    seen = receiver.seen.length;
    return deliveries.map(({ headers, body }) => {
      const reading = parseDelivery(Buffer.from(body), String(headers["x-gitlab-event"]));
      assert.ok(reading.kind === "event", JSON.stringify(reading));
      const decision = decide(reading.event, rules, NO_HISTORY);
      if (decision.kind === "review") return decision.trigger;
      if (decision.kind === "reply") return decision.trigger;
      return decision.kind === "ignore" ? decision.reason.code : decision.kind;
    });
  };
  await standIn.push(project, {
    branch: "feature",
    user: ada,
    actions: [{ action: "write", path: "a", content: "b\n" }],
  });
  const opened = await standIn.openMergeRequest(project, {
    author: ada,
    sourceBranch: "feature",
    title: "Draft: T",
  });
  assert.deepEqual(await decided(), ["draft"]);
  const note = (body: string) => standIn.addNote(opened, ada, { body });
  await note("/request_review @reviewflow");
  assert.deepEqual(await decided(), ["reviewer"]);
  await note("/request_review @reviewflow");
  assert.deepEqual(await decided(), ["reviewer"]);
  await note("/label ~review");
  assert.deepEqual(await decided(), ["label"]);
  await note("/ready");
  assert.deepEqual(await decided(), ["ready"]);
  await note("/title Another");
  assert.deepEqual(await decided(), ["nothing-to-review"]);
  await note("/describe");
  assert.deepEqual(await decided(), ["note:describe"]);
  const said = await note("```\n@reviewflow review\n```");
  assert.deepEqual(await decided(), ["note-not-for-us"]);
  const discussionId = said?.discussion.id ?? assert.fail("no note");
  await standIn.addNote(opened, ada, { body: "Well?", discussionId });
  assert.deepEqual(await decided(), ["note:thread"], "an answer, and whom it answers is not told");
  const answered = await standIn.addNote(opened, bot, { body: "@reviewflow review" });
  assert.deepEqual(await decided(), ["own-event"]);
  await api(`/merge_requests/${opened.iid}/notes/${answered?.note.id}/award_emoji`, { name: "thumbsdown" });
  assert.deepEqual(await decided(), ["emoji-not-on-finding"]);
});
