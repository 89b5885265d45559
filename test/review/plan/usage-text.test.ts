import assert from "node:assert/strict";
import { test } from "node:test";
import { formatMessage } from "../../../src/messages/format-message.ts";
import { LANGUAGES } from "../../../src/messages/language.ts";
import { addUsage, NO_USAGE } from "../../../src/flow/flow-event.ts";
import { createUsageMeter } from "../../../src/worker/findings/usage-meter.ts";

const unsplit = {
  ...NO_USAGE,
  totalTokens: 45,
  promptTokens: null,
  completionTokens: null,
  totalPrice: null,
};
const split = { ...NO_USAGE, totalTokens: 30, promptTokens: 20, completionTokens: 10, totalPrice: 0.5 };

test("tokens of which only the total is known are not said to be split, in any language", () => {
  for (const language of LANGUAGES) {
    const split = { total: 3_669, input: 3_236, output: 433 };
    assert.match(formatMessage(language, "usage.tokens", split), /3,236.*433/);
    const total = formatMessage(language, "usage.tokens-unsplit", { total: 3_669 });
    assert.deepEqual(total.match(/[\d,]*\d/g), ["3,669"]);
  }
});

test("a sum with an unknown part is unknown, and what is known is still limited", () => {
  const sum = addUsage(split, unsplit);
  assert.deepEqual(
    [sum.totalTokens, sum.promptTokens, sum.completionTokens, sum.totalPrice],
    [75, null, null, null],
  );
  const meter = createUsageMeter({ tokens: 100, cost: 0.6 }, [unsplit]);
  assert.ok(meter.allows(50) && !meter.allows(60));
  meter.add(split);
  assert.ok(meter.allows(20));
  meter.add({ ...NO_USAGE, totalPrice: 0.2 });
  assert.ok(!meter.allows(1));
});
