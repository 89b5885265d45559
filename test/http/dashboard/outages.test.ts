import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { systemClock } from "../../../src/base/clock.ts";
import { reasonOf } from "../../../src/base/reason.ts";
import { translator } from "../../../src/messages/format-message.ts";
import type { OpenedStore } from "../../../src/store/open-store.ts";
import { queueRun, until } from "../../store/store-requests.ts";
import { openBrowser, setUpDashboard } from "./dashboard-setup.ts";
import { openTemporaryStore } from "./temporary-store.ts";

const URL_OF_DIFY = "https://dify.example.com/a<b>";

describe("what is waited for, on the overview", () => {
  let store: OpenedStore;
  before(async () => {
    store = await openTemporaryStore();
  });
  after(() => store[Symbol.asyncDispose]());

  it("is shown with its reason, what waits, and a button that has one run try it", async () => {
    const browser = openBrowser(setUpDashboard(store, systemClock).app);
    await browser.signIn();
    const t = translator("en");
    assert.doesNotMatch((await browser.get("/dashboard")).text, new RegExp(t("outages.title")));
    const runId = await queueRun(store, { iid: 1 });
    const worker = await store.work({
      handle: async () => ({
        state: "waiting",
        outside: { peer: { kind: "dify", name: URL_OF_DIFY }, verdict: "refused" },
        reason: reasonOf("dify-untrusted"),
        retryAfterMs: undefined,
      }),
      concurrency: 1,
      perProject: 1,
    });
    await until(async () => (await store.queueStatus()).parked === 1, "parked");
    await worker.stop(1_000);
    for (const tag of ["en", "ja", "ko"]) {
      const own = translator(tag);
      const { text } = await browser.get("/dashboard", { "accept-language": tag });
      const part = /<div id="outages"[\s\S]*?<\/section>/.exec(text)?.[0] ?? assert.fail("no part");
      assert.ok(part.includes(own("outages.parked")) && part.includes(own("outages.resume")));
      assert.ok(part.includes("<code>dify-untrusted</code>"));
      assert.ok(part.includes("https://dify.example.com/a&lt;b&gt;"));
    }
    assert.ok((await browser.get(`/dashboard/runs/${runId}`)).text.includes(t("run.waits-for")));
    const { text } = await browser.get("/dashboard");
    const action = /action="([^"]*\/resume)"/.exec(text)?.[1] ?? assert.fail("no button");
    assert.equal((await browser.post(action, { form_token: "wrong" })).status, 403);
    assert.equal((await store.outages.list())[0]?.state, "parked");
    const sent = await browser.post(action);
    assert.equal(sent.status, 303);
    assert.match(sent.headers.get("location") ?? "", /done=resumed/);
    assert.equal((await store.outages.list())[0]?.state, "away");
    const unknown = action.replace(/[^/]*\/resume$/, "bm8/resume");
    assert.match((await browser.post(unknown)).headers.get("location") ?? "", /done=not-resumed/);
  });
});
