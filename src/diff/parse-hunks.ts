import { type Message, message } from "../messages/message.ts";
import type { DiffLine, Hunk, HunksReading } from "./file-diff.ts";
import { endsFile, hunkRange } from "./hunk-range.ts";

/**
 * Reads unified-diff hunks without file headers, as GitLab serves them; the empty text has none. Lines end
 * at a line feed and nowhere else. Malformed, with the line and the reason, are: counts that a hunk does not
 * keep, hunks that overlap or whose line numbers do not follow from those before, lines behind "\ No newline
 * at end of file", and combined diffs of merge commits (`@@@`). A context line may have lost its space.
 */
export const parseHunks = (text: string): HunksReading => {
  const rows = text.split("\n");
  if (rows.at(-1) === "") rows.pop();
  return readHunks(rows);
};

/** `parseHunks` for a text that is already in lines, without their line feeds. */
export const readHunks = (rows: readonly string[]): HunksReading => {
  const hunks: Hunk[] = [];
  let at = 0;
  while (at < rows.length && !isBlankFrom(rows, at)) {
    const header = readHeader(rows[at] ?? "", hunks.at(-1));
    if ("code" in header) return { kind: "malformed", line: at + 1, reason: header };
    const body = readBody(rows, at + 1, header);
    if (body.kind === "malformed") return body;
    hunks.push({ ...header, lines: body.lines });
    at = body.next;
  }
  return { kind: "hunks", hunks };
};

const isBlankFrom = (rows: readonly string[], at: number): boolean =>
  rows[at] === "" && rows.every((row, index) => index < at || row === "");

type Header = Omit<Hunk, "lines">;

const HEADER = /^@@ -(\d{1,10})(?:,(\d{1,10}))? \+(\d{1,10})(?:,(\d{1,10}))? @@(.*)$/s;

/** The header of a hunk, or what is wrong with it. */
const readHeader = (row: string, previous: Hunk | undefined): Header | Message => {
  if (row.startsWith("@@@")) return message("diff.combined");
  const match = HEADER.exec(row);
  if (match === null) return message("diff.header-expected");
  const [, oldStart, oldCount = "1", newStart, newCount = "1", heading = ""] = match;
  const header = {
    oldStart: Number(oldStart),
    oldCount: Number(oldCount),
    newStart: Number(newStart),
    newCount: Number(newCount),
    heading: heading.trim(),
  };
  return findMisplacement(header, previous) ?? header;
};

/** Between hunks nothing changes, so that as many lines lie between two of them on either side. */
const findMisplacement = (header: Header, previous: Hunk | undefined): Message | null => {
  if (header.oldCount + header.newCount === 0) return message("diff.hunk-empty");
  if (previous !== undefined && endsFile(previous)) return message("diff.hunk-after-end");
  const [oldRange, newRange] = [hunkRange(header, "old"), hunkRange(header, "new")];
  const oldSkipped = oldRange.from - (previous === undefined ? 1 : hunkRange(previous, "old").to);
  const newSkipped = newRange.from - (previous === undefined ? 1 : hunkRange(previous, "new").to);
  if (oldSkipped < 0 || newSkipped < 0) return message("diff.hunks-overlap");
  if (oldSkipped === newSkipped) return null;
  return message("diff.sides-apart", { old: oldSkipped, new: newSkipped });
};

type Body =
  | { readonly kind: "body"; readonly lines: readonly DiffLine[]; readonly next: number }
  | Extract<HunksReading, { readonly kind: "malformed" }>;

const readBody = (rows: readonly string[], from: number, header: Header): Body => {
  const lines: DiffLine[] = [];
  let { oldStart: oldLine, newStart: newLine, oldCount: oldLeft, newCount: newLeft } = header;
  let at = from;
  const fail = (reason: Message): Body => ({ kind: "malformed", line: at + 1, reason });
  while (oldLeft > 0 || newLeft > 0) {
    const kind = kindOf(rows[at]);
    if (kind === null) return fail(message("diff.lines-missing", { old: oldLeft, new: newLeft }));
    const onOld = kind === "added" ? 0 : 1;
    const onNew = kind === "removed" ? 0 : 1;
    oldLeft -= onOld;
    newLeft -= onNew;
    if (oldLeft < 0 || newLeft < 0) return fail(message("diff.lines-over"));
    const row = rows[at] ?? "";
    const endsWithNewline = rows[at + 1]?.startsWith("\\") !== true;
    lines.push({ kind, text: isBare(row) ? row : row.slice(1), oldLine, newLine, endsWithNewline });
    if (!endsWithNewline && ((onOld === 1 && oldLeft > 0) || (onNew === 1 && newLeft > 0)))
      return fail(message("diff.lines-after-end"));
    oldLine += onOld;
    newLine += onNew;
    at += endsWithNewline ? 1 : 2;
  }
  return { kind: "body", lines, next: at };
};

const KINDS: Readonly<Record<string, DiffLine["kind"]>> = { " ": "context", "+": "added", "-": "removed" };

/** An empty context line whose space a server took away, in a file with either kind of line ends. */
const isBare = (row: string): boolean => row === "" || row === "\r";

const kindOf = (row: string | undefined): DiffLine["kind"] | null => {
  if (row === undefined) return null;
  return isBare(row) ? "context" : (KINDS[row.charAt(0)] ?? null);
};
