import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { systemClock } from "../../src/base/clock.ts";
import { Secret } from "../../src/base/secret.ts";
import { startServer } from "../../src/http/server.ts";
import type { OpenedStore } from "../../src/store/open-store.ts";
import { setUpDashboard, TOKEN } from "../http/dashboard/dashboard-setup.ts";
import { openTemporaryStore } from "../http/dashboard/temporary-store.ts";
import { runLiveFlow } from "../http/live-flow.ts";
import { CALL, WATCHED } from "../http/live-setup.ts";
import { queueRun, succeeded, untilState } from "../store/store-requests.ts";
import { chromiumOrReason } from "./find-chromium.ts";
import { faintTextsOf, namelessOf, overflowOf } from "./page-checks.ts";

const { path: executablePath, skip } = chromiumOrReason();

/** A model that answers one question each time it is told to. */
const createSlowModel = () => {
  const waiting: (() => void)[] = [];
  let asked = Promise.withResolvers<undefined>();
  return {
    answer: async (prompt: string): Promise<string> => {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        asked.resolve(undefined);
      });
      return `answer to ${prompt}`;
    },
    /** Answers the oldest question, once there is one. */
    release: async (): Promise<void> => {
      await asked.promise;
      waiting.shift()?.();
      if (waiting.length === 0) asked = Promise.withResolvers();
    },
  };
};

/** Where screenshots go, when somebody wants to look at them. */
const screenshot = async (page: Page, name: string): Promise<void> => {
  const folder = process.env["SCREENSHOT_DIR"];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
};

describe("the live picture of a run in Chromium", { skip }, () => {
  const stack = new AsyncDisposableStack();
  const model = createSlowModel();
  let url = "";
  let opened: OpenedStore | undefined;
  let browser: Browser | undefined;
  const store = (): OpenedStore => opened ?? assert.fail("not open yet");

  before(async () => {
    opened = stack.use(await openTemporaryStore());
    const { app, dashboard } = setUpDashboard(
      opened,
      systemClock,
      { adminToken: new Secret(TOKEN) },
      { flows: [WATCHED] },
    );
    const server = await startServer({ app, host: "127.0.0.1", port: 0 });
    url = server.url;
    stack.defer(() => server.stop(1_000));
    stack.defer(dashboard.close);
    const worker = await opened.work({
      concurrency: 1,
      perProject: 1,
      handle: async (claim) => {
        await runLiveFlow(claim, CALL, model.answer);
        await runLiveFlow(claim, { ...CALL, key: "unit-2", files: ["src/c.ts"] }, model.answer);
        return succeeded;
      },
    });
    stack.defer(() => worker.stop(0));
    browser = await chromium.launch({ executablePath: executablePath ?? "", args: ["--no-sandbox"] });
    const launched = browser;
    stack.defer(() => launched.close());
  });
  after(() => stack.disposeAsync());

  const signIn = async (options: BrowserContextOptions = {}) => {
    const context = await (browser ?? assert.fail()).newContext({ locale: "en-GB", ...options });
    const page = await context.newPage();
    const problems: string[] = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) problems.push(message.text());
    });
    page.on("pageerror", (error) => problems.push(error.message));
    await page.goto(`${url}/dashboard/sign-in`);
    await page.fill("#token", TOKEN);
    await page.keyboard.press("Enter");
    await page.waitForURL(`${url}/dashboard`);
    return { page, problems };
  };

  const untilNode = (page: Page, id: string, state: string) =>
    page.waitForSelector(`.flow-drawing [data-node="${id}"][data-state="${state}"]`);
  const stateOf = (page: Page, id: string) =>
    page.getAttribute(`.flow-drawing [data-node="${id}"]`, "data-state");

  it("nodes light up as they start and finish, and what is opened stays open", async () => {
    const runId = await queueRun(store(), { iid: 1, flow: "watched" });
    const { page, problems } = await signIn({ viewport: { width: 1280, height: 900 } });
    await page.goto(`${url}/dashboard/runs/${runId}`);
    await untilNode(page, "plan", "running");
    assert.deepEqual([await stateOf(page, "start"), await stateOf(page, "list")], ["succeeded", "waiting"]);

    await page.focus('.flow-drawing a[data-node="plan"]');
    await page.keyboard.press("Enter");
    const isOpen = `document.querySelector("#step-2 > details").open && document.activeElement.matches("#step-2 > details > summary")`;
    assert.equal(await page.evaluate(isOpen), true);

    await model.release();
    await untilNode(page, "ask", "running");
    assert.deepEqual(
      [await stateOf(page, "plan"), await stateOf(page, "list"), await stateOf(page, "each")],
      ["succeeded", "succeeded", "running"],
    );
    assert.equal(await page.evaluate(isOpen), true, "still open, still in focus");
    assert.match((await page.textContent("#step-2 .body")) ?? "", /answer to plan <script>/);
    await screenshot(page, "live-running");

    await model.release();
    await page.waitForSelector("#step-4-round-1", { state: "attached" });
    assert.equal(await stateOf(page, "each"), "running");
    await model.release();

    await page.waitForSelector("#live-calls a + a, #live-calls li:nth-child(2)");
    await untilNode(page, "plan", "running");
    assert.match(
      (await page.textContent("#live-head")) ?? "",
      /src\/c\.ts/,
      "the page went on to the next call",
    );
    for (let question = 0; question < 3; question += 1) await model.release();
    await untilState(store(), runId, "succeeded");
    await untilNode(page, "left", "succeeded");
    assert.deepEqual([await stateOf(page, "check"), await stateOf(page, "good")], ["exception", "skipped"]);
    await page.waitForSelector("#flow:not([data-events])");

    const content = `document.querySelector("#live-steps").innerHTML + document.querySelector(".flow-drawing").outerHTML`;
    const contentOf = async (): Promise<string> =>
      String(await page.evaluate(content)).replaceAll(/\s+|open=""/g, "");
    const live = await contentOf();
    await page.reload();
    const fresh = await contentOf();
    const differsAt = fresh.split("").findIndex((character, index) => character !== live[index]);
    assert.equal(live.slice(differsAt - 100, differsAt + 100), fresh.slice(differsAt - 100, differsAt + 100));
    assert.equal(live.length, fresh.length, "what came piece by piece is what a fresh page has");
    assert.deepEqual(problems, []);

    await page.click('#live-calls a:has-text("src/a.ts")');
    assert.match((await page.textContent("#live-head")) ?? "", /src\/a\.ts/);
    await page.click("#step-4 > details > summary");
    await page.click("#step-4-round-1 > details > summary");
    await page.click("#step-6 > details > summary");
    assert.match((await page.innerText("#step-6 .body")) ?? "", /answer to review src\/b\.ts/);
    assert.ok((await overflowOf(page)) <= 0);
    assert.deepEqual(await namelessOf(page), []);
    assert.deepEqual(await faintTextsOf(page), []);
    await screenshot(page, "live-done");
    await page.context().close();

    const narrow = await signIn({
      viewport: { width: 360, height: 740 },
      colorScheme: "dark",
      locale: "ja-JP",
    });
    await narrow.page.goto(`${url}/dashboard/runs/${runId}`);
    assert.match((await narrow.page.textContent("#live-head")) ?? "", /一部成功/);
    assert.ok((await overflowOf(narrow.page)) <= 0);
    assert.deepEqual(await faintTextsOf(narrow.page), []);
    await screenshot(narrow.page, "live-narrow-dark");
    await narrow.page.context().close();
  });

  it("works without a script: the picture as it stands, steps that open, calls to choose from", async () => {
    const [run] = await store().listRuns({ limit: 1 });
    const { page } = await signIn({ javaScriptEnabled: false });
    await page.goto(`${url}/dashboard/runs/${run?.id}`);
    assert.equal(await stateOf(page, "check"), "exception");
    await page.click("#step-2 > details > summary");
    assert.match(await page.innerText("#step-2 .body"), /answer to plan/);
    await page.click("#live-calls li:first-child a");
    assert.match((await page.textContent("#live-head")) ?? "", /src\/a\.ts/);
    await page.click('.flow-drawing a[data-node="left"]');
    assert.match(page.url(), /#node-left$/);
    await page.context().close();
  });
});
