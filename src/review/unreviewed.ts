import type { ReasonCode } from "../base/reason.ts";
import type { FileReceipt } from "./receipt.ts";
import { isMedia } from "./units/default-rules.ts";

/**
 * Why a file may be left out of a review that counts as whole: a rule of the operator or of a protected branch says
 * so, or nothing in it can be code. Everything else is the author's own word (a mark, a name, a byte), or went wrong.
 */
const LEFT_OUT_BY_RIGHT: ReadonlySet<ReasonCode> = new Set([
  "path-rule",
  "lock-file",
  "no-text-change",
  "deleted",
]);

/** The files that a review cannot speak for: none of them, or not all of their changes, were reviewed. */
export const unreviewedFiles = (receipt: readonly FileReceipt[]): readonly FileReceipt[] =>
  receipt.filter(
    ({ path, outcome }) =>
      outcome.kind !== "reviewed" &&
      !LEFT_OUT_BY_RIGHT.has(outcome.reason.code) &&
      !(outcome.reason.code === "binary" && isMedia(path)),
  );
