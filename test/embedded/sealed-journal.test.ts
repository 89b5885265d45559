import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../properties.ts";
import { createMemoryJournal } from "../../src/base/journal.ts";
import type { Json } from "../../src/base/json.ts";
import { sealJournal } from "../../src/embedded/sealed-journal.ts";

const TOKEN = "glpat-abcdefghijklmnop";
const secrets = new Map([["PrivateToken", TOKEN]]);

const textOf = async (journal: ReturnType<typeof createMemoryJournal>): Promise<string> =>
  JSON.stringify([...(await journal.entries(""))]);

describe("a sealed journal", () => {
  it("keeps the secret out of what is stored and gives it back", async () => {
    const inner = createMemoryJournal();
    const journal = await sealJournal(inner, secrets);
    const value = { headers: [`Bearer ${TOKEN}`], nested: { a: TOKEN, b: 1, c: null } };
    await journal.write("node", value);
    assert.ok(!(await textOf(inner)).includes(TOKEN));
    assert.deepEqual(await journal.read("node"), value);
    assert.deepEqual((await journal.entries("no")).get("node"), value);
    assert.equal(await journal.read("nothing"), undefined);
  });
  it("gives the secret of today to a run that was begun with another", async () => {
    const inner = createMemoryJournal();
    await (await sealJournal(inner, secrets)).write("node", `x ${TOKEN}`);
    const later = await sealJournal(inner, new Map([["PrivateToken", "glpat-the-rotated-one"]]));
    assert.equal(await later.read("node"), "x glpat-the-rotated-one");
  });
  it("puts no secret where a merge request's text only looks like a sealed one", async () => {
    const inner = createMemoryJournal();
    const forged = "[secret PrivateToken 00000000000000000000000000000000] [secret PrivateToken]";
    const journal = await sealJournal(inner, secrets);
    await journal.write("node", forged);
    assert.equal(await journal.read("node"), forged);
  });
  it("gives any value back, and stores no secret with it", async () => {
    const word = fc.oneof(fc.string(), fc.constant(TOKEN), fc.constant("$&$1"), fc.constant("secret-two-$&"));
    const both = new Map([...secrets, ["two", "secret-two-$&"], ["three", `${TOKEN}-longer`]]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(word).map((parts) => parts.join(""))), async (texts) => {
        const inner = createMemoryJournal();
        const journal = await sealJournal(inner, both);
        const value: Json = { texts, list: texts.map((text) => ({ text })) };
        await journal.write("k", value);
        assert.deepEqual(await journal.read("k"), value);
        for (const secret of both.values())
          assert.ok(!(await textOf(inner)).includes(JSON.stringify(secret).slice(1, -1)));
      }),
      { numRuns: 200 },
    );
  });
});
