import type { Paragraph, Root } from "mdast";
import { parseMarkdown } from "../publish/parse-markdown.ts";
import { isTooDeep } from "../publish/plain-signs.ts";

/** A line that its author says, and does not only show: `start` is where its words begin in the note. */
export type SpokenLine = { readonly start: number; readonly text: string };

/** How much of a note is read, in characters: reading takes longer than in proportion. */
const MAX_SPOKEN = 4000;

/**
 * The lines of a note that its author says: lines of paragraphs, also in lists, that begin as plain words.
 * Code, quotes (also GitLab's `>>>` and those of HTML), headings, tables and HTML are shown only. Only the
 * first `MAX_SPOKEN` characters are read, and nothing of a note that is nested deeper than anybody writes.
 * Never throws.
 */
export const spokenLines = (note: string): readonly SpokenLine[] => {
  const text = note.slice(0, MAX_SPOKEN);
  const tree = isTooDeep(text) ? null : parse(text);
  if (tree === null) return [];
  const quoted = findQuoted(tree, text);
  return paragraphsOf(tree)
    .flatMap((paragraph) => linesOf(paragraph, text))
    .filter(({ start }) => !quoted.some((range) => start >= range.from && start < range.to));
};

const parse = (text: string): Root | null => {
  try {
    return parseMarkdown(text);
  } catch {
    return null;
  }
};

const paragraphsOf = (node: Root | Root["children"][number]): readonly Paragraph[] => {
  if (node.type === "paragraph") return [node];
  if (node.type !== "root" && node.type !== "list") return [];
  return node.children.flatMap((child) =>
    child.type === "listItem" ? child.children.flatMap(paragraphsOf) : paragraphsOf(child),
  );
};

/** A line counts when it is at the beginning of the note's own line, and its first sign is plain text. */
const linesOf = (paragraph: Paragraph, text: string): readonly SpokenLine[] => {
  const from = paragraph.position?.start.offset ?? 0;
  const to = paragraph.position?.end.offset ?? 0;
  const plain = paragraph.children.flatMap((child) =>
    child.type === "text"
      ? [{ from: child.position?.start.offset ?? 0, to: child.position?.end.offset ?? 0 }]
      : [],
  );
  return [...text.slice(from, to).matchAll(/[^\r\n]+/g)].flatMap((match) => {
    const at = from + match.index;
    const start = at + (match[0].length - match[0].trimStart().length);
    const before = text.slice(lineStart(text, at), start);
    const isPlain = plain.some((range) => start >= range.from && start < range.to);
    return /^\s{0,3}$/.test(before) && isPlain
      ? [{ start, text: text.slice(start, at + match[0].length) }]
      : [];
  });
};

const lineStart = (text: string, at: number): number => {
  let start = at;
  while (start > 0 && text[start - 1] !== "\n" && text[start - 1] !== "\r") start -= 1;
  return start;
};

type Range = { readonly from: number; readonly to: number };

/** What GitLab shows as quoted and a Markdown parser takes for paragraphs. */
const findQuoted = (tree: Root, text: string): readonly Range[] => {
  const code = codeRanges(tree);
  return [...fencedQuotes(text, code), ...htmlQuotes(tree, text.length)];
};

const codeRanges = (tree: Root): readonly Range[] =>
  tree.children.flatMap((node) =>
    node.type === "code"
      ? [{ from: node.position?.start.offset ?? 0, to: node.position?.end.offset ?? 0 }]
      : [],
  );

/** GitLab's quotes between two lines of `>>>`; one that is never closed goes on to the end. */
const fencedQuotes = (text: string, code: readonly Range[]): readonly Range[] => {
  const ranges: Range[] = [];
  let open: { from: number; length: number } | null = null;
  for (const match of text.matchAll(/^ {0,3}(>{3,})[ \t]*$/gm)) {
    const length = match[1]?.length ?? 0;
    const isCode = code.some(({ from, to }) => match.index >= from && match.index < to);
    if (open !== null && length >= open.length) {
      ranges.push({ from: open.from, to: match.index });
      open = null;
    } else if (open === null && !isCode) open = { from: match.index, length };
  }
  return open === null ? ranges : [...ranges, { from: open.from, to: text.length }];
};

const SHOWING = /<(\/?)(blockquote|pre|code|q|samp|kbd|del|template|table)\b[^>]*>/gi;

/** What stands between an opening and a closing tag, as GitLab shows Markdown within HTML. */
const htmlQuotes = (tree: Root, end: number): readonly Range[] => {
  const ranges: Range[] = [];
  let depth = 0;
  let from = 0;
  for (const node of tree.children) {
    const at = node.position?.start.offset ?? 0;
    if (node.type !== "html") continue;
    for (const [, slash] of node.value.matchAll(SHOWING)) {
      if (slash === "" && depth === 0) from = at;
      depth = Math.max(0, depth + (slash === "" ? 1 : -1));
      if (slash === "/" && depth === 0) ranges.push({ from, to: at });
    }
  }
  return depth === 0 ? ranges : [...ranges, { from, to: end }];
};
