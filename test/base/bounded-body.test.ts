import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { suite, test } from "node:test";
import { z } from "zod";
import {
  BodyTooLarge,
  boundStream,
  readBeginning,
  readBounded,
  readBoundedText,
} from "../../src/base/bounded-body.ts";
import { systemClock } from "../../src/base/clock.ts";
import { Secret } from "../../src/base/secret.ts";
import { createDifyTransport } from "../../src/dify/dify-transport.ts";
import { openModelWire } from "../../src/llm/model-wire.ts";

/** A body without an end, and how much of it was asked for. */
const endless = (piece = 1_000) => {
  const asked = { pieces: 0, isLeft: false };
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull: (controller) => {
        asked.pieces += 1;
        controller.enqueue(new Uint8Array(piece).fill(97));
      },
      cancel: () => {
        asked.isLeft = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { body, asked };
};

suite("a body of unknown size", () => {
  test("is read to its end, from Node's streams and the Web's, and none is empty", async () => {
    assert.equal(await readBoundedText(new Blob(["né", "e"]).stream(), 4), "née");
    assert.equal(await readBoundedText(Readable.from([Buffer.from("n"), Buffer.from("ée")]), 4), "née");
    assert.deepEqual(await readBounded(null, 0), Buffer.alloc(0));
  });

  test("is left where it is longer than is taken, and no more of it is asked for", async () => {
    const { body, asked } = endless();
    await assert.rejects(readBounded(body, 2_500), new BodyTooLarge(2_500));
    assert.deepEqual(asked, { pieces: 3, isLeft: true });
    const stream = Readable.from(endless().body);
    await assert.rejects(readBounded(stream, 2_500), BodyTooLarge);
    assert.ok(stream.destroyed);
  });

  test("is left where whoever looks on says so, before the piece is kept", async () => {
    const { body, asked } = endless();
    const full = new Error("full");
    await assert.rejects(
      readBounded(body, 1_000_000, () => {
        throw full;
      }),
      full,
    );
    assert.deepEqual(asked, { pieces: 1, isLeft: true });
  });

  test("may be read at its beginning alone, signs whole", async () => {
    const { body, asked } = endless(7);
    assert.equal(await readBeginning(body, 10), "a".repeat(10));
    assert.deepEqual(asked, { pieces: 2, isLeft: true });
    assert.equal(await readBeginning(new Blob(["né"]).stream(), 300), "né");
    assert.equal(await readBeginning(new Blob(["né"]).stream(), 2), "n");
  });

  test("fails where another reader has it, as a model's answer without an end does", async () => {
    await assert.rejects(new Response(boundStream(endless().body, 2_500)).text(), BodyTooLarge);
    for (const [isStreaming, type] of [
      [false, "application/json"],
      [true, "application/json"],
      [true, "text/event-stream"],
    ] as const) {
      const { body, asked } = endless(1024 * 1024);
      const send = async () => new Response(body, { headers: { "content-type": type } });
      const wire = openModelWire(send, isStreaming, () => undefined);
      await assert.rejects(async () => (await wire.fetch("http://model.example")).text(), BodyTooLarge);
      assert.ok(asked.pieces <= 70, `${asked.pieces} MiB`);
    }
  });

  test("is not taken in from Dify either", async () => {
    const server = createServer((_, response) => {
      response.end(JSON.stringify({ text: "x".repeat(65 * 1024 * 1024) }));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = z.object({ port: z.number() }).parse(server.address());
    const { json } = createDifyTransport({
      baseUrl: `http://127.0.0.1:${port}`,
      apiKey: new Secret("app-key"),
      connectMs: 5_000,
      answerMs: 60_000,
      clock: systemClock,
    });
    const call = { method: "GET", route: "/parameters", path: "/parameters" } as const;
    await assert.rejects(json(call, z.unknown()), { code: "dify-connection-lost" });
    server.closeAllConnections();
    server.close();
  });
});
