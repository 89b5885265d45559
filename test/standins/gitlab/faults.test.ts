import assert from "node:assert/strict";
import { test } from "node:test";
import { openProject, Rows } from "./setup.ts";

test("faults strike the requests they are planned for", async (t) => {
  const { standIn, api, admin, base, bot } = await openProject();
  t.after(() => standIn.close());
  const notes = async (): Promise<readonly unknown[]> =>
    Rows.parse((await admin("GET", `${base}/notes?activity_filter=only_comments`)).body).map(
      (note) => note["body"],
    );
  const post = (body: string) => api("POST", `${base}/notes`, { body });
  const onNotes = { method: "POST", path: /\/notes$/ };

  await t.test("429 with and without Retry-After, as often as planned and not sooner", async () => {
    const fault = standIn.fail(
      { ...onNotes, after: 1, times: 2 },
      { kind: "status", status: 429, retryAfter: "7" },
    );
    assert.equal((await post("first")).status, 201);
    assert.equal((await post("x")).headers.get("retry-after"), "7");
    assert.equal((await post("x")).status, 429);
    assert.equal((await post("second")).status, 201);
    assert.equal(fault.hits(), 2);
    standIn.fail(onNotes, { kind: "status", status: 429 });
    assert.equal((await post("x")).headers.get("retry-after"), null);
    assert.deepEqual(await notes(), ["second", "first"]);
  });

  await t.test("5xx before and after the write was carried out", async () => {
    standIn.fail(onNotes, { kind: "status", status: 502 });
    assert.equal((await post("lost")).status, 502);
    assert.equal((await notes()).includes("lost"), false);
    standIn.fail(onNotes, { kind: "status", status: 500, when: "after" });
    assert.equal((await post("kept")).status, 500);
    assert.equal((await notes()).includes("kept"), true);
  });

  await t.test("a connection that is reset, with and without the write", async () => {
    standIn.fail(onNotes, { kind: "reset" });
    await assert.rejects(post("reset before"));
    standIn.fail(onNotes, { kind: "reset", when: "after" });
    await assert.rejects(post("reset after"));
    assert.equal((await notes()).includes("reset before"), false);
    assert.equal((await notes()).includes("reset after"), true);
  });

  await t.test("an answer that never comes, and one that breaks off", async () => {
    standIn.fail({ path: /\/version$/ }, { kind: "hang" });
    await assert.rejects(
      fetch(`${standIn.url}/api/v4/version`, {
        headers: { "PRIVATE-TOKEN": bot.token },
        signal: AbortSignal.timeout(100),
      }),
    );
    standIn.fail({ path: /\/version$/ }, { kind: "truncate" });
    await assert.rejects(api("GET", "version"));
  });

  await t.test("an error page in HTML, and a slow answer", async () => {
    standIn.fail({ path: /\/version$/ }, { kind: "html", status: 503 });
    const page = await api("GET", "version");
    assert.equal(page.status, 503);
    assert.match(page.text, /^<!DOCTYPE html>/);
    standIn.fail({ path: /\/version$/ }, { kind: "slow", delayMs: 20 });
    assert.equal((await api("GET", "version")).status, 200);
  });

  await t.test("a fault can be taken back, and is in the log", async () => {
    const fault = standIn.fail({ path: /\/version$/ }, { kind: "status", status: 500 });
    fault.remove();
    assert.equal((await api("GET", "version")).status, 200);
    assert.ok(standIn.requests.some((request) => request.fault === "hang" && request.status === null));
  });

  await t.test("a token that is revoked midway", async () => {
    standIn.fail(onNotes, { kind: "revoke-token" });
    assert.equal((await api("GET", base)).status, 200);
    assert.equal((await post("too late")).status, 401);
    assert.equal((await api("GET", base)).status, 401);
  });
  assert.deepEqual(standIn.failures, []);
});
