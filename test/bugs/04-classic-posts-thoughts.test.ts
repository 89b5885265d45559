import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { SECRET } from "../e2e/start.ts";
import { setUpEmbedded, startEmbedded } from "../e2e/start-embedded.ts";
import { addHook, createTeam, eventually } from "../e2e/team.ts";

const REVIEW = "## Review\n\nThe total is right.";

suite("bug 04: the tutorial's flow posts what the model thought", () => {
  for (const [name, answer] of [
    ["that the server sends apart", { text: REVIEW, reasoning: "PRIVATE THOUGHT" }],
    ["that stands in the text", { text: `<think>\nPRIVATE THOUGHT\n</think>\n${REVIEW}` }],
  ] as const)
    test(name, async () => {
      await using gitlab = await startGitLabStandIn();
      await using model = await startModelStandIn({ script: () => answer });
      const team = await createTeam(gitlab);
      await using setup = await setUpEmbedded(team, model, {
        models: { main: { model: "stand-in", base_url: model.url } },
        flows: [{ name: "team", file: "builtin:classic", reply: "off" }],
      });
      await using reviewflow = await startEmbedded(setup);
      await addHook(team, { url: `${reviewflow.url}/webhooks/gitlab`, token: SECRET });
      const mergeRequest = await team.openMergeRequest("cart");
      await eventually("a finished run", async () =>
        (await reviewflow.store.listRuns({ limit: 5 })).find(({ state }) => state === "succeeded"),
      );
      const notes = (await team.allBotNotes(mergeRequest)).join("\n");
      assert.match(notes, /The total is right\./);
      assert.doesNotMatch(notes, /PRIVATE THOUGHT|<think>/);
    });
});
