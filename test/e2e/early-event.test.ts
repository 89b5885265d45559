import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { MergeRequest } from "../../standins/gitlab/state.ts";
import { pastTheEnd, startTalkWorld, type TalkWorld } from "./talk-world.ts";
import { SECRET } from "./start.ts";

let deliveries = 0;

/** An event of a merge request as whoever has the hook's secret can write it. */
const send = async ({ url, team, gitlab }: TalkWorld, iid: number, attributes: object, more: object = {}) => {
  const response = await fetch(`${url}/webhooks/gitlab`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-gitlab-event": "Merge Request Hook",
      "x-gitlab-token": SECRET,
      "idempotency-key": `early-${(deliveries += 1)}`,
    },
    body: JSON.stringify({
      object_kind: "merge_request",
      user: { id: team.author.id, username: team.author.username },
      project: {
        id: team.project.id,
        path_with_namespace: team.project.path,
        web_url: `${gitlab.url}/${team.project.path}`,
      },
      object_attributes: {
        iid,
        action: "open",
        state: "opened",
        title: "Add it",
        description: "",
        url: "",
        author_id: team.author.id,
        source_branch: "early",
        target_branch: "main",
        source_project_id: team.project.id,
        target_project_id: team.project.id,
        ...attributes,
      },
      changes: {},
      ...more,
    }),
  });
  assert.ok(response.ok, await response.text());
};

suite("an event that was written by hand and comes before GitLab's own", () => {
  let open: TalkWorld | undefined;
  const world = (): TalkWorld => open ?? assert.fail("not started");
  before(async () => {
    open = await startTalkWorld({
      flows: [{ name: "review", file: "builtin:review", triggers: { labels: ["review me"] } }],
    });
  });
  after(async () => open?.[Symbol.asyncDispose]());

  const headOf = (mergeRequest: MergeRequest): string => mergeRequest.versions.at(-1)?.head ?? "";

  test("about a head that is not there yet leaves that head its review", async () => {
    const { gitlab, team, idle, openReviewed, store } = world();
    const mergeRequest = await openReviewed("early");
    // She knows the commit that she will push, and has it called reviewed before it is there.
    await gitlab.push(team.project, {
      branch: "elsewhere",
      from: "early",
      user: team.author,
      actions: [{ action: "write", path: "src/second.js", content: pastTheEnd("second") }],
    });
    const next = await team.project.repository.resolve("refs/heads/elsewhere");
    await send(world(), mergeRequest.iid, { action: "update", oldrev: "0", last_commit: { id: next } });
    await idle(mergeRequest.iid);
    assert.ok(
      (await store.listRuns({ limit: 50 })).every(
        ({ headSha, state }) => headSha !== next || state === "cancelled",
      ),
    );
    await gitlab.push(team.project, {
      branch: "early",
      user: team.author,
      actions: [{ action: "write", path: "src/second.js", content: pastTheEnd("second") }],
    });
    const runs = await idle(mergeRequest.iid);
    const done = runs.filter(
      ({ state, headSha }) => state === "succeeded" && headSha === headOf(mergeRequest),
    );
    assert.equal(done.length, 1);
  });

  test("that claims a label does nothing", async () => {
    const { idle, openReviewed } = world();
    const mergeRequest = await openReviewed("unlabelled");
    const before = (await idle(mergeRequest.iid)).length;
    const labels = { previous: [], current: [{ title: "review me" }] };
    const last_commit = { id: headOf(mergeRequest) };
    await send(world(), mergeRequest.iid, { action: "update", last_commit }, { changes: { labels } });
    const runs = await idle(mergeRequest.iid);
    assert.equal(runs.length, before + 1);
    assert.deepEqual([runs[0]?.state, runs[0]?.reason?.code], ["cancelled", "nothing-to-review"]);
  });
});
