import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../properties.ts";
import { estimateTokens } from "../../src/base/estimate-tokens.ts";
import { JsonObject } from "../../src/base/json.ts";
import { Secret } from "../../src/base/secret.ts";
import { isStrictSchema, readParameters } from "../../src/llm/call-settings.ts";
import { choosePause } from "../../src/llm/choose-pause.ts";
import { readRetryAfter } from "../../src/llm/retry-after.ts";
import { scrub } from "../../src/llm/scrub.ts";
import { priceTokens, readUsage } from "../../src/llm/usage.ts";

test("the providers' names of the token limit all mean the same", () => {
  for (const name of ["max_tokens", "max_output_tokens", "max_completion_tokens", "num_predict"]) {
    assert.deepEqual(readParameters({ [name]: 512 }).settings, { maxOutputTokens: 512 });
  }
});

test("names that every object knows are unknown names", () => {
  assert.deepEqual(readParameters({ toString: 1, constructor: 2 }), {
    settings: {},
    format: { kind: "text" },
    dropped: ["toString", "constructor"],
  });
});

test("values of the wrong type are dropped by name", () => {
  const { settings, dropped } = readParameters({
    temperature: "warm",
    max_tokens: 0,
    stop: "",
    top_k: "40",
    x: 1,
  });
  assert.deepEqual(settings, { topK: 40 });
  assert.deepEqual(dropped, ["temperature", "max_tokens", "x"]);
});

test("response_format and json_schema give the answer's format", () => {
  const schema = { type: "object" };
  const named = { name: "my list", schema, strict: true };
  assert.deepEqual(readParameters({ response_format: "text" }).format, { kind: "text" });
  assert.deepEqual(readParameters({ response_format: "json_object" }).format, { kind: "json" });
  assert.deepEqual(readParameters({ response_format: "json_schema" }).format, { kind: "json" });
  assert.deepEqual(
    readParameters({ response_format: "json_schema", json_schema: JSON.stringify(named) }).format,
    {
      kind: "schema",
      name: "my_list",
      schema,
    },
  );
  assert.deepEqual(readParameters({ response_format: "json_schema", json_schema: schema }).format, {
    kind: "schema",
    name: "response",
    schema,
  });
});

test("any parameters are read without a throw", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (parameters) => {
      const copy = readParameters(JsonObject.parse(parameters));
      assert.ok(copy.dropped.every((name) => name in parameters));
    }),
    { numRuns: 200 },
  );
});

test("a schema is strict when all of its objects are closed and complete", () => {
  const closed = { type: "object", additionalProperties: false, required: ["a"], properties: { a: {} } };
  assert.equal(isStrictSchema(closed), true);
  assert.equal(isStrictSchema({ ...closed, required: [] }), false);
  assert.equal(isStrictSchema({ type: "array", items: { type: "object" } }), false);
  assert.equal(isStrictSchema({ ...closed, properties: { a: { anyOf: [{ type: "object" }] } } }), false);
});

test("retry-after is read from headers, dates and Google's body", () => {
  const now = Date.parse("2026-11-20T10:00:00Z");
  assert.equal(readRetryAfter({ "Retry-After-Ms": "250", "Retry-After": "9" }, "", now), 250);
  assert.equal(readRetryAfter({ "retry-after": "9" }, "", now), 9_000);
  assert.equal(readRetryAfter({ "retry-after": "Fri, 20 Nov 2026 10:00:30 GMT" }, "", now), 30_000);
  assert.equal(readRetryAfter({ "retry-after": "Fri, 20 Nov 2026 09:00:00 GMT" }, "", now), 0);
  assert.equal(readRetryAfter({}, '{"details":[{"retryDelay": "34.5s"}]}', now), 34_500);
  assert.equal(readRetryAfter({ "retry-after": "soon" }, "", now), null);
});

test("pauses double up to the limit, shortened at random by half at most", () => {
  const policy = { attempts: 9, baseMs: 100, maxMs: 1_000 };
  const failure = { retryable: true, retryAfterMs: null };
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (attempt, random) => {
        const full = Math.min(1_000, 100 * 2 ** (attempt - 1));
        const pause = choosePause(failure, attempt, policy, random);
        assert.ok(pause !== null && pause <= full && pause >= Math.floor(full / 2));
      },
    ),
  );
  assert.equal(choosePause(failure, 9, policy, 0), null);
  assert.equal(choosePause({ ...failure, retryable: false }, 1, policy, 0), null);
});

test("no form of a secret survives the scrubbing", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 4 }), fc.string(), fc.string(), (value, before, after) => {
      fc.pre(!"[secret]…".includes(value.trim()));
      const text = scrub(`${before} ${value} ${encodeURIComponent(value)} ${after}`, [new Secret(value)]);
      assert.ok(!text.includes(value.trim()) || `${before} ${after}`.includes(value.trim()));
    }),
    { numRuns: 200 },
  );
  assert.doesNotMatch(scrub("https://me:pw@example.com/x sk-ab****yz", []), /me:pw|sk-ab|yz/);
});

test("tokens are priced per million, and estimated where the server does not count", () => {
  const price = { inputPerMillion: 3, outputPerMillion: 15, currency: "USD" };
  assert.equal(priceTokens(1_000_000, 200_000, price).totalPrice, 6);
  assert.equal(priceTokens(5, 5, null).totalPrice, 0);
  const usage = readUsage(null, { prompt: "abcdefgh", answer: "한국어" }, null, estimateTokens);
  assert.deepEqual([usage.promptTokens, usage.completionTokens], [2, 5]);
});
