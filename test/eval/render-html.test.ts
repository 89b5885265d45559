import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { renderText } from "../../src/cli/eval/render-text.ts";
import { renderHtml } from "../../src/eval/report/render-html.ts";
import { english as t } from "../messages/saying.ts";
import { hostileReport } from "./hostile-report.ts";

describe("the report of a measurement", () => {
  it("is one page that loads nothing, runs nothing and shows what others wrote as text", () => {
    const page = renderHtml(t, hostileReport());
    assert.doesNotMatch(page, /<script|<img|<link|<iframe|@import|url\(/i);
    assert.match(page, /default-src &#39;none&#39;/);
    assert.match(page, /&lt;script&gt;/);
    assert.match(page, /⟨U\+202E⟩/);
    assert.doesNotMatch(page, /\u202E|NaN|undefined|\[object/);
  });

  it("has a plot for shares and one for cost, which name themselves", () => {
    const page = renderHtml(t, hostileReport());
    assert.ok(page.includes(`aria-label="${t("eval.shares-plot")}"`));
    assert.ok(page.includes(`aria-label="${t("eval.cost-plot", { metric: `${t("metric.cost")} (USD)` })}"`));
  });

  it("can be told in a terminal, without signs that a terminal obeys", () => {
    const text = renderText(t, hostileReport());
    assert.ok(text.split("\n").some((line) => line.startsWith(t("metric.recall"))));
    assert.ok(text.includes(t("cli.eval.unjudged", { flow: "third", count: 4 })));
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(text, /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202E]/);
  });
});
