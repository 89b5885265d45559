import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readTranscripts } from "./transcripts.ts";

const transcripts = readTranscripts();

describe(
  "the answers recorded of a real Dify",
  { skip: transcripts === null && "not beside this checkout" },
  () => {
    for (const { name, status, headers, body, frames } of transcripts ?? []) {
      it(`${name} is read whole`, () => {
        assert.ok(status >= 200 && status < 600);
        assert.equal(headers.get("x-version"), "1.14.2");
        const type = headers.get("content-type") ?? "";
        if (type.startsWith("text/event-stream")) {
          assert.ok(frames.length > 0);
          assert.ok(!/\r/.test(body));
        } else {
          assert.equal(Buffer.byteLength(body), Number(headers.get("content-length")));
          if (type.startsWith("application/json")) JSON.parse(body);
        }
      });
    }
  },
);
