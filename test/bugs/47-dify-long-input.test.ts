import assert from "node:assert/strict";
import { test } from "node:test";
import { reasonOf } from "../../src/base/reason.ts";
import { translator } from "../../src/messages/format-message.ts";
import { startDifyStandIn } from "../../standins/dify/dify-stand-in.ts";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import { noteApp } from "../e2e/review-apps.ts";
import { SECRET, startForTeam } from "../e2e/start.ts";
import { addHook, createTeam, eventually } from "../e2e/team.ts";

const MOST = 600;

test("a diff over the app's limit is cut to it, and the note says so", async () => {
  await using gitlab = await startGitLabStandIn();
  const diffs: string[] = [];
  const app = noteApp(async ({ inputs }) => {
    diffs.push(String(inputs["diff"]));
    return "A review.";
  });
  const form = app.form.map((field) => (field.variable === "diff" ? { ...field, max_length: MOST } : field));
  await using dify = await startDifyStandIn({ apps: [{ ...app, form }] });
  const team = await createTeam(gitlab);
  await using reviewflow = await startForTeam(team, dify);
  await addHook(team, { url: `${reviewflow.url}/webhooks/gitlab`, token: SECRET });
  const lines = Array.from({ length: 200 }, (_, at) => `export const 값${at} = "🙂";\n`);
  await gitlab.push(team.project, {
    branch: "long",
    user: team.author,
    actions: [{ action: "write", path: "src/long.js", content: lines.join("") }],
  });
  const mergeRequest = await gitlab.openMergeRequest(team.project, {
    author: team.author,
    sourceBranch: "long",
  });
  const [note = ""] = await eventually("the note", async () => {
    const notes = await team.botNotes(mergeRequest);
    return notes.length > 0 ? notes : undefined;
  });
  const [diff = ""] = diffs;
  assert.equal(diffs.length, 1);
  assert.ok(diff.length <= MOST && diff.length > MOST / 2, `${diff.length}`);
  assert.ok(diff.isWellFormed());
  assert.deepEqual(
    dify.runs().map(({ status }) => status),
    ["succeeded"],
  );
  const said = translator("en").reason(reasonOf("input-cut", { input: "diff", length: 1, most: MOST }));
  const [before = "", after = ""] = said.split(/\b1\b/);
  assert.ok(note.includes(before) && note.includes(after), note);
});
