import type { Nodes, Root } from "mdast";
import { visit } from "unist-util-visit";

/**
 * GitLab's rule for quick actions: a line that begins with a slash and a name, at its first column, in a paragraph
 * that stands in nothing else. Older versions take such lines from any block but code. Which names are commands
 * is left open here, since every version adds some. Carriage returns are dropped before lines are read.
 *
 * @see https://docs.gitlab.com/user/project/quick_actions/
 */
const ACTING_LINE = /^(\r*)\/(?=\r*[A-Za-z_])/gmu;

/** What GitLab takes for the edge of front matter, which swallows the beginning of a code block that follows. */
const FRONT_MATTER = /^(?=\+{3}|;{3})/gmu;

/** What GitLab changes or cuts before it reads Markdown: carriage returns, front matter, quotes between `>>>`. */
const READ_BEFORE = /\r(?!\n)|^[^\S\n]*(?:-{3}|\+{3}|;{3})|^ {0,3}>{3,}[ \t]*$/mu;

/** The Markdown of a block that stands in nothing else, no code, with its acting lines escaped. It reads the same. */
export const escapeQuickActions = (block: string): string =>
  block.replace(ACTING_LINE, "$1\\/").replace(FRONT_MATTER, "\\");

/**
 * Whether GitLab would take a line of a whole text for a quick action; `tree` is the text as CommonMark. Where
 * GitLab may find other blocks than CommonMark does, a line counts wherever it stands.
 */
export const hasQuickAction = (text: string, tree: Root): boolean => {
  const code = READ_BEFORE.test(text) ? [] : tree.children.filter(({ type }) => type === "code").map(rangeOf);
  return [...text.matchAll(ACTING_LINE)].some(
    ({ index }) => !code.some(({ from, to }) => index >= from && index < to),
  );
};

/** A whole text with the acting lines of its paragraphs and headings escaped; nothing else changes, whatever it holds. */
export const escapeParagraphs = (text: string, tree: Root): string => {
  const words: Range[] = [];
  visit(tree, (node) => {
    if (node.type === "paragraph" || node.type === "heading") words.push(rangeOf(node));
  });
  return text.replace(ACTING_LINE, (line: string, returns: string, index: number) =>
    words.some(({ from, to }) => index + returns.length >= from && index < to) ? `${returns}\\/` : line,
  );
};

type Range = { readonly from: number; readonly to: number };

const rangeOf = ({ position }: Nodes): Range => ({
  from: position?.start.offset ?? 0,
  to: position?.end.offset ?? 0,
});
