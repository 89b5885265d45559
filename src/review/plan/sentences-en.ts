import type { Sentences } from "./sentences.ts";

const files = (count: number): string => (count === 1 ? "1 file" : `${count} files`);
const findings = (count: number): string => (count === 1 ? "1 finding" : `${count} findings`);

/** What the server says in English. */
export const ENGLISH: Sentences = {
  severity: { critical: "Critical", major: "Major", minor: "Minor", info: "Info" },
  category: {
    bug: "bug",
    security: "security",
    performance: "performance",
    concurrency: "concurrency",
    "error-handling": "error handling",
    design: "design",
    readability: "readability",
    test: "test",
    documentation: "documentation",
    style: "style",
    other: "other",
  },
  confidence: (percent) => `confidence ${percent} %`,
  suggested: "Suggested code:",
  nearby: "This is about code near this line.",
  shortened: "Shortened: the text was too long for a note.",
  ended: {
    fixed: (sha) => `Resolved: no longer found as of ${sha}.`,
    "code-gone": (sha) =>
      `Resolved: the code that this was about is no longer among the changes as of ${sha}.`,
  },
  heading: "Review",
  nothingFound: "Nothing to remark on.",
  counts: (opened, kept, ended, folded) =>
    `${opened} new, ${kept} said before, ${ended} resolved, ${folded} below only.`,
  threads: "Threads",
  threadHead: ["Severity", "Place", "Finding", "State"],
  state: { new: "new", open: "open", resolved: "resolved" },
  more: (count) => `… and ${count} more.`,
  folded: (count) => `Further findings without a thread (${count})`,
  foldedWhy: {
    limit: "above the number of threads",
    severity: "below the severity for a thread",
    confidence: "below the confidence for a thread",
    "no-place": "no place in the changes",
  },
  receipt: (reviewed, partly, skipped) =>
    `What was reviewed: ${files(reviewed)}, ${partly} in part, ${skipped} not`,
  reviewedFile: (sha) => `reviewed at ${sha}`,
  partlyFile: (sha, reason) => `reviewed in part at ${sha}: ${reason}`,
  skippedFile: (reason) => `not reviewed: ${reason}`,
  files,
  reason: {
    generated: "generated",
    vendored: "third-party code",
    "lock-file": "lock file",
    binary: "binary",
    deleted: "deleted",
    "path-rule": "left out by a path rule",
    "no-text-change": "no change of its text",
    unavailable: "the changes could not be had",
    "too-large": "too large",
    "cost-limit": "the cost limit was reached",
    "flow-failed": "the review failed",
  },
  rejected: (count) =>
    `${findings(count)} could not be understood and ${count === 1 ? "was" : "were"} left out.`,
  refuted: (count) =>
    `${findings(count)} did not stand up to verification and ${count === 1 ? "was" : "were"} dropped.`,
  cost: (tokens, split, price) =>
    `${tokens} tokens (${split === null ? "input and output not reported separately" : `${split.input} input, ${split.output} output`})${price === null ? "" : `, ${price}`}`,
  commit: (sha) => `Reviewed commit ${sha}`,
  flow: (name) => `flow ${name}`,
  status: (count) => (count === 0 ? "Reviewed, nothing to remark on" : `Reviewed, ${findings(count)}`),
};
