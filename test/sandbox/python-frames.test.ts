import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../properties.ts";
import { createFrameReader, encodeFrame } from "../../src/sandbox/python/python-frames.ts";
import type { ChildMessage } from "../../src/sandbox/python/python-frames.ts";

const readAll = (bytes: Buffer, cuts: readonly number[]): readonly ChildMessage[] | null => {
  const read = createFrameReader();
  const found: ChildMessage[] = [];
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  for (const [at, place] of places.entries()) {
    const messages = read(bytes.subarray(place, places[at + 1] ?? bytes.length));
    if (messages === null) return null;
    found.push(...messages);
  }
  return found;
};

/** A frame whose content is bytes. */
const rawFrame = (letter: string, content: Uint8Array): Buffer => {
  const head = Buffer.alloc(5);
  head.write(letter, 0, "latin1");
  head.writeUInt32BE(content.length, 1);
  return Buffer.concat([head, content]);
};

const REQUEST = {
  method: "GET",
  url: "http://a.example/",
  headers: [["a", "b"]],
  body: null,
  connectTimeoutMs: null,
  readTimeoutMs: 5,
  verifyTls: true,
};

describe("frames of a Python process", () => {
  it("are the same however the bytes are cut", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "grapheme" }), { maxLength: 4 }),
        fc.uint8Array(),
        fc.array(fc.nat(), { maxLength: 8 }),
        (texts, memory, places) => {
          const bytes = Buffer.concat([
            rawFrame("m", memory),
            encodeFrame("y", ""),
            encodeFrame("q", JSON.stringify(REQUEST)),
            ...texts.flatMap((text) => [encodeFrame("v", text), encodeFrame("f", text)]),
          ]);
          assert.deepEqual(readAll(bytes, places), [
            { kind: "memory", memory: Buffer.from(memory) },
            { kind: "ready" },
            { kind: "http", request: REQUEST },
            ...texts.flatMap((text) => [
              { kind: "value", json: text },
              { kind: "failure", message: text },
            ]),
          ]);
        },
      ),
    );
  });

  it("are refused when they are no part of the protocol", () => {
    for (const frame of [
      rawFrame("x", Buffer.alloc(0)),
      rawFrame("h", Buffer.alloc(0)),
      rawFrame("y", Buffer.from("1")),
      rawFrame("q", Buffer.from("{")),
      rawFrame("q", Buffer.from(JSON.stringify({ ...REQUEST, method: "get me" }))),
      rawFrame("f", Buffer.alloc(256 * 1024 + 1)),
      Buffer.from([0x76, 0xff, 0xff, 0xff, 0xff]),
      Buffer.from([0xff, 0, 0, 0, 0]),
    ])
      assert.equal(createFrameReader()(frame), null, frame.subarray(0, 40).toString("latin1"));
  });
});
