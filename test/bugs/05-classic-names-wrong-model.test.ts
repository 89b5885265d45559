import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatMessage } from "../../src/messages/format-message.ts";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { SECRET } from "../e2e/start.ts";
import { setUpEmbedded, startEmbedded } from "../e2e/start-embedded.ts";
import { addHook, createTeam, eventually } from "../e2e/team.ts";

/** One review by a flow file whose models have other names than the one that is set up; its notes, and its run. */
const reviewWith = async (file: string) => {
  await using gitlab = await startGitLabStandIn();
  await using model = await startModelStandIn(file === "builtin:classic" ? { script: () => "Fine." } : {});
  const team = await createTeam(gitlab);
  await using setup = await setUpEmbedded(team, model, {
    models: { main: { model: "stand-in", base_url: model.url } },
    flows: [{ name: "team", file, reply: "off" }],
  });
  await using reviewflow = await startEmbedded(setup);
  await addHook(team, { url: `${reviewflow.url}/webhooks/gitlab`, token: SECRET });
  const mergeRequest = await team.openMergeRequest("cart");
  const run = await eventually("a finished run", async () => {
    const runs = await reviewflow.store.listRuns({ limit: 5 });
    return runs.find(({ state }) => state === "succeeded");
  });
  return { notes: (await team.allBotNotes(mergeRequest)).join("\n"), run };
};

describe("bug 05: the note names a model that was not asked", () => {
  it("classic names none", async () => {
    const { notes, run } = await reviewWith("builtin:classic");
    assert.ok(notes.includes("Fine."));
    assert.doesNotMatch(notes, /gemini|_Model:/i);
    assert.deepEqual(run.usage.models, ["stand-in"]);
  });

  it("the summary names the one that answered", async () => {
    const { notes, run } = await reviewWith("builtin:review");
    assert.doesNotMatch(notes, /gemini/i);
    assert.ok(notes.includes(formatMessage("en", "note.models", { names: "stand-in" })));
    assert.deepEqual(run.usage.models, ["stand-in"]);
  });
});
