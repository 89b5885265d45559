import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Secret } from "../../src/base/secret.ts";
import { signDelivery } from "../../src/gitlab/signing-token.ts";
import { createBodyReader, MAX_UNPROVEN_BYTES } from "../../src/http/read-body.ts";
import { createDeliveryReader } from "../../src/http/read-delivery.ts";
import { payload, setUp } from "./webhook-app.ts";

const KEY = new Uint8Array(32).fill(9);
const SIGNING = { secret: new Secret(`whsec_${Buffer.from(KEY).toString("base64")}`), projects: null };
const WEBHOOK = "/webhooks/gitlab";

const event = (bytes: number): string => JSON.stringify(payload({ filling: "x".repeat(bytes) }));
const LARGE = event(2 * MAX_UNPROVEN_BYTES);
const SMALL = event(10);

const signed = (body: string, id = "w-1") => {
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const mac = signDelivery(KEY, id, timestamp, Buffer.from(body));
  return {
    "x-gitlab-token": "",
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${Buffer.from(mac).toString("base64")}`,
  };
};

const bySignature = () =>
  setUp({ verify: { secrets: [], signingTokens: [SIGNING], tokenPassThrough: false } });

suite("size by proof", () => {
  test("a token that was never proved brings a small body, a proved one a large one", async () => {
    const known = new Set<string>();
    const { accepted, post } = setUp({
      verify: { secrets: [], signingTokens: [], tokenPassThrough: true },
      tokens: {
        prove: async (token) => {
          known.add(token.reveal());
          return { kind: "proved", projectPath: "group/project" };
        },
        isKnown: (token) => known.has(token.reveal()),
        isHeld: (client) => client === "192.0.2.66",
      },
    });
    const token = { "x-gitlab-token": "glpat-of-a-project" };
    const refused = await post(LARGE, token);
    assert.equal(refused.status, 413);
    assert.match(refused.text, /"body-too-large-unproven"/);
    assert.equal(accepted.length, 0);
    assert.equal((await post(SMALL, token)).status, 202);
    assert.equal((await post(LARGE, token)).status, 202);
    assert.equal((await post(LARGE, { "x-gitlab-token": "glpat-made-up" })).status, 413);
    const held = "192.0.2.66";
    const madeUp = { "x-gitlab-token": "glpat-made-up" };
    assert.equal((await post(LARGE, madeUp, WEBHOOK, held)).status, 429, "of which no body is read");
    assert.equal((await post(LARGE, token, WEBHOOK, held)).status, 202, "a known one comes through");
  });

  test("an address that signed rightly brings a large body, until it signs wrongly", async () => {
    const { post } = bySignature();
    const send = async (body: string, from: string, headers = signed(body)) =>
      (await post(body, headers, WEBHOOK, from)).status;
    assert.equal(await send(LARGE, "192.0.2.1"), 413, "even rightly signed");
    assert.equal(await send(SMALL, "192.0.2.1"), 202);
    assert.equal(await send(LARGE, "192.0.2.1"), 202);
    assert.equal(await send(LARGE, "192.0.2.2"), 413, "another address");
    assert.equal(await send(SMALL, "192.0.2.1", signed(`${SMALL} `)), 401);
    assert.equal(await send(LARGE, "192.0.2.1"), 413);
  });

  test("a secret token is proof before the body", async () => {
    const { post } = setUp();
    assert.equal((await post(LARGE)).status, 202);
    assert.equal((await post(LARGE, { "x-gitlab-token": "wrong" })).status, 401);
  });

  test("a size that is not declared, or declared falsely, is counted", async () => {
    const { post } = bySignature();
    for (const length of ["10", "nonsense", "-1", "0x10", ""])
      assert.equal((await post(LARGE, { ...signed(LARGE), "content-length": length })).status, 413, length);
  });

  test("chunks are for who proved something, and each takes its room however small it is", async () => {
    const chunked = { "transfer-encoding": "chunked" };
    const { post } = bySignature();
    const send = async (body: string, headers = {}) =>
      (await post(body, { ...signed(body), ...headers }, WEBHOOK, "192.0.2.9")).status;
    assert.equal(await send(SMALL, chunked), 411);
    assert.equal(await send(SMALL), 202);
    assert.equal(await send(SMALL, chunked), 202);
    const pieces = (count: number): ReadableStream<Uint8Array> =>
      ReadableStream.from(Array.from({ length: count }, () => new Uint8Array(1)));
    const bodies = createBodyReader({ proven: 100_000, unproven: 100_000, client: 100_000 });
    const read = async (count: number, isProven: boolean) => {
      const sender = { client: "a", isProven };
      const outcome = await bodies.during(pieces(count), null, sender, async () => ({ kind: "read" }));
      return outcome.kind;
    };
    for (const isProven of [true, false]) {
      assert.equal(await read(100, isProven), "read");
      assert.equal(await read(1_000, isProven), "busy", "of memory for 100,000 bytes");
      assert.equal(await read(100, isProven), "read", "it is given back");
    }
  });

  test("an address takes a part of the memory for the unproven, and nothing of the rest", async () => {
    const bodies = createBodyReader({ proven: 100_000, unproven: 100_000, client: 40_000 });
    const open: (() => void)[] = [];
    const hold = (client: string, isProven: boolean, bytes: number) => {
      const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
      const outcome = bodies.during(
        new Blob([new Uint8Array(bytes)]).stream(),
        null,
        { client, isProven },
        async () => {
          enter();
          await new Promise<void>((resolve) => open.push(resolve));
          return { kind: "read" as const };
        },
      );
      return { outcome, begun: Promise.race([entered, outcome]) };
    };
    const kindOf = async (client: string, isProven: boolean, bytes: number) => {
      const { outcome, begun } = hold(client, isProven, bytes);
      const early = await begun;
      return early === undefined ? "held" : (await outcome).kind;
    };
    assert.equal(await kindOf("a", false, 30_000), "held");
    assert.equal(await kindOf("a", false, 30_000), "busy");
    assert.equal(await kindOf("b", false, 30_000), "held");
    assert.equal(await kindOf("c", false, 30_000), "held");
    assert.equal(await kindOf("d", false, 30_000), "busy", "all of them together");
    assert.equal(await kindOf("a", true, 90_000), "held", "who proved something has memory of his own");
    for (const go of open.splice(0)) go();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(await kindOf("a", false, 30_000), "held", "it is given back");
    for (const go of open.splice(0)) go();
  });
});

suite("parsing", () => {
  const filled = (item: string, bytes: number): string =>
    JSON.stringify(payload()).replace(
      /\}$/,
      `,"filling":[${Array.from({ length: Math.floor(bytes / (item.length + 1)) }, () => item).join()}]}`,
    );

  /** How often others had their turn while something was done. */
  const turnsDuring = async (work: () => Promise<unknown>): Promise<number> => {
    let turns = 0;
    let isDone = false;
    const count = (): void => {
      turns += 1;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    await work();
    isDone = true;
    return turns;
  };

  for (const [name, item] of [
    ["values", "0"],
    ["lists", "[]"],
    ["objects", "{}"],
    ["texts", '""'],
    ["escapes", String.raw`"\u0041"`],
    ["long numbers", "1e308"],
  ] as const)
    test(`of millions of ${name} leaves others their turn`, async () => {
      const read = createDeliveryReader();
      const body = Buffer.from(filled(item, 1_500_000));
      let kind = "";
      const turns = await turnsDuring(async () => {
        kind = (await read(body, "Merge Request Hook", false)).kind;
      });
      assert.equal(kind, "event");
      assert.ok(turns > 10, `${turns} turns`);
    });

  test("of a body that takes more memory than a thread has refuses it, and the next one is read", async () => {
    const read = createDeliveryReader(32);
    const huge = await read(Buffer.from(filled("[[]]", 6_000_000)), undefined, true);
    assert.equal(huge.kind === "invalid" ? huge.code : huge.kind, "body-too-complex");
    assert.equal((await read(Buffer.from(LARGE), undefined, true)).kind, "event");
  });

  test("of what is nested deeper than any stack refuses it", async () => {
    const read = createDeliveryReader();
    for (const [open, close] of [
      ["[", "]"],
      ['{"a":', "}"],
    ] as const) {
      const depth = 1_000_000;
      const body = Buffer.from(`{"object_kind":"push","x":${open.repeat(depth)}0${close.repeat(depth)}}`);
      const reading = await read(body, undefined, false);
      assert.ok(reading.kind === "event" || reading.kind === "invalid");
    }
  });

  test("looks at no more entries than a merge request has", async () => {
    const read = createDeliveryReader();
    const labels = [
      ...Array.from({ length: 500 }, () => ({ title: "bug" })),
      ...Array.from({ length: 5_000 }, () => 0),
    ];
    for (const fields of [{ labels }, { changes: { labels: { previous: labels, current: labels } } }])
      assert.equal(
        (await read(Buffer.from(JSON.stringify(payload(fields))), undefined, false)).kind,
        "event",
      );
    const wrong = payload({ labels: [0, ...labels] });
    assert.equal((await read(Buffer.from(JSON.stringify(wrong)), undefined, false)).kind, "invalid");
  });
});
