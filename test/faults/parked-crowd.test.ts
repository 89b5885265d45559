import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { eventually } from "../e2e/team.ts";
import { startReceiver } from "../notify/receivers.ts";
import { startFailingFront } from "./failing-front.ts";
import { KEYS, openOutageWorld } from "./outage-world.ts";

const RUNS = 300;
/** One question and one note, so that so many reviews take seconds. */
const FLOW = fileURLToPath(new URL("../e2e/flows/one-question.yml", import.meta.url));
const ADMIN = "admin-token-of-the-tests-0123456789";

const Sent = z.object({ event: z.string(), state: z.string(), projects: z.array(z.string()) });

test(`${RUNS} merge requests and a wrong key: one refusal and one message; all are reviewed when the key is right`, async () => {
  await using world = await openOutageWorld();
  const { team, gitlab, model } = world;
  await using receiver = await startReceiver();
  await using front = await startFailingFront(new URL(model.url).origin);
  const chats = (): number => front.whole.filter(({ path }) => path.endsWith("/chat/completions")).length;
  await front.set("wrong key");
  await using reviewflow = await world.start("right", {
    server: { port: 0 },
    dashboard: { admin_token: ADMIN },
    models: {
      main: {
        model: "stand-in",
        base_url: `${front.url}/v1`,
        api_key: KEYS.right,
        concurrency: 8,
        context_window: 32_768,
      },
    },
    flows: [
      { name: "team", file: FLOW, contract: "note", language: "English", publish: { progress: false } },
    ],
    worker: { concurrency: 8, per_project: 8 },
    notifications: [{ url: receiver.url }],
  });
  const { store } = reviewflow;
  const mergeRequests = [];
  for (let index = 0; index < RUNS; index += 1)
    mergeRequests.push(await team.openMergeRequest(`topic${index}`));
  await gitlab.settleHooks();
  await eventually("all are parked", async () =>
    (await store.queueStatus()).parked === RUNS ? true : undefined,
  );
  const told = () => receiver.received.map(({ body }) => Sent.parse(JSON.parse(body)));
  await eventually("the message", async () => (told().length > 0 ? true : undefined));
  assert.equal(front.struck(), 1, "one refusal");
  assert.deepEqual(told(), [{ event: "parked", state: "open", projects: [team.project.path] }]);

  await front.set(null);
  const answer = await fetch(`${reviewflow.url}/api/outages/resume`, {
    method: "POST",
    headers: { authorization: `Bearer ${ADMIN}`, "content-type": "application/json" },
    body: JSON.stringify({ kind: "model", name: "main" }),
  });
  assert.equal(answer.status, 200, await answer.text());
  await eventually("all reviews", async () =>
    (await store.countRuns()).succeeded === RUNS ? true : undefined,
  );
  await eventually("the all-clear", async () => (told().length > 1 ? true : undefined));
  assert.deepEqual(
    told().map(({ event, state }) => [event, state]),
    [
      ["parked", "open"],
      ["parked", "over"],
    ],
  );
  assert.equal((await store.listRuns({ limit: RUNS * 2 })).length, RUNS);
  assert.equal(chats(), RUNS, "one answer for each");
  for (const mergeRequest of mergeRequests) assert.equal((await team.botNotes(mergeRequest)).length, 1);
});
