import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../properties.ts";
import { createFrameReader } from "../../src/sandbox/python/frame-reader.ts";
import type { ChildMessage } from "../../src/sandbox/python/frame-reader.ts";
import { encodeFrame } from "../../src/sandbox/python/python-frames.ts";

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

describe("frames of a Python process", () => {
  it("are the same however the bytes are cut", () => {
    const cuts = fc.array(fc.nat(), { maxLength: 8 });
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "grapheme" }), { maxLength: 4 }),
        fc.uint8Array(),
        cuts,
        (texts, memory, places) => {
          const results = texts.map((json) => ({ kind: "result", json }) as const);
          const bytes = Buffer.concat([
            encodeFrame({ kind: "snapshot", bytes: memory.length }),
            memory,
            encodeFrame({ kind: "ready" }),
            ...results.map(encodeFrame),
          ]);
          assert.deepEqual(readAll(bytes, places), [
            { kind: "snapshot", bytes: memory.length },
            { kind: "memory", memory: Buffer.from(memory) },
            { kind: "ready" },
            ...results,
          ]);
        },
      ),
    );
  });

  it("are refused when they are no part of the protocol", () => {
    for (const text of [
      "",
      "{",
      '{"kind":"other"}',
      '{"kind":"result"}',
      '{"kind":"snapshot","bytes":-1}',
      '{"kind":"snapshot","bytes":1e12}',
    ]) {
      const head = Buffer.alloc(4);
      head.writeUInt32BE(Buffer.byteLength(text));
      assert.equal(createFrameReader()(Buffer.concat([head, Buffer.from(text)])), null, text);
    }
    assert.equal(createFrameReader()(Buffer.from([0xff, 0xff, 0xff, 0xff])), null);
  });
});
