import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import { textOf } from "../../standins/model/chat-request.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { startServerProcess } from "./server-process.ts";
import { setUpEmbedded } from "./start-embedded.ts";
import { SECRET } from "./start.ts";
import { addHook, createTeam, eventually } from "./team.ts";

const FLOW = fileURLToPath(new URL("flows/item-by-item.yml", import.meta.url));

suite("a run that is killed in the middle of an iteration", () => {
  test("asks the model only about the items that had not finished, once the server is back", async () => {
    await using gitlab = await startGitLabStandIn();
    const asked: string[] = [];
    const fourth = Promise.withResolvers<void>();
    await using model = await startModelStandIn({
      script: async ({ messages }) => {
        const item = textOf(messages[0] ?? assert.fail("no message")).replace("about ", "");
        asked.push(item);
        // The server dies while it waits for this answer.
        if (item === "four" && asked.filter((other) => other === item).length === 1) await fourth.promise;
        return `${item} is fine`;
      },
    });
    const team = await createTeam(gitlab);
    await using setup = await setUpEmbedded(team, model, {
      flows: [{ name: "items", file: FLOW, contract: "note", inputs: { title: "{{ mr.title }}" } }],
    });
    const environment = { ...setup.environment, REVIEWFLOW_CONFIG: setup.configFile };
    const first = await startServerProcess(environment);
    await addHook(team, { url: `${first.url}/webhooks/gitlab`, token: SECRET });
    const mergeRequest = await team.openMergeRequest("cart");
    await eventually("the fourth item", async () => asked.includes("four") || undefined);
    await first.kill();
    fourth.resolve();
    assert.deepEqual(await team.botNotes(mergeRequest), []);

    const second = await startServerProcess(environment);
    const [note] = await eventually("the note", async () => {
      const notes = await team.botNotes(mergeRequest);
      return notes.length > 0 ? notes : undefined;
    });
    assert.match(
      note ?? "",
      /one is fine, two is fine, three is fine, four is fine, five is fine, six is fine/,
    );
    assert.deepEqual(asked, ["one", "two", "three", "four", "four", "five", "six"]);
    assert.equal(await second.stop(), 0);
    assert.equal((await team.botNotes(mergeRequest)).length, 1);
    assert.ok(!(first.output() + second.output()).includes(team.token));
  });
});
