import { describeReason } from "../describe-reason.ts";
import type { LocalReport } from "./local-report.ts";
import { safeLine } from "./safe-text.ts";

/** How many files that git does not know are named. */
const MOST_UNTRACKED = 20;

/** What else there is to know of a review: files that were not looked at, what went wrong, what it took. */
export const renderReceipt = (report: LocalReport): string => {
  const { receipt, untracked, remarks, notices, below } = report;
  const left = receipt.flatMap(({ path, outcome }) =>
    outcome.kind === "reviewed"
      ? []
      : [
          `  ${safeLine(path)}: ${outcome.kind === "partly" ? "in part, " : ""}${safeLine(describeReason(outcome.reason))}`,
        ],
  );
  const unknown = untracked.slice(0, MOST_UNTRACKED).map((path) => `  ${safeLine(path)}`);
  const more = untracked.length - unknown.length;
  return [
    ...(left.length === 0 ? [] : ["Not reviewed:", ...left]),
    ...(unknown.length === 0
      ? []
      : ["Not in git, so not reviewed (git add -N makes them part of it):", ...unknown]),
    ...(more > 0 ? [`  and ${more} more`] : []),
    ...unverifiedLine(report),
    ...(below === 0
      ? []
      : [`${below} ${below === 1 ? "finding is" : "findings are"} below what the flow is set to tell`]),
    ...[...remarks, ...notices].map((remark) => safeLine(describeReason(remark))),
    usageLine(report),
    "",
  ].join("\n");
};

const unverifiedLine = ({ findings }: LocalReport): readonly string[] => {
  const count = findings.filter(({ unverified }) => unverified === true).length;
  if (count === 0) return [];
  return [`${count} ${count === 1 ? "finding" : "findings"} could not be verified; counted all the same`];
};

const usageLine = ({ usage }: LocalReport): string => {
  const { totalTokens, promptTokens, completionTokens, totalPrice, currency } = usage;
  const number = (value: number): string => value.toLocaleString("en-US");
  const split =
    promptTokens === null || completionTokens === null
      ? "input and output not reported separately"
      : `${number(promptTokens)} input, ${number(completionTokens)} output`;
  const tokens = `${number(totalTokens)} tokens (${split})`;
  return totalPrice !== null && totalPrice > 0
    ? `${tokens}, ${totalPrice.toFixed(4)} ${safeLine(currency)}`
    : tokens;
};
