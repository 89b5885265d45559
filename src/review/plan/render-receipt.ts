import type { Reason } from "../../base/reason.ts";
import type { FileReceipt } from "../receipt.ts";
import { publishLine, publishName } from "../publish-text.ts";
import { shortSha } from "./render-thread.ts";
import type { Translate } from "../../messages/format-message.ts";
import { beginningOf, endingOf } from "../../base/cut-text.ts";

/** How many lines the receipt may take for single files, and for folders when those are too many. */
export type ReceiptSize = { readonly files: number; readonly folders: number };

const MAX_REASON_LENGTH = 200;
const MAX_PATH_LENGTH = 300;

/**
 * What became of each file: one line a file, or where those are too many one line for each outcome and
 * folder with its count. Lines that are still too many are added up in the last one, so that the counts
 * of all lines are the count of the files.
 */
export const renderReceipt = (files: readonly FileReceipt[], size: ReceiptSize, t: Translate): string => {
  if (files.length <= size.files)
    return files
      .toSorted((left, right) => (left.path < right.path ? -1 : 1))
      .map((file) => `- ${name(file.path)} — ${describe(file, t)}`)
      .join("\n");
  const groups = [...Map.groupBy(files, (file) => JSON.stringify([describe(file, t), folderOf(file.path)]))]
    .map(([, members]) => members)
    .toSorted((left, right) => right.length - left.length);
  const shown = groups.slice(0, size.folders);
  const rest = groups.slice(size.folders).flat();
  const lines = shown.flatMap((members) => {
    const [first] = members;
    if (first === undefined) return [];
    return [
      `- ${name(`${folderOf(first.path)}/`)} — ${t("coverage.files", { count: members.length })}, ${describe(first, t)}`,
    ];
  });
  return [...lines, ...sumUp(rest, t)].join("\n");
};

/** The heading's counts: reviewed in full, in part, not. */
export const countReceipt = (files: readonly FileReceipt[]) => {
  const count = (kind: FileReceipt["outcome"]["kind"]) =>
    files.filter(({ outcome }) => outcome.kind === kind).length;
  return { reviewed: count("reviewed"), partly: count("partly"), skipped: count("skipped") };
};

const sumUp = (files: readonly FileReceipt[], t: Translate): string[] =>
  [...Map.groupBy(files, (file) => describe(file, t))].map(
    ([outcome, members]) => `- … — ${t("coverage.files", { count: members.length })}, ${outcome}`,
  );

const describe = ({ outcome }: FileReceipt, t: Translate): string => {
  switch (outcome.kind) {
    case "reviewed":
      return t("coverage.reviewed", { sha: shortSha(outcome.sinceSha) });
    case "partly":
      return t("coverage.partly", { sha: shortSha(outcome.sinceSha), reason: because(outcome.reason, t) });
    case "skipped":
      return t("coverage.skipped", { reason: because(outcome.reason, t) });
  }
};

const because = (reason: Reason, t: Translate): string =>
  publishLine(beginningOf(t.reason(reason), MAX_REASON_LENGTH));

const folderOf = (path: string): string => path.split("/").slice(0, -1).join("/") || ".";

/** A path's end says more than its beginning. */
const name = (path: string): string =>
  publishName(path.length > MAX_PATH_LENGTH ? `…${endingOf(path, MAX_PATH_LENGTH)}` : path);
