import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import { textOf } from "../../standins/model/chat-request.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { startMcpServer } from "../tools/mcp-server.ts";
import { startServerProcess } from "./server-process.ts";
import { setUpEmbedded } from "./start-embedded.ts";
import { SECRET } from "./start.ts";
import { addHook, createTeam, eventually } from "./team.ts";

const FLOW = fileURLToPath(new URL("flows/item-by-item.yml", import.meta.url));
const AGENT = fileURLToPath(new URL("flows/agent-of-calls.yml", import.meta.url));

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

suite("a run that is killed in the middle of an agent's third call", () => {
  for (const place of ["of its model", "of a tool"] as const) {
    test(`${place}: none of the calls before is made again`, async () => {
      await using gitlab = await startGitLabStandIn();
      const asked: number[] = [];
      const looked: string[] = [];
      const hold = Promise.withResolvers<void>();
      const isThird = (calls: readonly unknown[], what: typeof place): boolean =>
        place === what && calls.length === 3;
      await using shelf = await startMcpServer({
        tools: [
          { name: "look_up", inputSchema: { type: "object", properties: { page: { type: "string" } } } },
        ],
        call: async (_name, { page }) => {
          looked.push(String(page));
          if (isThird(looked, "of a tool")) await hold.promise;
          return { content: [{ type: "text", text: `page ${String(page)}` }] };
        },
      });
      await using model = await startModelStandIn({
        script: async ({ messages }) => {
          const results = messages.filter(({ role }) => role === "tool").length;
          asked.push(results);
          if (isThird(asked, "of its model")) await hold.promise;
          const calls = [{ name: "look_up", arguments: JSON.stringify({ page: String(results + 1) }) }];
          return results < 3 ? { text: "", calls } : "All is well.";
        },
      });
      const team = await createTeam(gitlab);
      await using setup = await setUpEmbedded(team, model, {
        mcp_servers: { shelf: { url: shelf.url } },
        egress: { allow: ["127.0.0.1"] },
        flows: [{ name: "agent", file: AGENT, contract: "note", inputs: { title: "{{ mr.title }}" } }],
      });
      const environment = { ...setup.environment, REVIEWFLOW_CONFIG: setup.configFile };
      const first = await startServerProcess(environment);
      await addHook(team, { url: `${first.url}/webhooks/gitlab`, token: SECRET });
      const mergeRequest = await team.openMergeRequest("cart");
      await eventually(
        "the third call",
        async () => isThird(asked, "of its model") || isThird(looked, "of a tool") || undefined,
      );
      await first.kill();
      hold.resolve();
      const second = await startServerProcess(environment);
      await eventually("the note", async () => (await team.botNotes(mergeRequest)).at(0));
      // The call that the kill fell into is the only one that is made twice.
      assert.deepEqual(asked, place === "of its model" ? [0, 1, 2, 2, 3] : [0, 1, 2, 3]);
      assert.deepEqual(looked, place === "of its model" ? ["1", "2", "3"] : ["1", "2", "3", "3"]);
      assert.equal(await second.stop(), 0);
      assert.ok(!JSON.stringify(shelf.seen).includes(team.token));
    });
  }
});
