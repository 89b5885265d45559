import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { sayPutOff } from "../../../src/review/budgets/say-put-off.ts";

const PUT_OFF = {
  setting: "budgets.total.tokens",
  limit: 100,
  untilMs: Date.UTC(2026, 2, 1),
};

suite("the note that a review waits", () => {
  test("is in the language of the review, and in English for one that the server does not speak", () => {
    assert.match(sayPutOff(PUT_OFF, "English"), /^The review waits: budgets\.total\.tokens \(100 a day\)/);
    assert.match(sayPutOff(PUT_OFF, "日本語"), /^レビューは保留中です。/u);
    assert.match(sayPutOff(PUT_OFF, "Korean"), /^리뷰를 보류했습니다\./u);
    assert.equal(sayPutOff(PUT_OFF, "Suomi"), sayPutOff(PUT_OFF, "English"));
  });

  test("names the setting, what it allows and when it goes on in each of them", () => {
    for (const language of ["English", "Japanese", "Korean"]) {
      const said = sayPutOff(PUT_OFF, language);
      for (const fact of ["budgets.total.tokens", "100", "2026-03-01T00:00:00.000Z"])
        assert.ok(said.includes(fact), `${language}: ${fact}`);
    }
  });
});
