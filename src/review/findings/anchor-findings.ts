import type { FileDiff } from "../../diff/file-diff.ts";
import { toPoint } from "../../diff/find-point.ts";
import { hasPosition } from "../../diff/gitlab-counting.ts";
import type { Anchor, AnchoredFinding, Finding } from "../finding.ts";
import {
  type AnchoredLines,
  type QuoteHint,
  type Row,
  findLongestLine,
  findQuote,
  numberOn,
  rowsOf,
} from "./find-quote.ts";
import { fitSuggestion, moveToBody } from "./fit-suggestion.ts";
import { lineKey } from "./quote-lines.ts";

/**
 * The place of a finding in a diff. Its quoted code is searched in the file that it names, and the place
 * nearest to the stated line is taken; a stated line that contradicts the quote loses to it. Without a quote the
 * stated lines hold where they are in a hunk; a finding that has neither is about the file. What quotes no line of
 * the diff, states one that is in no hunk, or is on lines for which GitLab has no position goes to the summary with
 * its stated line: on another line it would be wrong. A suggestion that does not fit the anchored lines moves into
 * the body. Never throws; every point is in the diff.
 */
export const anchorFinding = (finding: Finding, files: readonly FileDiff[]): AnchoredFinding => {
  const file = findFile(finding, files);
  if (file === null) return inSummary(finding);
  if (finding.quote === null && finding.line === null)
    return { finding: moveToBody(finding), anchor: { kind: "file", file } };
  const hint: QuoteHint = { side: sideIn(file, finding.side), line: finding.line };
  const lines = findLines(file, finding, hint);
  const anchor = lines === null ? null : toAnchor(file, lines.rows);
  if (lines === null || anchor === null) return inSummary(finding);
  if (lines.rows.some(({ hunk, line }) => hasPosition(hunk, line)))
    return { finding: fitSuggestion(finding, lines), anchor };
  return inSummary({ ...finding, ...statedOn(lines.rows) });
};

const inSummary = (finding: Finding): AnchoredFinding => ({
  finding: moveToBody(finding),
  anchor: { kind: "summary" },
});

/** What a finding states when it is on these lines. */
const statedOn = (rows: readonly Row[]): Partial<Pick<Finding, "endLine" | "line" | "side">> => {
  const [first, last] = [rows[0]?.line, rows.at(-1)?.line];
  if (first === undefined || last === undefined) return {};
  const side = first.kind === "removed" ? "old" : "new";
  const [line, end] = [numberOn(first, side), numberOn(last, side)];
  return { side, line, endLine: end > line ? end : null };
};

/** `anchorFinding` for several findings, in their order. */
export const anchorFindings = (
  findings: readonly Finding[],
  files: readonly FileDiff[],
): readonly AnchoredFinding[] => findings.map((finding) => anchorFinding(finding, files));

const findFile = ({ path, side }: Finding, files: readonly FileDiff[]): FileDiff | null => {
  const byNew = files.find(
    ({ newPath, change }) => newPath === path && (side === "new" || change !== "added"),
  );
  const byOld = files.find(({ oldPath }) => oldPath === path);
  return (
    (side === "new" ? (byNew ?? byOld) : (byOld ?? byNew)) ??
    files.find(({ newPath }) => newPath === path) ??
    null
  );
};

/** A deleted file has no new lines and an added one no old lines, whatever a model says. */
const sideIn = ({ change }: FileDiff, side: "new" | "old"): "new" | "old" => {
  if (change === "deleted") return "old";
  return change === "added" ? "new" : side;
};

const findLines = (file: FileDiff, finding: Finding, hint: QuoteHint): AnchoredLines | null => {
  if (finding.quote === null) return statedRows(file, finding, hint);
  const found = findQuote(file, finding.quote, hint);
  if (found === null) {
    const longest = findLongestLine(file, finding.quote, hint);
    return longest === null ? null : { rows: longest.rows, partOf: null, exact: false };
  }
  const meant = withStatedLength(file, found.rows, finding, hint);
  const rows = cutToFirstHunk(meant);
  const added = meant.slice(found.rows.length);
  const isMeant = added.length === 0 || (found.whole && sharesLine(finding.suggestion, added));
  return { rows, partOf: found.whole ? null : found.quote, exact: rows.length === meant.length && isMeant };
};

/** Whether a suggestion rewrites lines beyond the quote, and so stands for them too. */
const sharesLine = (suggestion: string | null, rows: readonly Row[]): boolean => {
  const keys = new Set((suggestion ?? "").split("\n").map(lineKey));
  const last = rows.at(-1);
  return last !== undefined && keys.has(lineKey(last.line.text));
};

/** The stated lines as far as they are in one hunk; null when the stated line is in none. */
const statedRows = (
  file: FileDiff,
  { line, endLine }: Finding,
  { side }: QuoteHint,
): AnchoredLines | null => {
  if (line === null) return null;
  const end = endLine ?? line;
  const meant = rowsOf(file, side).filter((row) => {
    const number = numberOn(row.line, side);
    return number >= line && number <= end;
  });
  const rows = cutToFirstHunk(meant);
  return rows.length === 0 ? null : { rows, partOf: null, exact: rows.length === end - line + 1 };
};

/** A quote may hold only the first of the stated lines: the range is then as long as stated. */
const withStatedLength = (
  file: FileDiff,
  found: readonly Row[],
  { line, endLine }: Finding,
  { side }: QuoteHint,
): readonly Row[] => {
  const length = line === null || endLine === null ? 0 : endLine - line + 1;
  const first = found[0];
  if (first === undefined || length <= found.length) return found;
  const rows = rowsOf(file, side);
  const from = rows.findIndex((row) => row.line === first.line);
  const isOnSide = found.every((row, index) => rows[from + index]?.line === row.line);
  return from < 0 || !isOnSide ? found : rows.slice(from, from + length);
};

const cutToFirstHunk = (rows: readonly Row[]): readonly Row[] =>
  rows.filter((row) => row.hunk === rows[0]?.hunk);

const toAnchor = (file: FileDiff, rows: readonly Row[]): Anchor | null => {
  const first = rows[0];
  const last = rows.at(-1);
  if (first === undefined || last === undefined) return null;
  const code = rows.map(({ line }) => line.text).join("\n");
  return {
    kind: "line",
    file,
    hunk: first.hunk,
    start: toPoint(first.line),
    end: toPoint(last.line),
    code,
  };
};
