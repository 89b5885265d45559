import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { systemClock } from "../../../src/base/clock.ts";
import type { OpenedStore } from "../../../src/store/open-store.ts";
import { type Browser, openBrowser, setUpDashboard } from "./dashboard-setup.ts";
import { type Filled, fillStore, HOSTILE } from "./filled-store.ts";
import { openTemporaryStore } from "./temporary-store.ts";

describe("the dashboard's pages", () => {
  let store: OpenedStore;
  let browser: Browser;
  let filled: Filled;

  before(async () => {
    store = await openTemporaryStore();
    filled = await fillStore(store, HOSTILE);
    browser = openBrowser(setUpDashboard(store, systemClock).app);
    await browser.signIn();
  });
  after(async () => {
    await store[Symbol.asyncDispose]();
  });

  const pages = (): readonly string[] => [
    "/dashboard",
    "/dashboard/deliveries",
    `/dashboard/deliveries/${filled.reviewDelivery}`,
    `/dashboard/deliveries/${filled.ignoredDelivery}`,
    "/dashboard/runs",
    `/dashboard/runs/${filled.reviewedRun}`,
    `/dashboard/runs/${filled.failedRun}`,
    `/dashboard/runs/${filled.queuedRun}`,
    "/dashboard/findings",
    "/dashboard/projects",
    "/dashboard/flows",
    "/dashboard/settings",
  ];

  it("all open", async () => {
    for (const path of pages()) {
      const { status, text } = await browser.get(path);
      assert.equal(status, 200, path);
      assert.match(text, /<h1>[^<]+<\/h1>/);
    }
  });
});
