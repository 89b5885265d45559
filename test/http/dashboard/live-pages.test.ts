import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { systemClock } from "../../../src/base/clock.ts";
import { startServer } from "../../../src/http/server.ts";
import type { OpenedStore } from "../../../src/store/open-store.ts";
import { setUpDashboard } from "./dashboard-setup.ts";
import { deliver } from "./filled-store.ts";
import { openTemporaryStore } from "./temporary-store.ts";

describe("news for open pages", () => {
  let store: OpenedStore;
  before(async () => {
    store = await openTemporaryStore();
  });
  after(() => store[Symbol.asyncDispose]());

  it("come as server-sent events, and end at once when the server stops", async () => {
    const { app, dashboard } = setUpDashboard(store, systemClock, { adminToken: null });
    const server = await startServer({ app, host: "127.0.0.1", port: 0 });
    const response = await fetch(`${server.url}/dashboard/live`);
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    assert.ok(reader !== undefined);
    let seen = "";
    const readUntil = async (word: string): Promise<void> => {
      while (!seen.includes(word)) {
        const { done, value } = await reader.read();
        assert.ok(!done, `the stream ended before "${word}"`);
        seen += value;
      }
    };
    await readUntil("event: hello");
    // The first look tells what is; the news are what differs from it.
    const sender = setInterval(() => {
      void deliver(store, { project: "team/shop", projectId: 7, iid: 1, title: "t" }, { ignore: "unwanted" });
    }, 500);
    try {
      await readUntil("event: change");
    } finally {
      clearInterval(sender);
    }
    dashboard.close();
    await server.stop(60_000);
    const { done } = await reader.read();
    assert.ok(done, "an open page does not hold the server up");
    assert.equal(
      (await app.request("http://127.0.0.1/dashboard/live", { headers: { host: "127.0.0.1" } })).status,
      503,
    );
  });
});
