import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { DifyError, GitLabError, reasonOfError, StoreError } from "../../src/base/errors.ts";
import {
  causeText,
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
    assert.equal(withDetail(reason, "y".repeat(5_000)).params.detail?.length, 2_000);
    assert.deepEqual(withDetail(reasonOf("binary"), ""), reasonOf("binary"));
    assert.equal(causeText(reasonOf("flow-failed", { detail: "no" })), "flow-failed: no");
  });

  test("of an error is its own, else its code, else its kind with its code", () => {
    const own = reasonOf("budget-used-up", { setting: "budgets.total.runs", limit: 1, until: 2 });
    const cases = [
      [new StoreError("m", { code: "x", reason: own }), own],
      [
        new GitLabError("m", { code: "gitlab-forbidden", status: 403 }),
        reasonOf("gitlab-forbidden", { detail: "m" }),
      ],
      [
        new DifyError("m", { code: "dify-invalid-param", status: 400 }),
        reasonOf("dify-failed", { error: "dify-invalid-param", detail: "m" }),
      ],
      // A code of a reason whose parameters the error does not give is none of the error's.
      [new StoreError("m", { code: "draft" }), reasonOf("store-failed", { error: "draft", detail: "m" })],
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
