import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { MergeRequest } from "../../standins/gitlab/state.ts";
import { startRestartedWorld, type RestartedWorld } from "./restarted-world.ts";

/** A file without a mistake. */
const FINE = "export const fine = (list) => list.length;\n";

suite("a token that was replaced belongs to another bot user", () => {
  let open: RestartedWorld | undefined;
  const world = (): RestartedWorld => open ?? assert.fail("not started");
  before(async () => {
    open = await startRestartedWorld();
  });
  after(async () => open?.[Symbol.asyncDispose]());

  /** Authors of findings and summaries, in the order of the notes. */
  const authorsOf = async (mergeRequest: MergeRequest) => ({
    findings: (await world().findings(mergeRequest)).map(({ author }) => author.username),
    summaries: (await world().summaries(mergeRequest)).map(({ author }) => author.username),
  });
  const isResolved = async (mergeRequest: MergeRequest) =>
    (await world().findings(mergeRequest)).map(({ resolved }) => resolved);

  const cases = [
    { name: "of the project", heir: "project", role: "developer", isDeleted: false },
    { name: "of a group above it", heir: "group", role: "developer", isDeleted: false },
    { name: "as a Maintainer", heir: "project", role: "maintainer", isDeleted: false },
    {
      name: "after GitLab gave the old bot's notes to its ghost",
      heir: "project",
      role: "developer",
      isDeleted: true,
    },
  ] as const;
  for (const [index, { name, heir, role, isDeleted }] of cases.entries())
    test(`${name}: nothing is said twice, and the old thread is resolved when its mistake is gone`, async () => {
      const { gitlab, team, restart, openReviewed, push } = world();
      const first = gitlab.createProjectToken(team.project);
      await restart({ token: first.token });
      const topic = `taken${index}`;
      const mergeRequest = await openReviewed(topic);
      const old = first.user.username;
      assert.deepEqual(await authorsOf(mergeRequest), { findings: [old], summaries: [old] });
      const next =
        heir === "group"
          ? gitlab.createGroupToken("bootcamp", { role })
          : gitlab.createProjectToken(team.project, { role });
      if (isDeleted) gitlab.deleteToken(first.token);
      else gitlab.revokeToken(first.token);
      await restart({ token: next.token });
      const writer = isDeleted ? "ghost" : old;
      // A Developer may not edit the former bot's note, and says how things are in one of its own.
      const summaries = role === "maintainer" ? [writer] : [writer, next.user.username];
      for (const round of [1, 2]) {
        const run = await push(mergeRequest, `src/more${round}.js`, FINE);
        assert.equal(run.state, "succeeded", JSON.stringify(run.reason));
        assert.deepEqual(await authorsOf(mergeRequest), { findings: [writer], summaries });
        assert.deepEqual(await isResolved(mergeRequest), [false]);
      }
      await push(mergeRequest, `src/${topic}.js`, FINE);
      assert.deepEqual(await isResolved(mergeRequest), [true]);
      assert.deepEqual(await authorsOf(mergeRequest), { findings: [writer], summaries });
    });
});
