import assert from "node:assert/strict";
import { translator } from "../../../src/messages/format-message.ts";
import { after, before, describe, it } from "node:test";
import type { NamedStanding } from "../../../src/base/circuit-breaker.ts";
import { systemClock } from "../../../src/base/clock.ts";
import type { OpenedStore } from "../../../src/store/open-store.ts";
import { openBrowser, setUpDashboard } from "./dashboard-setup.ts";
import { openTemporaryStore } from "./temporary-store.ts";

const t = translator("en");

describe("circuit breakers on the overview", () => {
  let store: OpenedStore;
  before(async () => {
    store = await openTemporaryStore();
  });
  after(() => store[Symbol.asyncDispose]());

  const overview = async (standings: readonly NamedStanding[], language = "en"): Promise<string> => {
    const browser = openBrowser(setUpDashboard(store, systemClock, {}, { breakers: () => standings }).app);
    await browser.signIn();
    return (await browser.get("/dashboard", { "accept-language": language })).text;
  };
  const sinceMs = Date.parse("2026-02-28T12:00:00Z");

  it("are not mentioned while all of them let calls pass", async () => {
    const text = await overview([{ name: "model main", state: "closed", sinceMs: null, nextTryMs: null }]);
    assert.doesNotMatch(text, /model main|id="breakers" data-region>\s*<section/);
  });

  it("tell which side is left alone, since when, and when it is tried again", async () => {
    const nextTryMs = Date.now() + 600_000;
    const standings: readonly NamedStanding[] = [
      { name: "model main", state: "open", sinceMs, nextTryMs },
      { name: "dify https://dify.example.com", state: "half-open", sinceMs, nextTryMs: null },
      { name: "model <b>spare", state: "open", sinceMs, nextTryMs: 1 },
      { name: "model fine", state: "closed", sinceMs: null, nextTryMs: null },
    ];
    const text = await overview(standings);
    assert.ok(text.includes(t("breakers.title")));
    assert.match(
      text,
      /<code>model main<\/code>[\s\S]*?badge failed[\s\S]*?datetime="2026-02-28T12:00:00\.000Z"/,
    );
    assert.ok(text.includes(`datetime="${new Date(nextTryMs).toISOString()}"`));
    assert.match(text, /dify https:\/\/dify\.example\.com[\s\S]*?badge retrying/);
    assert.match(text, new RegExp(`model &lt;b&gt;spare[\\s\\S]*?${t("breakers.next-call")}`));
    assert.doesNotMatch(text, /model fine/);
  });
});
