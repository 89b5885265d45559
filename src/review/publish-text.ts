import type { Code, Heading, Paragraph, Parents, PhrasingContent, RootContent } from "mdast";
import { gfmToMarkdown } from "mdast-util-gfm";
import { defaultHandlers, toMarkdown } from "mdast-util-to-markdown";
import { cjkFriendlyToMarkdown } from "mdast-util-to-markdown-cjk-friendly";
import { cjkFriendlyGfmStrikethroughToMarkdown } from "mdast-util-to-markdown-cjk-friendly-gfm-strikethrough";
import { disarm, disarmWords } from "./publish/disarm.ts";
import { hasHiddenSigns, isTooDeep, plainSigns } from "./publish/plain-signs.ts";
import { parseMarkdown, parseWithFencedQuotes } from "./publish/parse-markdown.ts";
import { plainTree } from "./publish/plain-tree.ts";
import {
  escapeParagraphs,
  escapeQuickActions,
  hasQuickAction,
  isCodeForAll,
} from "./publish/quick-actions.ts";
import { beginningOf } from "../base/cut-text.ts";

/**
 * The single place where a text that we did not write becomes part of a note. A note is not only shown:
 * GitLab runs quick actions from it as the bot, notifies whom it mentions and loads what it embeds. So
 * everything that acts is turned into something that only reads; nothing is left out.
 */

/**
 * Neutralises a Markdown text that a flow, a model or a merge request brought. No line of the result is a
 * quick action, mentions do not notify, images and links become readable addresses, HTML (our own hidden
 * markers among it) shows as text, code blocks are never drawn nor offered as suggestions, and dollar
 * signs set no mathematics. Code stays as it is, hidden signs apart, which show by their names.
 */
export const publishText = (text: string): string => {
  const plain = plainSigns(text);
  if (isTooDeep(plain)) return publishCode(plain);
  const tree = parseWithFencedQuotes(plain);
  plainTree(tree, plainSigns);
  disarm(tree);
  return print(tree.children);
};

/**
 * `publishText` with at most `max` characters. A text that is too long is cut before it is made
 * harmless, so that what is left is whole Markdown.
 */
export const publishShortened = (
  text: string,
  max: number,
): { readonly markdown: string; readonly cut: boolean } => {
  let length = Math.min(text.length, max);
  for (;;) {
    const markdown = publishText(beginningOf(text, length));
    if (markdown.length <= max) return { markdown, cut: length < text.length };
    // Escaping made it longer; the next try is in proportion, and always shorter.
    length = Math.floor(length * Math.min(0.9, max / markdown.length));
  }
};

/**
 * `publishText` for what a flow posts by itself: a text in which nothing acts stays as it was written, sign by sign.
 */
export const publishPosted = (text: string): string => {
  const published = publishText(text);
  if (plainSigns(text) !== text || isTooDeep(text) || /[$>]/u.test(text)) return published;
  const tree = parseMarkdown(text);
  return !hasQuickAction(text, tree) && print(tree.children) === published ? text : published;
};

/**
 * A whole text of which others wrote a part, and which the bot hands to GitLab again: as it is, but for lines of
 * paragraphs that GitLab would now run as the bot, which are escaped. Null where such a line stands in what cannot
 * be escaped, or in what GitLab may read otherwise than we do.
 */
export const publishAround = (text: string): string | null => {
  if (isTooDeep(text)) return hasQuickAction(text, { type: "root", children: [] }) ? null : text;
  const escaped = escapeParagraphs(text, parseMarkdown(text));
  return hasQuickAction(escaped, parseMarkdown(escaped)) ? null : escaped;
};

/** One line of text such as a title: `publishText` for what has to stay on its line, whatever it holds. */
export const publishLine = (text: string): string => print([{ type: "paragraph", children: phrases(text) }]);

/** A name such as a path as code on its line. */
export const publishName = (name: string): string =>
  print([{ type: "paragraph", children: [{ type: "inlineCode", value: nameSigns(name) }] }]);

/** Code as a block that only shows it, without colours. */
export const publishCode = (code: string): string => print([{ type: "code", value: plainSigns(code) }]);

/** What a table holds: a line of text, a name as code, or a text that leads to a note of the same page. */
export type Cell = string | { readonly name: string } | { readonly text: string; readonly noteId: number };

/** A table; each of its cells is neutralised. */
export const publishTable = (head: readonly string[], rows: readonly (readonly Cell[])[]): string => {
  const row = (cells: readonly Cell[]) => ({
    type: "tableRow" as const,
    children: cells.map((cell) => ({ type: "tableCell" as const, children: cellPhrases(cell) })),
  });
  return print([{ type: "table", children: [row(head), ...rows.map(row)] }]);
};

/** The lines that one suggestion replaces: so many before the line of the position, and that line. */
export type SuggestionRange = { readonly linesBefore: number };

/** GitLab's limit on how far a suggestion reaches (its documentation, "Multi-line suggestions"). */
const MAX_LINES_BEFORE = 100;

/**
 * GitLab's block of a change that a reader can apply, or null where the change cannot be put into one
 * unaltered: hidden signs, too many lines, or blank lines, which GitLab takes for none. The code must be
 * applied as it is, so nothing in it is escaped; the fence, in which nothing acts, is longer than any in it.
 */
export const publishSuggestion = (code: string, { linesBefore }: SuggestionRange): string | null => {
  const lines = code.replaceAll("\r\n", "\n").replace(/\n$/u, "");
  if (linesBefore > MAX_LINES_BEFORE || hasHiddenSigns(lines)) return null;
  if (lines.trim() === "" && code !== "") return null;
  const fence = "`".repeat(fenceOf(lines));
  const body = code === "" ? [] : [lines];
  const block = [`${fence}suggestion:-${linesBefore}+0`, ...body, fence].join("\n");
  return code === "" || isCodeForAll(lines, fence.length) ? block : block.replace(/^/gmu, "> ");
};

/** How many backticks a fence around code needs. */
const fenceOf = (code: string): number =>
  1 + (code.match(/`+/gu) ?? []).reduce((longest, { length }) => Math.max(longest, length), 2);

const EXTENSIONS = [
  gfmToMarkdown({ tablePipeAlign: false }),
  cjkFriendlyToMarkdown(),
  cjkFriendlyGfmStrikethroughToMarkdown(),
];

const print = (children: RootContent[]): string =>
  toMarkdown(
    { type: "root", children: children.map((block) => (block.type === "code" ? forAll(block) : block)) },
    {
      extensions: EXTENSIONS,
      bullet: "-",
      // Three dashes at the beginning of a text are front matter for GitLab.
      rule: "*",
      fences: true,
      // GitLab sets mathematics between dollar signs.
      unsafe: [{ character: "$", inConstruct: "phrasing" }],
      handlers: {
        paragraph: (node: Paragraph, parent, state, info) =>
          showMarks(parent, node, escapeIn(parent, defaultHandlers.paragraph(node, parent, state, info))),
        heading: (node: Heading, parent, state, info) =>
          escapeIn(parent, defaultHandlers.heading(node, parent, state, info)),
      },
    },
  ).trimEnd();

/** Code that some version of GitLab would not take for code at the first column stands in a quote, and so at none. */
const forAll = (code: Code): RootContent =>
  isCodeForAll(code.value, fenceOf(code.value)) ? code : { type: "blockquote", children: [code] };

const escapeIn = (parent: Parents | undefined, block: string): string =>
  parent?.type === "root" ? escapeQuickActions(block) : block;

/** The marks of an alert and of a task that does not apply, which only show something and are no links. */
const ALERT = /^\\\[(?=!(?:note|tip|important|caution|warning)\](?:\s|$))/i;
const NOT_APPLICABLE = /^\\\[\\?~\](?=\s)/;

/**
 * A paragraph with what GitLab reads as more than words at the beginning of a quote (an alert) or of a list's item
 * (a task).
 *
 * @see https://docs.gitlab.com/user/markdown/#alerts
 * @see https://docs.gitlab.com/user/markdown/#task-lists
 */
const showMarks = (parent: Parents | undefined, node: Paragraph, text: string): string => {
  if (parent?.children[0] !== node) return text;
  if (parent.type === "blockquote") return text.replace(ALERT, "[");
  if (parent.type !== "listItem") return text;
  if (typeof parent.checked !== "boolean" || text === "") return text.replace(NOT_APPLICABLE, "[~]");
  return `[${parent.checked ? "x" : " "}] ${text}`;
};

const onOneLine = (text: string): string => plainSigns(text).replace(/\s+/gu, " ");

const oneLine = (text: string): string => onOneLine(text).trim();

const nameSigns = (name: string): string => oneLine(name) || "?";

/** A line's Markdown when it is nothing but a line, else its signs as they stand. */
const phrases = (text: string): PhrasingContent[] => {
  const line = oneLine(text);
  if (isTooDeep(line)) return disarmWords(line);
  const tree = parseMarkdown(line);
  const [block, ...others] = tree.children;
  if (block?.type !== "paragraph" || others.length > 0) return disarmWords(line);
  plainTree(tree, onOneLine);
  disarm(tree);
  return block.children;
};

const cellPhrases = (cell: Cell): PhrasingContent[] => {
  if (typeof cell === "string") return phrases(cell);
  if ("name" in cell) return [{ type: "inlineCode", value: nameSigns(cell.name) }];
  return [{ type: "link", url: `#note_${cell.noteId}`, children: phrases(cell.text) }];
};
