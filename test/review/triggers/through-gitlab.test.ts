import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDelivery } from "../../../src/gitlab/parse-delivery.ts";
import { judgeTrigger } from "../../../src/review/triggers/judge-trigger.ts";
import { rulesForPolicy, type TriggerRules } from "../../../src/review/triggers/trigger-rules.ts";
import { startGitLabStandIn } from "../../../standins/gitlab/gitlab-stand-in.ts";
import { answer, startTinyGitLab } from "../../gitlab/tiny-gitlab.ts";

test("what a whole GitLab sends is judged as what people did", async () => {
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
  const judged = async (): Promise<readonly string[]> => {
    await standIn.settleHooks();
    const deliveries = receiver.seen.slice(seen);
    seen = receiver.seen.length;
    return deliveries.map(({ headers, body }) => {
      const reading = parseDelivery(Buffer.from(body), String(headers["x-gitlab-event"]));
      assert.ok(reading.kind === "event", JSON.stringify(reading));
      const decision = judgeTrigger(reading.event, rules, { queued: null, active: null, reviewedHeads: [] });
      if (decision.kind === "review") return decision.trigger;
      if (decision.kind === "command") return `command ${decision.command.name}`;
      return decision.kind === "ignore" ? (decision.reason.split(":")[0] ?? "") : decision.kind;
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
  assert.deepEqual(await judged(), ["draft"]);
  const note = (body: string) => standIn.addNote(opened, ada, { body });
  await note("/request_review @reviewflow");
  assert.deepEqual(await judged(), ["reviewer"]);
  await note("/request_review @reviewflow");
  assert.deepEqual(await judged(), ["reviewer"]);
  await note("/label ~review");
  assert.deepEqual(await judged(), ["label"]);
  await note("/ready");
  assert.deepEqual(await judged(), ["ready"]);
  await note("/title Another");
  assert.deepEqual(await judged(), ["nothing-to-review"]);
  await note("/describe");
  assert.deepEqual(await judged(), ["command describe"]);
  const said = await note("```\n@reviewflow review\n```");
  assert.deepEqual(await judged(), ["note-not-for-us"]);
  const discussionId = said?.discussion.id ?? assert.fail("no note");
  await standIn.addNote(opened, ada, { body: "Well?", discussionId });
  assert.deepEqual(await judged(), ["reply"], "an answer, and whom it answers is not told");
  const answered = await standIn.addNote(opened, bot, { body: "@reviewflow review" });
  assert.deepEqual(await judged(), ["own-event"]);
  await api(`/merge_requests/${opened.iid}/notes/${answered?.note.id}/award_emoji`, { name: "thumbsdown" });
  assert.deepEqual(await judged(), ["outcome"]);
});
