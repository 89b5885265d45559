import { verbatim } from "../../src/messages/message.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { inspect } from "node:util";
import { fc } from "../properties.ts";
import { systemClock } from "../../src/base/clock.ts";
import { parseDuration } from "../../src/base/durations.ts";
import { ConfigError, DifyError, isRetryable } from "../../src/base/errors.ts";
import { newId } from "../../src/base/ids.ts";
import { createMemoryJournal, scopeJournal } from "../../src/base/journal.ts";
import { Secret } from "../../src/base/secret.ts";

suite("base", () => {
  test("a secret shows itself to nobody but the one who asks for it by name", () => {
    const secret = new Secret("hunter2");
    for (const text of [
      String(secret),
      JSON.stringify({ secret }),
      inspect({ secret }, { showHidden: true, depth: 5 }),
    ]) {
      assert.ok(!text.includes("hunter2"), text);
    }
    assert.equal(secret.reveal(), "hunter2");
  });

  test("secrets are equal by their value", () => {
    fc.assert(fc.property(fc.string(), fc.string(), (a, b) => new Secret(a).equals(b) === (a === b)));
  });

  test("durations are read with their unit, and only so", () => {
    assert.equal(parseDuration("250ms"), 250);
    assert.equal(parseDuration("1.5h"), 5_400_000);
    assert.equal(parseDuration("7 d"), 604_800_000);
    for (const text of ["", "10", "10 parsecs", "-1s", "s", "1s1s", "1constructor"])
      assert.equal(parseDuration(text), undefined, text);
  });

  test("ids are UUIDs of version 7 that sort by time", () => {
    const ids = [1, 1_000, Date.now(), 2 ** 47].map((at) => newId(at));
    for (const id of ids)
      assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.deepEqual([...ids].sort(), ids);
  });

  test("errors say whether trying again may help", () => {
    assert.ok(isRetryable(new DifyError(verbatim("busy"), { code: "busy", retryable: true, status: 429 })));
    assert.ok(!isRetryable(new ConfigError([verbatim("a is wrong")])));
    assert.ok(!isRetryable(new Error("unknown")));
    assert.match(
      new ConfigError([verbatim("a is wrong"), verbatim("b is wrong")]).message,
      /2 mistakes[\s\S]*a is wrong[\s\S]*b is wrong/,
    );
  });

  test("a scoped journal sees its own entries only", async () => {
    const journal = createMemoryJournal();
    const scoped = scopeJournal(journal, "flow:");
    await scoped.write("a", 1);
    await journal.write("b", 2);
    assert.equal(await scoped.read("a"), 1);
    assert.equal(await scoped.read("b"), undefined);
    assert.deepEqual([...(await scoped.entries(""))], [["a", 1]]);
    assert.deepEqual(
      [...(await journal.entries(""))],
      [
        ["flow:a", 1],
        ["b", 2],
      ],
    );
  });

  test("a sleep ends with the reason of its signal", async () => {
    const reason = new Error("enough");
    await assert.rejects(systemClock.sleep(10_000, AbortSignal.abort(reason)), reason);
  });
});
