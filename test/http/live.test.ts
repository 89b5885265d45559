import { english as t } from "../messages/saying.ts";
import { formatMessage } from "../../src/messages/format-message.ts";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EventSourceParserStream } from "eventsource-parser/stream";
import { z } from "zod";
import { systemClock } from "../../src/base/clock.ts";
import { CALL, createEventShelf, createLiveApp, recordedEvents, VISIT, watchedRun } from "./live-setup.ts";
import { translator } from "../../src/messages/format-message.ts";
import { flowMessage } from "../../src/flow/messages/message.ts";

const Update = z.object({
  calls: z.string(),
  head: z.string(),
  nodes: z.array(z.object({ id: z.string(), state: z.string(), label: z.string() })),
  entries: z.array(z.object({ id: z.string(), place: z.string(), html: z.string() })),
});

type Message = {
  readonly event?: string | undefined;
  readonly data: string;
  readonly id?: string | undefined;
};

/** Opens a stream of a run; `next` resolves with the next message that is no greeting, null at the end. */
const openStream = async (
  app: ReturnType<typeof createLiveApp>["app"],
  address: string,
  headers: Record<string, string> = {},
) => {
  const response = await app.request(address, { headers });
  const reader = response.body
    ?.pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .getReader();
  const next = async (): Promise<Message | null> => {
    const read = await reader?.read();
    if (read === undefined || read.done) return null;
    return read.value.event === "hello" ? next() : read.value;
  };
  return { response, next, cancel: async () => reader?.cancel() };
};

const addressIn = (part: string): string =>
  (/data-events="([^"]+)"/.exec(part)?.[1] ?? assert.fail("no address")).replaceAll("&amp;", "&");

describe("the part of a run's page about its calls", () => {
  test("says when another flow was run in place of Dify's, and which", async () => {
    const shelf = createEventShelf();
    const live = createLiveApp(shelf);
    const name = "builtin:review";
    const events = await recordedEvents();
    shelf.put(
      events.map((event) => (event.kind === "call-finished" ? { ...event, fallbackUsed: name } : event)),
    );
    const notice = formatMessage("en", "live.fallback-used", { flow: name });
    assert.ok((await live.part()).includes(`<p class="notice">${notice}</p>`));
    const usual = createEventShelf();
    usual.put(events);
    assert.ok(!(await createLiveApp(usual).part()).includes('class="notice"'));
  });
});

describe("the stream of a run", () => {
  test("tells a page what has come since it was made, then that the run has ended", async () => {
    const shelf = createEventShelf();
    const live = createLiveApp(shelf);
    const events = await recordedEvents();
    shelf.put(events.slice(0, 4));
    const stream = await openStream(live.app, addressIn(await live.part()));
    assert.match(stream.response.headers.get("content-type") ?? "", /^text\/event-stream/);
    shelf.put(events.slice(4));
    const message = await stream.next();
    assert.equal(message?.event, "update");
    assert.equal(message.id, String(events.at(-1)?.seq));
    const update = Update.parse(JSON.parse(message.data));
    const states = Object.fromEntries(update.nodes.map(({ id, state }) => [id, state]));
    assert.deepEqual(states, {
      start: "succeeded",
      plan: "succeeded",
      list: "succeeded",
      each: "succeeded",
      eachstart: "succeeded",
      ask: "succeeded",
      check: "exception",
      good: "skipped",
      left: "succeeded",
    });
    const ids = update.entries.map(({ id }) => id);
    for (const id of ["step-4", "step-4-round-1", "step-8"])
      assert.ok(ids.includes(id), `${id} in ${ids.join()}`);
    assert.ok(!ids.includes("step-1"), "what the page knew is not sent again");
    shelf.run = watchedRun("succeeded");
    assert.equal((await stream.next())?.event, "end");
    assert.equal(await stream.next(), null);
    assert.equal(shelf.watchers.size, 0);
  });

  test("goes on where a browser was that lost it", async () => {
    const shelf = createEventShelf();
    const live = createLiveApp(shelf);
    const events = await recordedEvents();
    shelf.put(events);
    const address = `/dashboard/runs/${shelf.run.id}/events?call=${events[0]?.callId}&after=0`;
    const stream = await openStream(live.app, address, { "last-event-id": String(events.at(-3)?.seq) });
    const update = Update.parse(JSON.parse((await stream.next())?.data ?? ""));
    assert.deepEqual(
      update.entries.map(({ id }) => id),
      ["step-8"],
    );
    await stream.cancel();
  });

  test("finds what another process has stored", async () => {
    const shelf = createEventShelf();
    const live = createLiveApp(shelf);
    const events = await recordedEvents();
    shelf.put(events.slice(0, 2));
    const stream = await openStream(live.app, addressIn(await live.part()));
    await systemClock.sleep(100);
    assert.equal(shelf.watchers.size, 1);
    shelf.put(events.slice(2, 4), "silently");
    assert.equal((await stream.next())?.event, "update");
    await stream.cancel();
  });

  test("sends a page on to the call that runs, unless somebody has chosen", async () => {
    const shelf = createEventShelf();
    const live = createLiveApp(shelf);
    const empty = await openStream(live.app, addressIn(await live.part()));
    const events = await recordedEvents();
    shelf.put(events);
    assert.equal((await empty.next())?.event, "switch");
    const following = addressIn(await live.part());
    const chosen = addressIn(await live.part(events[0]?.callId ?? ""));
    shelf.put((await recordedEvents({ ...CALL, key: "unit-2" }, 1_000)).slice(0, 3));
    const stream = await openStream(live.app, following);
    assert.equal((await stream.next())?.event, "update");
    assert.equal((await stream.next())?.event, "switch");
    const staying = await openStream(live.app, chosen);
    const update = Update.parse(JSON.parse((await staying.next())?.data ?? ""));
    assert.equal(update.calls.match(/<a\s/g)?.length, 2);
    shelf.run = watchedRun("failed");
    assert.equal((await staying.next())?.event, "update");
    assert.equal((await staying.next())?.event, "end");
  });

  test("is refused for unknown runs, and beyond the limit", async () => {
    const shelf = createEventShelf();
    const live = createLiveApp(shelf);
    assert.equal((await live.app.request("/dashboard/runs/none/events")).status, 404);
    const address = `/dashboard/runs/${shelf.run.id}/events`;
    const streams = await Promise.all(Array.from({ length: 32 }, () => openStream(live.app, address)));
    assert.equal((await live.app.request(address)).status, 503);
    live.close();
    for (const { next } of streams) assert.equal(await next(), null);
    assert.equal(shelf.watchers.size, 0);
  });

  test("ends with the session", async () => {
    const shelf = createEventShelf();
    const session = { ...VISIT.session, endsAtMs: Date.now() + 30 };
    const live = createLiveApp(shelf, { ...VISIT, session });
    const stream = await openStream(live.app, `/dashboard/runs/${shelf.run.id}/events`);
    assert.equal(await stream.next(), null);
  });
});

describe("a run on its page", () => {
  test("is complete without a script: the picture, each step, inputs and outputs", async () => {
    const shelf = createEventShelf();
    shelf.put(await recordedEvents());
    shelf.run = watchedRun("succeeded");
    const part = await createLiveApp(shelf).part();
    assert.match(part, /<svg[^>]*class="flow-drawing"/);
    assert.ok(
      part.includes(
        `data-node="check" data-state="exception" aria-label="Check: ${t("live.step.exception")}"`,
      ),
    );
    assert.equal(part.match(/<details>/g)?.length, 10);
    assert.match(part, /answer to review src\/b\.ts/);
    assert.match(part, /&quot;total_tokens&quot;: 120/, "counts of tokens are no secrets");
    assert.ok(!part.includes("data-events"), "nothing more will come");
  });

  test("says nothing that a browser would run", async () => {
    const shelf = createEventShelf();
    shelf.put(await recordedEvents({ ...CALL, files: ["<img src=x onerror=alert(1)>"] }));
    const part = await createLiveApp(shelf).part();
    assert.ok(!/<script>|<img|<b>|<style|\sstyle=|\son\w+=/.test(part.replaceAll(/&lt;.*?&gt;/g, "")), part);
    assert.ok(part.includes("&lt;img src=x"));
    assert.ok(part.includes("watched &lt;flow&gt;"));
  });

  test("says what a step failed with in the reader's language", async () => {
    const shelf = createEventShelf();
    const error = flowMessage("flow.code.output-missing", { output: "x" });
    const events = await recordedEvents();
    shelf.put(
      events.map((one) => (one.kind === "node-finished" && one.error !== null ? { ...one, error } : one)),
    );
    const t = translator("ko");
    const part = await createLiveApp(shelf, { ...VISIT, language: "ko", t }).part();
    assert.ok(part.includes(t.message(error)));
  });

  test("lists the steps where there is no flow file", async () => {
    const shelf = createEventShelf();
    shelf.put(await recordedEvents({ ...CALL, part: { role: "verify", index: 0 } }));
    const part = await createLiveApp(shelf).part();
    assert.ok(!part.includes("<svg"));
    assert.ok(part.includes(t("live.no-picture")));
    assert.match(part, /id="step-8"/);
  });

  test("says so when the flow is another one now, and when nothing has been recorded", async () => {
    const shelf = createEventShelf();
    const live = createLiveApp(shelf);
    const empty = await live.part();
    assert.ok(empty.includes(t("live.nothing-yet")));
    assert.match(empty, /<svg/);
    shelf.put(await recordedEvents({ ...CALL, digest: "another" }));
    assert.ok((await live.part()).includes(t("live.other-version")));
  });
});
