import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { z } from "zod";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { scriptedReviewer } from "../../standins/model/scripted-reviewer.ts";
import { progressMarker } from "../../src/review/note-text.ts";
import { startReceiver } from "../notify/receivers.ts";
import { SECRET } from "../e2e/start.ts";
import { saying } from "../messages/saying.ts";
import { setUpEmbedded, startEmbedded } from "../e2e/start-embedded.ts";
import { addHook, createTeam, eventually } from "../e2e/team.ts";

const Sent = z.object({ event: z.string(), state: z.string() });

describe("bug 02: a review that failed for good leaves no sign", () => {
  it("has a note, a failed status, an answer, a row on the overview and a notice, until the next one is made", async () => {
    await using gitlab = await startGitLabStandIn();
    await using receiver = await startReceiver();
    let isBroken = true;
    await using model = await startModelStandIn({
      script: (request) => (isBroken ? "I have nothing to say in JSON." : scriptedReviewer(request)),
    });
    const team = await createTeam(gitlab);
    await using setup = await setUpEmbedded(team, model, {
      notifications: [{ url: `${receiver.url}/ops` }],
      flows: [{ name: "team", file: "builtin:review", publish: { status: true } }],
    });
    await using reviewflow = await startEmbedded(setup, { lookEveryMs: 250 });
    await addHook(team, {
      url: `${reviewflow.url}/webhooks/gitlab`,
      token: SECRET,
      note_events: true,
    });
    const mergeRequest = await team.openMergeRequest("cart");
    const marker = progressMarker("team");
    const ownNotes = async () =>
      (await team.allBotNotes(mergeRequest)).filter((body) => body.startsWith(marker));
    const statuses = () => team.project.statuses.map(({ name, status, ref }) => ({ name, status, ref }));

    await eventually("the note", async () => ((await ownNotes()).length > 0 ? true : undefined));
    assert.equal((await ownNotes()).length, 1);
    const [failed] = await reviewflow.store.listRuns({ limit: 5, state: "failed" });
    assert.ok(failed !== undefined);
    await eventually("the status", async () => (statuses()[0]?.status === "failed" ? true : undefined));
    assert.deepEqual(statuses(), [{ name: "reviewflow/team", status: "failed", ref: "cart" }]);
    const { reactions } = await gitlab.viewMergeRequest(mergeRequest);
    assert.deepEqual(reactions, []);
    const posted = gitlab.requests.filter(({ path }) => /merge_requests\/\d+\/award_emoji/.test(path));
    assert.ok(
      posted.some(({ method }) => method === "POST") && posted.some(({ method }) => method === "DELETE"),
    );
    const overview = await (await fetch(`${reviewflow.url}/dashboard`)).text();
    assert.ok(overview.includes(`/runs/${failed.id}`));
    await eventually("the notice", async () => (receiver.received.length > 0 ? true : undefined));
    assert.deepEqual(
      receiver.received.map(({ body }) => Sent.parse(JSON.parse(body))),
      [{ event: "review_failing", state: "open" }],
    );

    const asked = await fetch(
      `${gitlab.url}/api/v4/projects/${team.project.id}/merge_requests/${mergeRequest.iid}/discussions`,
      {
        method: "POST",
        headers: { "private-token": team.ownerToken, "content-type": "application/json" },
        body: JSON.stringify({ body: `@${team.bot.username} review` }),
      },
    );
    assert.equal(asked.status, 201);
    await eventually("the answer", async () => {
      const { notes } = await gitlab.viewMergeRequest(mergeRequest);
      return notes.some(
        ({ body, author }) => author.id === team.bot.id && saying("conversation.review-failed").test(body),
      )
        ? true
        : undefined;
    });

    isBroken = false;
    await team.push(mergeRequest, "export const more = 2;\n");
    await eventually("the review", async () => {
      const runs = await reviewflow.store.listRuns({ limit: 5 });
      return runs.some(({ state }) => state === "succeeded") ? true : undefined;
    });
    await eventually("the end of the note", async () => ((await ownNotes()).length === 0 ? true : undefined));
    assert.equal(statuses().at(-1)?.status, "success");
  });

  it("is shown where every delivery brings its token and the server has none", async () => {
    await using gitlab = await startGitLabStandIn();
    await using model = await startModelStandIn({ script: () => "I have nothing to say in JSON." });
    const team = await createTeam(gitlab);
    await using setup = await setUpEmbedded(team, model, {
      flows: [{ name: "team", file: "builtin:review", publish: { status: true } }],
    });
    const { GITLAB_TOKEN: token = "", WEBHOOK_SECRET: _, ...rest } = setup.environment;
    const environment = {
      ...rest,
      REVIEWFLOW_TOKEN_PASS_THROUGH: "true",
      REVIEWFLOW_ENCRYPTION_KEY: randomBytes(32).toString("base64"),
    };
    await using reviewflow = await startEmbedded({ ...setup, environment }, { lookEveryMs: 250 });
    await addHook(team, { url: `${reviewflow.url}/webhooks/gitlab`, token });
    const mergeRequest = await team.openMergeRequest("cart");
    await eventually("the status", async () =>
      team.project.statuses[0]?.status === "failed" ? true : undefined,
    );
    const notes = await team.allBotNotes(mergeRequest);
    assert.equal(notes.filter((body) => body.startsWith(progressMarker("team"))).length, 1);
  });
});
