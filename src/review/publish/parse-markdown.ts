import type { Nodes, Root, RootContent } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { cjkFriendlyExtension } from "micromark-extension-cjk-friendly";
import { gfmStrikethroughCjkFriendly } from "micromark-extension-cjk-friendly-gfm-strikethrough";
import { gfm } from "micromark-extension-gfm";
import { visit } from "unist-util-visit";

// Made once: a review parses some hundred texts, most of them a line, and the making took longer than the parsing.
const EXTENSIONS = {
  extensions: [gfm(), cjkFriendlyExtension(), gfmStrikethroughCjkFriendly()],
  mdastExtensions: [gfmFromMarkdown()],
};

/**
 * Markdown as GitLab reads it: GitHub's with its option `cjk_friendly_emphasis`, under which marks of emphasis act
 * beside the punctuation of Chinese, Japanese and Korean (`**「注意」**です`).
 *
 * @see https://docs.gitlab.com/user/markdown/
 */
export const parseMarkdown = (text: string): Root => fromMarkdown(text, EXTENSIONS);

/** A line that opens or closes a quote of GitLab's; the quote may be an alert with a title. */
const FENCE = /^([ \t]*)(>{3,})[ \t]*(\[!(?:note|tip|important|caution|warning)\](?:[ \t].*)?)?$/i;

/**
 * Markdown with GitLab's quotes between lines of `>>>`, which stand in the tree as quotes do. One that nothing closes
 * goes on to the end of what it is in; one of more signs can hold one of fewer. A text in which such a line cannot be
 * told from what is around it is read without them. Positions are not those of the text.
 *
 * @see https://docs.gitlab.com/user/markdown/#multiline-blockquote
 */
export const parseWithFencedQuotes = (text: string): Root => {
  const tree = parseMarkdown(text);
  const lines = text.split("\n");
  if (!lines.some((line) => FENCE.test(line))) return tree;
  let mark = "reviewflow-quote-";
  while (text.includes(mark)) mark += "-";
  const { marked, count } = markFences(lines, tree, mark);
  const folded = parseMarkdown(marked);
  let found = 0;
  visit(folded, "paragraph", (node) => {
    if (closedBy(node, mark) !== null) found += 1;
  });
  if (found !== count) return tree;
  visit(folded, (node: Nodes) => {
    if (node.type === "root" || node.type === "blockquote" || node.type === "listItem")
      Object.assign(node, { children: foldQuotes(node.children, mark) });
  });
  return folded;
};

/** Puts a paragraph in the place of each line of `>>>`: the mark, and how many quotes it closes, 0 where it opens one. */
const markFences = (lines: readonly string[], tree: Root, mark: string) => {
  const code = new Set<number>();
  const quoted = new Set<number>();
  visit(tree, (node: Nodes) => {
    const from = (node.position?.start.line ?? 1) - 1;
    const to = node.position?.end.line ?? 0;
    if (node.type === "code" || node.type === "html") for (let at = from; at < to; at += 1) code.add(at);
    // What is behind the first line of any other quote goes on with it.
    if (node.type === "blockquote" && !FENCE.test(lines[from] ?? ""))
      for (let at = from + 1; at < to; at += 1) quoted.add(at);
  });
  const open: number[] = [];
  let count = 0;
  const marked = lines.map((line, at) => {
    const [, indent, signs = "", alert] = FENCE.exec(line) ?? [];
    if (indent === undefined || code.has(at)) return line;
    const closed = alert === undefined ? open.findIndex((length) => signs.length >= length) : -1;
    if (closed === -1 && open.length === 0 && quoted.has(at)) return line;
    const closes = closed === -1 ? 0 : open.length - closed;
    if (closed === -1) open.push(signs.length);
    else open.length = closed;
    count += 1;
    const rest = alert === undefined ? "" : `\n${indent}${alert}\n`;
    return `\n${indent}${mark}${closes}\n${rest}`;
  });
  return { marked: marked.join("\n"), count };
};

/** How many quotes a marked paragraph closes; null for what is none. */
const closedBy = (node: RootContent, mark: string): number | null => {
  const [only, ...others] = node.type === "paragraph" ? node.children : [];
  if (only?.type !== "text" || others.length > 0 || !only.value.startsWith(mark)) return null;
  return Number(only.value.slice(mark.length));
};

const foldQuotes = (children: readonly RootContent[], mark: string): readonly RootContent[] => {
  const folded: RootContent[] = [];
  const levels = [folded];
  for (const child of children) {
    const into = levels.at(-1) ?? folded;
    const closes = closedBy(child, mark);
    if (closes === null) into.push(child);
    else if (closes > 0) levels.length = Math.max(1, levels.length - closes);
    else {
      const inside: RootContent[] = [];
      into.push(Object.assign({ type: "blockquote" as const, children: [] }, { children: inside }));
      levels.push(inside);
    }
  }
  return folded;
};
