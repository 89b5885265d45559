import type { Translate } from "../../messages/format-message.ts";
import { describeReason } from "../describe-reason.ts";
import type { LocalReport } from "./local-report.ts";
import { safeLine } from "./safe-text.ts";

/** How many files that git does not know are named. */
const MOST_UNTRACKED = 20;

/** What else there is to know of a review: files that were not looked at, what went wrong, what it took. */
export const renderReceipt = (t: Translate, report: LocalReport): string => {
  const { receipt, untracked, remarks, notices, below } = report;
  const left = receipt.flatMap(({ path, outcome }) => {
    if (outcome.kind === "reviewed") return [];
    const reason = safeLine(describeReason(outcome.reason, t));
    const code = outcome.kind === "partly" ? "cli.review.in-part" : "cli.review.skipped";
    return [`  ${t(code, { path: safeLine(path), reason })}`];
  });
  const unknown = untracked.slice(0, MOST_UNTRACKED).map((path) => `  ${safeLine(path)}`);
  const more = untracked.length - unknown.length;
  const unverified = report.findings.filter((finding) => finding.unverified === true).length;
  return [
    ...(left.length === 0 ? [] : [t("cli.review.not-reviewed"), ...left]),
    ...(unknown.length === 0 ? [] : [t("cli.review.untracked"), ...unknown]),
    ...(more > 0 ? [`  ${t("live.more-files", { count: more })}`] : []),
    ...(unverified === 0 ? [] : [t("cli.review.unverified", { count: unverified })]),
    ...(below === 0 ? [] : [t("cli.review.below", { count: below })]),
    ...[...remarks, ...notices].map((remark) => safeLine(describeReason(remark, t))),
    usageLine(t, report),
    "",
  ].join("\n");
};

const usageLine = (t: Translate, { usage }: LocalReport): string => {
  const { totalTokens: total, promptTokens: input, completionTokens: output, totalPrice, currency } = usage;
  const tokens =
    input === null || output === null
      ? t("usage.tokens-unsplit", { total })
      : t("usage.tokens", { total, input, output });
  return totalPrice !== null && totalPrice > 0
    ? t("cli.review.cost", { tokens, cost: totalPrice.toFixed(4), currency: safeLine(currency) })
    : tokens;
};
