import type { FileReceipt } from "../receipt.ts";
import { publishLine, publishName } from "../publish-text.ts";
import { shortSha } from "./render-thread.ts";
import type { Sentences } from "./sentences.ts";
import { beginningOf, endingOf } from "../../base/cut-text.ts";

/** How many lines the receipt may take for single files, and for folders when those are too many. */
export type ReceiptSize = { readonly files: number; readonly folders: number };

const MAX_DETAIL_LENGTH = 200;
const MAX_PATH_LENGTH = 300;

/**
 * What became of each file: one line a file, or where those are too many one line for each outcome and
 * folder with its count. Lines that are still too many are added up in the last one, so that the counts
 * of all lines are the count of the files.
 */
export const renderReceipt = (files: readonly FileReceipt[], size: ReceiptSize, say: Sentences): string => {
  if (files.length <= size.files)
    return files
      .toSorted((left, right) => (left.path < right.path ? -1 : 1))
      .map((file) => `- ${name(file.path)} — ${describe(file, say, true)}`)
      .join("\n");
  const groups = [
    ...Map.groupBy(files, (file) => JSON.stringify([describe(file, say, false), folderOf(file.path)])),
  ]
    .map(([, members]) => members)
    .toSorted((left, right) => right.length - left.length);
  const shown = groups.slice(0, size.folders);
  const rest = groups.slice(size.folders).flat();
  const lines = shown.flatMap((members) => {
    const [first] = members;
    if (first === undefined) return [];
    return [
      `- ${name(`${folderOf(first.path)}/`)} — ${say.files(members.length)}, ${describe(first, say, false)}`,
    ];
  });
  return [...lines, ...sumUp(rest, say)].join("\n");
};

/** The heading's counts: reviewed in full, in part, not. */
export const countReceipt = (files: readonly FileReceipt[]): readonly [number, number, number] => {
  const count = (kind: FileReceipt["outcome"]["kind"]) =>
    files.filter(({ outcome }) => outcome.kind === kind).length;
  return [count("reviewed"), count("partly"), count("skipped")];
};

const sumUp = (files: readonly FileReceipt[], say: Sentences): string[] =>
  [...Map.groupBy(files, (file) => describe(file, say, false))].map(
    ([outcome, members]) => `- … — ${say.files(members.length)}, ${outcome}`,
  );

const describe = ({ outcome }: FileReceipt, say: Sentences, detailed: boolean): string => {
  switch (outcome.kind) {
    case "reviewed":
      return say.reviewedFile(shortSha(outcome.sinceSha));
    case "partly":
      return say.partlyFile(shortSha(outcome.sinceSha), because(outcome, say, detailed));
    case "skipped":
      return say.skippedFile(because(outcome, say, detailed));
  }
};

const because = (
  { reason, detail }: Extract<FileReceipt["outcome"], { readonly reason: string }>,
  say: Sentences,
  detailed: boolean,
): string =>
  detailed && detail.trim() !== ""
    ? `${say.reason[reason]} (${publishLine(beginningOf(detail, MAX_DETAIL_LENGTH))})`
    : say.reason[reason];

const folderOf = (path: string): string => path.split("/").slice(0, -1).join("/") || ".";

/** A path's end says more than its beginning. */
const name = (path: string): string =>
  publishName(path.length > MAX_PATH_LENGTH ? `…${endingOf(path, MAX_PATH_LENGTH)}` : path);
