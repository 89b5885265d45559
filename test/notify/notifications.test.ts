import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { z } from "zod";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { reasonOf } from "../../src/base/reason.ts";
import { Secret } from "../../src/base/secret.ts";
import { NO_USAGE } from "../../src/flow/flow-event.ts";
import type { CauseSources } from "../../src/notify/gather-causes.ts";
import { verbatim } from "../../src/messages/message.ts";
import type { Channel } from "../../src/notify/notice.ts";
import { createNotifications } from "../../src/notify/notifications.ts";
import { createSender } from "../../src/notify/send-notice.ts";
import { createTemplateRenderer } from "../../src/sandbox/create-template-renderer.ts";
import { type OpenedStore, openStore } from "../../src/store/open-store.ts";
import type { Settlement } from "../../src/store/store.ts";
import { nextNumber, queueRun, succeeded, until, untilState } from "../store/store-requests.ts";
import { startReceiver } from "./receivers.ts";

const Sent = z.object({ event: z.string(), state: z.string(), projects: z.array(z.string()) });

const withStore = async (work: (store: OpenedStore) => Promise<void>): Promise<void> => {
  const dataDir = await mkdtemp(join(tmpdir(), "reviewflow-notify-"));
  try {
    await using store = await openStore({ database: { dataDir }, pollMs: 50 });
    await work(store);
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
};

const channel = (url: string, more: Partial<Channel> = {}): Channel => ({
  id: url,
  label: "json",
  to: { kind: "http", url: new Secret(url), format: "json", body: null, headers: {}, key: null },
  events: new Set(["review_failing", "parked", "hook_disabled", "budget_reached"]),
  projects: null,
  language: "English",
  ...more,
});

const notificationsOf = (
  store: OpenedStore,
  channels: readonly Channel[],
  more: Partial<CauseSources> = {},
  clock: Clock = systemClock,
) =>
  createNotifications({
    channels,
    sources: {
      notices: store.notices,
      outages: store.outages.list,
      reachedBudgets: async () => [],
      hooks: null,
      wantsFindings: false,
      clock,
      ...more,
    },
    store: store.notices,
    leases: store.reconciliation,
    sender: createSender({
      smtp: null,
      openRenderer: async () => createTemplateRenderer({ concurrency: 1 }),
      clock: systemClock,
    }),
    links: { gitlabUrl: "https://gitlab.test", dashboardUrl: null },
    clock,
    logger: silentLogger,
    everyMs: 15_000,
  });

const later = (ms: number): Clock => ({ ...systemClock, now: () => Date.now() + ms });

describe("notifications", () => {
  it("are looked for at the start and when one has heard of something; else by several instances as often as by one", () =>
    withStore(async (store) => {
      let rounds = 0;
      let sleeps = 0;
      const outages = async () => {
        rounds += 1;
        return [];
      };
      /** For whom a quarter of a minute is over at once; the store's clock goes on as it does. */
      const restless: Clock = {
        ...systemClock,
        sleep: async (_, signal) => {
          sleeps += 1;
          await new Promise((resolve) => setImmediate(resolve));
          signal?.throwIfAborted();
        },
      };
      const two = [0, 1].map(() => notificationsOf(store, [], { outages }, restless));
      for (const one of two) {
        const before = rounds;
        one.start();
        await until(async () => rounds > before, "a round");
      }
      const [first] = two;
      const slept = sleeps;
      await until(async () => sleeps > slept + 20, "many more looks at the time");
      assert.equal(rounds, 2);
      first?.wake();
      await until(async () => rounds === 3, "the round of who was woken");
      for (const one of two) await one.stop();
    }));

  it("tell of many reviews that fail for one reason once, also across instances and restarts, and of their end", () =>
    withStore(async (store) => {
      await using receiver = await startReceiver();
      let settlement: Settlement = { state: "failed", reason: reasonOf("flow-failed"), usage: NO_USAGE };
      const worker = await store.work({ handle: async () => settlement, concurrency: 4, perProject: 4 });
      for (let count = 0; count < 5; count += 1)
        await untilState(store, await queueRun(store, { iid: nextNumber() }), "failed");
      const two = [
        notificationsOf(store, [channel(receiver.url)]),
        notificationsOf(store, [channel(receiver.url)]),
      ];
      for (const one of two) one.start();
      await until(async () => receiver.received.length > 0, "the first message");
      for (const one of two) await one.stop();
      let rounds = 0;
      const again = notificationsOf(store, [channel(receiver.url)], {
        // Asked last: the round is at its end when a second one asks.
        outages: async () => {
          rounds += 1;
          return [];
        },
      });
      again.start();
      await until(async () => {
        again.wake();
        return rounds > 2;
      }, "two rounds");
      await again.stop();
      assert.deepEqual(
        receiver.received.map(({ body }) => Sent.parse(JSON.parse(body)).state),
        ["open"],
      );
      settlement = succeeded;
      await untilState(store, await queueRun(store, { iid: nextNumber() }), "succeeded");
      const ended = notificationsOf(store, [channel(receiver.url)], {}, later(3_600_000));
      ended.start();
      await until(async () => receiver.received.length > 1, "the second message");
      await ended.stop();
      assert.equal(Sent.parse(JSON.parse(receiver.received[1]?.body ?? "")).state, "over");
      await worker.stop(1_000);
    }));

  it("go to the channels whose projects and events they concern, by any source", () =>
    withStore(async (store) => {
      await using receiver = await startReceiver();
      const channels = [
        channel(`${receiver.url}/team`, { projects: ["team/**"] }),
        channel(`${receiver.url}/other`, { projects: ["other/**"] }),
        channel(`${receiver.url}/hooks`, { events: new Set(["hook_disabled"]) }),
      ];
      const notifications = notificationsOf(store, channels, {
        reachedBudgets: async () => [
          { setting: "budgets.projects[0].runs", limit: 5, untilMs: 0, project: "team/shop" },
        ],
        hooks: {
          projects: async () => [{ id: 7, path: "other/app" }],
          health: async () => ({
            kind: "seen",
            hooks: [
              {
                id: 1,
                address: "https://reviews.test",
                disabled: { status: "disabled", untilMs: null },
                differences: [],
              },
            ],
          }),
        },
      });
      notifications.start();
      await until(async () => receiver.received.length >= 3, "three messages");
      await notifications.stop();
      assert.deepEqual(
        receiver.received.map(({ path, body }) => `${path} ${Sent.parse(JSON.parse(body)).event}`).toSorted(),
        ["/hooks hook_disabled", "/other hook_disabled", "/team budget_reached"],
      );
    }));

  it("that a channel refuses are kept and shown", () =>
    withStore(async (store) => {
      await using receiver = await startReceiver(() => ({ status: 500, text: "broken" }));
      const notifications = notificationsOf(store, [channel(receiver.url)], {
        reachedBudgets: async () => [{ setting: "budgets.total.runs", limit: 5, untilMs: 0, project: null }],
      });
      notifications.start();
      const [trouble] = await until(async () => {
        const troubles = await notifications.troubles();
        return troubles.length > 0 && troubles;
      }, "the trouble");
      await notifications.stop();
      assert.deepEqual(
        [trouble?.label, trouble?.waiting, trouble?.problem],
        ["json", 1, verbatim("HTTP 500: broken")],
      );
    }));
});
