import assert from "node:assert/strict";
import { test } from "node:test";
import { extractCommands } from "../../../standins/gitlab/quick-actions.ts";
import { callAs, openProject, Row } from "./setup.ts";

const names = (body: string): readonly string[] =>
  extractCommands(body).commands.map((command) => command.name);

test("commands are found at the start of lines only, and not in closed fences", () => {
  assert.deepEqual(names("/close"), ["close"]);
  assert.deepEqual(names("text\n/label ~bug\n/APPROVE"), ["label", "approve"]);
  assert.deepEqual(names("text\r/merge\r\n  /close"), ["merge"]);
  assert.deepEqual(names("```\n/close\n```\n"), []);
  assert.deepEqual(names("````\n```\n/close\n```\n````"), []);
  assert.deepEqual(names("```\n/close"), ["close"], "a fence that never closes protects nothing");
  assert.deepEqual(names("see /close and \\/merge\n`/approve`\n- /merge"), []);
  assert.deepEqual(names("/usr/bin is a path\n/unknown"), []);
});

test("quick actions in notes run as the note's author", async (t) => {
  const { standIn, api, base, mergeRequest, project, bot } = await openProject();
  t.after(() => standIn.close());

  await t.test("a mixed note loses the command and keeps the rest", async () => {
    const reply = await api("POST", `${base}/notes`, {
      body: 'Looks good\n/label ~"needs work" ~bug\n/approve',
    });
    assert.equal(reply.status, 201);
    assert.equal(Row.parse(reply.body)["body"], "Looks good");
    assert.deepEqual(mergeRequest.labels, ["needs work", "bug"]);
    assert.deepEqual(
      mergeRequest.approvedBy.map((user) => user.id),
      [bot.user.id],
    );
    assert.deepEqual(
      standIn.quickActions.map((one) => [one.command, one.user, one.executed]),
      [
        ["label", bot.user.username, true],
        ["approve", bot.user.username, true],
      ],
    );
  });

  await t.test("a note of commands alone answers 202 and leaves no note", async () => {
    const before = mergeRequest.discussions.flatMap((one) => one.notes).filter((note) => !note.system).length;
    const reply = await api("POST", `${base}/notes`, { body: "/close" });
    assert.equal(reply.status, 202);
    assert.deepEqual(reply.body, {
      commands_changes: { state_event: "close" },
      summary: ["Closed this merge request."],
    });
    assert.equal(mergeRequest.state, "closed");
    assert.equal(
      mergeRequest.discussions.flatMap((one) => one.notes).filter((note) => !note.system).length,
      before,
    );
    await api("POST", `${base}/discussions`, { body: "/reopen" });
    assert.equal(mergeRequest.state, "opened");
  });

  await t.test("what the author may not do is recorded and not done", async () => {
    const reporter = callAs(standIn, standIn.createProjectToken(project, { role: "reporter" }).token);
    assert.equal((await reporter("POST", `${base}/notes`, { body: "/merge" })).status, 400);
    assert.equal(mergeRequest.state, "opened");
    assert.equal(standIn.quickActions.at(-1)?.executed, false);
  });

  await t.test("commands in changed notes and descriptions run too", async () => {
    const note = Row.parse((await api("POST", `${base}/notes`, { body: "text" })).body);
    await api("PUT", `${base}/notes/${String(note["id"])}`, { body: "text\n/draft" });
    assert.match(mergeRequest.title, /^Draft: /);
    await api("PUT", base, { description: "About\n/ready" });
    assert.doesNotMatch(mergeRequest.title, /^Draft: /);
    assert.equal(mergeRequest.description, "About");
  });

  await t.test("a position that is refused runs nothing", async () => {
    const count = standIn.quickActions.length;
    const reply = await api("POST", `${base}/discussions`, {
      body: "x\n/merge",
      position: {
        base_sha: "0",
        start_sha: "0",
        head_sha: "0",
        position_type: "text",
        old_path: "a",
        new_path: "a",
        new_line: 1,
      },
    });
    assert.equal(reply.status, 400);
    assert.equal(standIn.quickActions.length, count);
  });

  await t.test("/merge merges for real", async () => {
    assert.equal((await api("POST", `${base}/notes`, { body: "fine\n/merge" })).status, 201);
    assert.equal(mergeRequest.state, "merged");
    assert.equal(await project.repository.resolve("refs/heads/main"), mergeRequest.mergeCommitSha);
  });
  assert.deepEqual(standIn.failures, []);
});
