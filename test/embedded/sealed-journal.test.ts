import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { stringify } from "yaml";
import { fc } from "../properties.ts";
import { createMemoryJournal } from "../../src/base/journal.ts";
import type { Json } from "../../src/base/json.ts";
import { Secret } from "../../src/base/secret.ts";
import { createEmbeddedRunner } from "../../src/embedded/embedded-runner.ts";
import { sealJournal } from "../../src/embedded/sealed-journal.ts";
import { parseFlow } from "../../src/flow/parse/parse-flow.ts";

const TOKEN = "glpat-abcdefghijklmnop";
const secrets = new Map([["PrivateToken", TOKEN]]);

const textOf = async (journal: ReturnType<typeof createMemoryJournal>): Promise<string> =>
  JSON.stringify([...(await journal.entries(""))]);

describe("a sealed journal", () => {
  it("keeps the secret out of what is stored and gives it back", async () => {
    const inner = createMemoryJournal();
    const journal = await sealJournal(inner, secrets);
    const value = { headers: [`Bearer ${TOKEN}`], nested: { a: TOKEN, [TOKEN]: 1, c: null } };
    await journal.write("node", value);
    assert.ok(!(await textOf(inner)).includes(TOKEN));
    assert.deepEqual(await journal.read("node"), value);
    assert.deepEqual((await journal.entries("no")).get("node"), value);
    assert.equal(await journal.read("nothing"), undefined);
  });
  it("copies nothing that holds no secret, and lets the event loop run before it writes", async () => {
    const inner = createMemoryJournal();
    const steps: string[] = [];
    const journal = await sealJournal(
      { ...inner, write: (key, kept) => (steps.push("written"), inner.write(key, kept)) },
      secrets,
    );
    steps.length = 0;
    const value = { rows: [{ a: 1, b: "x" }, { list: ["y", null] }] };
    setImmediate(() => steps.push("another task"));
    await journal.write("node", value);
    assert.deepEqual(steps, ["another task", "written"]);
    assert.equal(await inner.read("node"), value);
    assert.equal(await journal.read("node"), value);
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

describe("the journal of a run in this process", () => {
  it("holds no secret of the flow, which its nodes and its outcome know by their own ways", async () => {
    const refused = {
      ok: false,
      errorType: "Refused",
      message: "not in this test",
      retryable: false,
    } as const;
    const seen: string[] = [];
    const nodes = {
      start: { type: "start", variables: [] },
      say: {
        type: "code",
        code_language: "javascript",
        code: "say",
        variables: [{ variable: "key", value_selector: ["env", "key"] }],
        outputs: { said: { type: "string", children: null } },
      },
      end: { type: "end", outputs: [{ variable: "said", value_selector: ["say", "said"] }] },
    };
    const runner = createEmbeddedRunner({
      flow: parseFlow(
        stringify({
          version: "0.3.0",
          kind: "app",
          app: { name: "telling", mode: "workflow" },
          workflow: {
            environment_variables: [{ id: "k", name: "key", value: "", value_type: "secret" }],
            graph: {
              nodes: Object.entries(nodes).map(([id, data]) => ({ id, data: { title: id, ...data } })),
              edges: [
                { source: "start", target: "say", sourceHandle: "source" },
                { source: "say", target: "end", sourceHandle: "source" },
              ],
            },
          },
        }),
      ),
      secrets: new Map([["key", new Secret(TOKEN)]]),
      tools: () => ({ invoke: async () => refused, describe: async () => refused }),
      ports: {
        code: {
          run: async ({ inputs }) => {
            const key = JSON.stringify(inputs["key"]);
            seen.push(key);
            return { ok: true, value: { said: `It is ${key}.` } };
          },
        },
        template: { render: async () => refused },
        http: { send: async () => refused },
        knowledge: { search: async () => refused },
        documents: { read: async () => refused },
        model: { generate: async () => refused },
      },
    });
    const journal = createMemoryJournal();
    const outcome = await runner.run({
      runId: "r",
      inputs: {},
      journal,
      signal: new AbortController().signal,
      onEvent: () => undefined,
    });
    assert.equal(outcome.status, "succeeded");
    assert.deepEqual(seen, [JSON.stringify(TOKEN)]);
    const text = await textOf(journal);
    assert.match(text, /It is \\+"\[secret key [0-9a-f]{32}\]/);
    assert.ok(!text.includes(TOKEN) && !JSON.stringify(outcome).includes(TOKEN));
  });
});
