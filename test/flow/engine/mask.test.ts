import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Json } from "../../../src/base/json.ts";
import { Secret } from "../../../src/base/secret.ts";
import { createMask, isMasked } from "../../../src/flow/engine/mask.ts";
import { createMasking } from "../../../src/review/mask-events.ts";

const SHORT = "hunter";
const LONG = "hunter-of-secrets";

describe("masking secrets of which one is the beginning of another", () => {
  it("leaves nothing of the longer one in what the engine shows, whatever their order", () => {
    for (const order of [
      [SHORT, LONG],
      [LONG, SHORT],
    ]) {
      const mask = createMask(order.map((value) => new Secret(value)));
      assert.equal(mask.text(`a ${LONG} b ${SHORT}`), "a [secret] b [secret]");
      assert.deepEqual(mask.object({ [LONG]: [LONG] }), { "[secret]": ["[secret]"] });
    }
  });
  it("leaves nothing of the longer one in what comes from inputs that are named like secrets", () => {
    for (const inputs of [
      { a_token: SHORT, b_token: LONG },
      { a_token: LONG, b_token: SHORT },
    ]) {
      assert.equal(createMasking(inputs).text(`a ${LONG} b ${SHORT}`), "a [secret] b [secret]");
    }
  });
});

describe("masking short secrets", () => {
  it("leaves those of fewer than four characters, which would black out ordinary words", () => {
    const mask = createMask(["abc", "wxyz"].map((value) => new Secret(value)));
    assert.equal(mask.text("abc wxyz"), "abc [secret]");
    assert.deepEqual(["", "abc", "wxyz"].map(isMasked), [false, false, true]);
  });
});

describe("masking values", () => {
  const mask = createMask([new Secret(LONG)]);

  it("copies what holds a secret and nothing else", () => {
    const clean = { rows: [{ a: 1, b: "x" }], none: null };
    const value = { clean, found: { keys: [clean, { [LONG]: `<${LONG}>` }, "last"], after: 1 } };
    const masked = mask.object(value);
    assert.deepEqual(masked, {
      clean,
      found: { keys: [clean, { "[secret]": "<[secret]>" }, "last"], after: 1 },
    });
    assert.equal(masked["clean"], clean);
    assert.deepEqual(mask.object(value), masked);
    assert.deepEqual(value.found.keys[1], { [LONG]: `<${LONG}>` });
  });

  it("looks at each value once, however deep a secret lies", () => {
    let value: Json = LONG;
    for (let depth = 0; depth < 100; depth += 1) value = depth % 2 === 0 ? [value] : { value };
    assert.ok(!JSON.stringify(mask.object({ value })).includes(LONG));
  });
});
