import { detailOf, reasonInFull, translator } from "../../src/messages/format-message.ts";
import { LANGUAGES } from "../../src/messages/language.ts";
import { message, verbatim } from "../../src/messages/message.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { DifyError, GitLabError, reasonOfError, StoreError } from "../../src/base/errors.ts";
import {
  causeOf,
  maskReason,
  reasonFrom,
  reasonOf,
  REASONS,
  StoredReason,
  withDetail,
} from "../../src/base/reason.ts";

suite("a reason", () => {
  test("comes back from the store as it was, with its detail", () => {
    const reason = reasonOf("label-filtered", { labels: ["a", "b\u0000"], denied: true, detail: "x" });
    const { code, params } = reason;
    assert.deepEqual(reasonFrom(code, JSON.parse(JSON.stringify(params))), reason);
    assert.deepEqual(StoredReason.parse(JSON.parse(JSON.stringify(reason))), reason);
  });

  test("of another version reads as unknown: a code or parameters that there are not, or are missing", () => {
    for (const [code, params] of [
      ["no-such-code", {}],
      ["constructor", {}],
      ["draft", {}],
      ["draft", { drafts: 1 }],
      ["draft", null],
      ["already-queued", { more: 1 }],
      ["too-many-files", { files: 1, most: null }],
    ] as const)
      assert.deepEqual(reasonFrom(code, params), reasonOf("reason-unknown", { code }), code);
    assert.equal(StoredReason.safeParse({ code: "draft", params: {} }).success, false);
  });

  test("takes a detail of bounded length, and is masked in every text", () => {
    const reason = withDetail(reasonOf("label-filtered", { labels: ["secret"], denied: true }), "secret");
    assert.deepEqual(maskReason(reason, (text) => text.replace("secret", "***")).params, {
      labels: ["***"],
      denied: true,
      detail: "***",
    });
    assert.equal(withDetail(reason, "y".repeat(5_000)).params.detail, "y".repeat(2_000));
    assert.deepEqual(withDetail(reasonOf("binary"), ""), reasonOf("binary"));
  });

  test("takes a message for a detail, which is stored, bounded, masked and said in each language", () => {
    const refused = message("dify.rejected", { call: "POST /x", answer: "y".repeat(5_000) });
    const failed = reasonOf("dify-failed", { error: "dify-x" });
    const reason = withDetail(failed, message("problem.at", { place: "secret", problem: refused }));
    assert.deepEqual(StoredReason.parse(JSON.parse(JSON.stringify(reason))), reason);
    const shown = maskReason(reason, (text) => text.replace("secret", "***"));
    const bounded = message("dify.rejected", { call: "POST /x", answer: "y".repeat(2_000) });
    assert.deepEqual(shown.params.detail, message("problem.at", { place: "***", problem: bounded }));
    for (const language of LANGUAGES) {
      const t = translator(language);
      assert.equal(reasonInFull(t, shown), `${t.reason(failed)}: ***: ${t.message(bounded)}`);
    }
  });

  test("is shown by the code of its detail where another version has a message for it", () => {
    const t = translator("en");
    for (const detail of [
      { code: "no.such-message", params: {} },
      { code: "dify.rejected", params: {} },
    ]) {
      const stored = StoredReason.parse({ code: "flow-failed", params: { detail } });
      assert.equal(detailOf(t, stored), detail.code);
    }
    assert.equal(
      StoredReason.safeParse({ code: "flow-failed", params: { detail: { code: 1 } } }).success,
      false,
    );
  });

  test("as the cause of another is a message with its own detail", () => {
    const flags = reasonOf("label-filtered", { labels: ["a"], denied: true });
    assert.deepEqual(causeOf(flags), {
      code: "reason.label-filtered",
      params: { labels: ["a"], denied: "true" },
    });
    assert.deepEqual(
      causeOf(reasonOf("flow-failed", { detail: "no" })),
      message("problem.at", { place: message("reason.flow-failed"), problem: "no" }),
    );
  });

  test("of an error is its own, else its code, else its kind with its code", () => {
    const own = reasonOf("budget-used-up", { setting: "budgets.total.runs", limit: 1, until: 2 });
    const cases = [
      [new StoreError(verbatim("m"), { code: "x", reason: own }), own],
      [
        new GitLabError(verbatim("m"), { code: "gitlab-forbidden", status: 403 }),
        reasonOf("gitlab-forbidden", { detail: verbatim("m") }),
      ],
      [
        new DifyError(verbatim("m"), { code: "dify-invalid-param", status: 400 }),
        reasonOf("dify-failed", { error: "dify-invalid-param", detail: verbatim("m") }),
      ],
      // A code of a reason whose parameters the error does not give is none of the error's.
      [
        new StoreError(verbatim("m"), { code: "draft" }),
        reasonOf("store-failed", { error: "draft", detail: verbatim("m") }),
      ],
      [new TypeError("m"), reasonOf("unexpected-error", { detail: "m" })],
    ] as const;
    for (const [error, reason] of cases) assert.deepEqual(reasonOfError(error), reason);
  });

  test("has a code that metrics take, and parameters that no detail hides", () => {
    for (const [code, params] of Object.entries(REASONS)) {
      assert.match(code, /^[a-z][a-z-]{0,60}$/);
      assert.ok(!("detail" in params), code);
    }
  });
});
