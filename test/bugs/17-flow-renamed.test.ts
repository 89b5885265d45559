import assert from "node:assert/strict";
import { test } from "node:test";
import { startRestartedWorld } from "./restarted-world.ts";

/** A file without a mistake. */
const FINE = "export const fine = (list) => list.length;\n";

test("a flow that got another name goes on with what it said under the old one", async () => {
  await using world = await startRestartedWorld();
  const { restart, openReviewed, push, findings, summaries, gitlab, team } = world;
  await restart({ flow: "review" });
  const mergeRequest = await openReviewed("renamed");
  const [finding] = await findings(mergeRequest);
  const [summary] = await summaries(mergeRequest);
  assert.ok(finding !== undefined && summary !== undefined);
  const ids = async () => ({
    findings: (await findings(mergeRequest)).map(({ id }) => id),
    summaries: (await summaries(mergeRequest)).map(({ id }) => id),
  });
  for (const flow of ["reviewer", "shop_review"]) {
    await restart({ flow });
    await push(mergeRequest, `src/${flow}.js`, FINE);
    assert.deepEqual(await ids(), { findings: [finding.id], summaries: [summary.id] }, flow);
  }
  assert.match((await summaries(mergeRequest))[0]?.body ?? "", /flow=shop_review/);
  // A command that means the finding finds it, too.
  const view = await gitlab.viewMergeRequest(mergeRequest);
  const thread = view.discussions.find(({ notes }) => notes[0]?.id === finding.id);
  await gitlab.addNote(mergeRequest, team.owner, {
    body: `@${team.bot.username} ignore`,
    discussionId: thread?.id ?? assert.fail("no thread"),
  });
  const [run] = await world.idle(mergeRequest);
  assert.equal(run?.reason?.code, "finding-ignored");
  await restart({ flow: "review" });
  await push(mergeRequest, "src/back.js", FINE);
  assert.deepEqual(await ids(), { findings: [finding.id], summaries: [summary.id] });
});

test("a flow that got another name replaces the description that it wrote under the old one", async () => {
  await using world = await startRestartedWorld();
  const { restart, openReviewed, gitlab, team } = world;
  await restart({ flow: "review" });
  const mergeRequest = await openReviewed("described");
  const describe = async (): Promise<number> => {
    await gitlab.addNote(mergeRequest, team.author, { body: `@${team.bot.username} describe --write` });
    const [run] = await world.idle(mergeRequest);
    assert.equal(run?.reason?.code, "answered");
    return mergeRequest.description.split("<!-- reviewflow:description -->").length - 1;
  };
  assert.equal(await describe(), 1);
  await restart({ flow: "reviewer" });
  assert.equal(await describe(), 1);
  await restart({ flow: "review" });
  assert.equal(await describe(), 1);
});
