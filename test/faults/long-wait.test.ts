import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { silentLogger } from "../../src/base/logger.ts";
import { readConfig } from "../../src/cli/read-config.ts";
import { showOutages } from "../../src/cli/outages.ts";
import { startReviewflow } from "../../src/main.ts";
import { translator } from "../../src/messages/format-message.ts";
import { progressMarker } from "../../src/review/note-text.ts";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { SECRET } from "../e2e/start.ts";
import { setUpEmbedded } from "../e2e/start-embedded.ts";
import { addHook, createTeam, eventually } from "../e2e/team.ts";
import { startReceiver } from "../notify/receivers.ts";
import { startFailingFront } from "./failing-front.ts";
import { createMovedClock, openMovedSqlite } from "./moved-databases.ts";

const MINUTE_MS = 60_000;
const Sent = z.object({ event: z.string(), state: z.string(), projects: z.array(z.string()) });

test("a review that waits for more than ten minutes has a note, a row on the overview and a message, until it is made", async () => {
  await using stack = new AsyncDisposableStack();
  const { clock, move: moveClock } = createMovedClock();
  const database = stack.use(await openMovedSqlite());
  const gitlab = stack.use(await startGitLabStandIn());
  const model = stack.use(await startModelStandIn());
  const front = stack.use(await startFailingFront(new URL(model.url).origin));
  const receiver = stack.use(await startReceiver());
  const team = await createTeam(gitlab);
  const main = { model: "stand-in", base_url: `${front.url}/v1`, context_window: 32_768 };
  const setup = stack.use(
    await setUpEmbedded(team, model, {
      models: { main },
      flows: [{ name: "team", file: "builtin:review", language: "English" }],
      worker: { lease: "1h" },
      notifications: [{ url: receiver.url }],
    }),
  );
  const config = readConfig(setup.environment, setup.configFile);
  const reviewflow = stack.use(await startReviewflow(config, { logger: silentLogger, clock }));
  const { store, url } = reviewflow;
  await addHook(team, { url: `${url}/webhooks/gitlab`, token: SECRET });
  const move = async (ms: number): Promise<void> => {
    await database.move(ms);
    moveClock(ms);
    gitlab.advanceTime(ms);
  };
  const told = () => receiver.received.map(({ body }) => Sent.parse(JSON.parse(body)));
  /** Whether the overview has a row of the model, by what its button does. */
  const isOnOverview = async (): Promise<boolean> =>
    (await (await fetch(`${url}/dashboard`)).text()).includes(
      `/outages/model/${Buffer.from("main").toString("base64url")}/resume`,
    );

  await front.set("503");
  const mergeRequest = await team.openMergeRequest("cart");
  const notes = async (): Promise<number> =>
    (await team.botNotes(mergeRequest)).filter((text) => text.startsWith(progressMarker("team"))).length;
  const run = await eventually("it waits", async () => {
    const [first] = await store.listRuns({ limit: 5 });
    // Pauses between the calls of one run pass by the clock, too.
    if (first?.waitingFor === null || first === undefined) await move(1_000);
    return first?.waitingFor === null ? undefined : first;
  });
  assert.equal(run.waitingFor?.kind, "model");
  assert.equal(await isOnOverview(), true);

  const sinceMs = run.waitingFor?.sinceMs ?? assert.fail("not waiting");
  while (clock.now() - sinceMs < 9 * MINUTE_MS) await move(MINUTE_MS / 2);
  assert.deepEqual([await notes(), told()], [0, []], "not before ten minutes");
  const shown = await eventually("note and message", async () => {
    await move(15_000);
    const [note, message] = [await notes(), told()];
    return note > 0 && message.length > 0 ? { note, message } : undefined;
  });
  assert.deepEqual(shown, {
    note: 1,
    message: [{ event: "review_failing", state: "open", projects: [team.project.path] }],
  });
  assert.equal(await isOnOverview(), true);

  const said: string[] = [];
  const asked = { config: setup.configFile, environment: setup.environment, server: url };
  const terminal = {
    write: (text: string) => void said.push(text),
    complain: (text: string) => assert.fail(text),
  };
  assert.equal(await showOutages({ ...asked, ...terminal, resume: true }), 0);
  const t = translator("English");
  assert.equal(said.at(-1), `${t("outages.resumed", { peer: `${t("peer.model")} main` })}\n`);
  await front.set(null);
  await eventually("everything is over", async () => {
    await move(15_000);
    const isReviewed = (await store.getRun(run.id))?.state === "succeeded";
    return isReviewed && (await notes()) === 0 && told().length === 2 ? true : undefined;
  });
  assert.equal(told().at(-1)?.state, "over");
  assert.equal(await isOnOverview(), false);
  assert.equal(await showOutages({ ...asked, ...terminal }), 0);
  assert.equal(said.at(-1), `${t("outages.none")}\n`);
  assert.equal((await store.listRuns({ limit: 5 })).length, 1);
});
