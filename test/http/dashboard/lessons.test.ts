import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { lessonApiRoutes } from "../../../src/http/api/lesson-api-routes.ts";
import { formatMessage } from "../../../src/messages/format-message.ts";
import type { OpenedStore } from "../../../src/store/open-store.ts";
import { createLessonBook, type LessonBook } from "../../../src/worker/lessons/lesson-book.ts";
import { type Browser, openBrowser, setUpDashboard } from "./dashboard-setup.ts";
import { deliver, HOSTILE } from "./filled-store.ts";
import { openTemporaryStore } from "./temporary-store.ts";

const PAGE = "/dashboard/lessons/7";

describe("the page of a project's lessons", () => {
  let store: OpenedStore;
  let browser: Browser;
  let book: LessonBook;

  before(async () => {
    store = await openTemporaryStore();
    await deliver(store, { project: "team/shop", projectId: 7, iid: 1, title: "Shop" });
    const finding = { projectId: 7, iid: 1, flow: "review", fingerprint: "f-0" };
    await store.lessons.keepFindings([
      { ...finding, path: "src/a.ts", category: "style", severity: "minor", title: HOSTILE, headSha: "a" },
    ]);
    await store.lessons.keepVoter(7, 4, true);
    await store.lessons.keepOutcomes([
      { ...finding, kind: "disliked", userId: 4 },
      { ...finding, kind: "ignored", userId: 4 },
    ]);
    book = createLessonBook({ store: store.lessons, leastOutcomes: 2, shelf: null, logger: silentLogger });
    browser = openBrowser(setUpDashboard(store, systemClock, {}, { lessons: book }).app);
    await browser.signIn();
  });
  after(() => store[Symbol.asyncDispose]());

  const read = () => book.read({ id: 7, path: "team/shop" });

  it("is reached from the projects, and shows the file as text", async () => {
    assert.match((await browser.get("/dashboard/projects")).text, new RegExp(`href="${PAGE}"`));
    const { status, text } = await browser.get(PAGE);
    assert.equal(status, 200);
    assert.match(text, /<textarea[^>]*>\n?# Lessons for team\/shop\n/);
    assert.match(text, /1 disliked, 1 to be ignored \(1 finding\)/);
    assert.ok(!text.includes("<script>document") && !text.includes("<img"));
    assert.equal((await browser.get("/dashboard/lessons/99")).status, 404);
    assert.equal((await browser.get("/dashboard/lessons/x")).status, 404);
  });

  it("saves what is written, and gives it back when it cannot", async () => {
    await browser.get(PAGE);
    const { version, text } = await read();
    const sent = { version: String(version), text: `${text}\r\nMind the cache.` };
    const saved = await browser.post(PAGE, sent);
    assert.equal(saved.status, 303);
    assert.match((await read()).text, /\nMind the cache\.\n$/);
    const late = await browser.post(PAGE, { ...sent, text: "Too late <b>" });
    assert.equal(late.status, 409);
    assert.match(late.text, /Too late &lt;b&gt;/);
    assert.ok(late.text.includes(formatMessage("en", "done.lessons-changed")));
    const now = String((await read()).version);
    const long = await browser.post(PAGE, { version: now, text: "x".repeat(6_500) });
    assert.equal(long.status, 422);
    assert.match((await read()).text, /Mind the cache/);
  });

  it("turns them off and on, for those who are signed in and come from our page", async () => {
    await browser.get(PAGE);
    assert.equal((await browser.post(`${PAGE}/off`)).status, 303);
    assert.deepEqual([(await read()).on, (await read()).editedBy], [false, "admin"]);
    assert.ok((await browser.get(PAGE)).text.includes(formatMessage("en", "lessons.off")));
    const forged = await browser.post(`${PAGE}/on`, {}, { origin: "https://evil.example.com" });
    assert.equal(forged.status, 403);
    assert.equal((await read()).on, false);
    await browser.get(PAGE);
    await browser.post(`${PAGE}/on`);
    assert.equal((await read()).on, true);
    const stranger = openBrowser(setUpDashboard(store, systemClock, {}, { lessons: book }).app);
    assert.equal((await stranger.get(PAGE)).status, 303);
  });

  it("is not there where nothing is learnt", async () => {
    const plain = openBrowser(setUpDashboard(store, systemClock).app);
    await plain.signIn();
    assert.equal((await plain.get(PAGE)).status, 404);
    assert.ok(!(await plain.get("/dashboard/projects")).text.includes("/lessons/"));
  });

  it("has the same for the command line", async () => {
    const { findProject } = store.lessons;
    const api = lessonApiRoutes({ desk: book, findProject });
    const call = async (body?: object, path = "/team%2Fshop") => {
      const init = body === undefined ? {} : { method: "PUT", body: JSON.stringify(body) };
      const response = await api.request(path, init);
      return { status: response.status, text: await response.text() };
    };
    assert.match((await call()).text, /"project":"team\/shop".*Mind the cache/);
    const { version } = await read();
    assert.equal((await call({ text: "Ours.", version })).status, 200);
    assert.match((await call({ text: "Late.", version })).text, /lessons-changed/);
    assert.equal((await call({ on: false })).status, 200);
    assert.equal((await read()).on, false);
    assert.match((await call({ off: true })).text, /change-invalid/);
    assert.match((await call({ text: "x".repeat(6_001), version: (await read()).version })).text, /too-long/);
    assert.match((await call(undefined, "/no%2Fproject")).text, /project-unknown/);
    const off = lessonApiRoutes({ desk: null, findProject });
    assert.match(await (await off.request("/team%2Fshop")).text(), /lessons-off/);
  });
});
