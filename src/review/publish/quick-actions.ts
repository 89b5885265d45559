import type { Nodes, Root } from "mdast";
import { visit } from "unist-util-visit";

/**
 * GitLab's rule for quick actions: a line that begins with a slash and a name, at its first column, in a paragraph
 * that stands in nothing else. Older versions take such lines from anything but what they know as code, elements and
 * quotes, which they read line by line. Which names are commands is left open here, since every version adds some.
 * Carriage returns are dropped before lines are read.
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
export const hasQuickAction = (text: string, tree: Root): boolean =>
  hasActingLine(text, tree) || hasOlderQuickAction(text.replaceAll("\r", ""));

const hasActingLine = (text: string, tree: Root): boolean => {
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

/**
 * Whether code at the first column is a block of code for older versions, too, whatever stands before and behind it.
 * They know fences of three backticks only, search the end of an empty block behind it, and end an element before
 * the block at a line of its code that ends one.
 */
export const isCodeForAll = (code: string, fence: number): boolean =>
  fence === 3 && code !== "" && !/^\s*<\//mu.test(code);

/** Where a mark stands next, for questions about later and later places: all of them go over the text once. */
const seek = (text: string, mark: string) => {
  let at = -1;
  return (from: number): number => {
    if (at < from) {
      const found = text.indexOf(mark, from);
      at = found === -1 ? Infinity : found;
    }
    return at;
  };
};

/** Where the first of the ends of a kind is over whose mark stands at a place or behind it; null for none. */
const seekEnd = (text: string, mark: string, overAt: (at: number) => number) => {
  const next = seek(text, mark);
  return (from: number): number | null => {
    for (let at = next(from); at < text.length; at = next(at + 1)) {
      const over = overAt(at);
      if (over === text.length || text[over] === "\n") return over;
    }
    return null;
  };
};

/**
 * Quick actions as older versions find them: a line outside of what begins with three backticks, `>>>` or an element's
 * mark at the end of its line, and ends with a line of the same, whatever Markdown makes of it. Between the marks there
 * is something. A text has no carriage returns.
 */
const hasOlderQuickAction = (text: string): boolean => {
  const overMark = (at: number): number => at + "\n```".length;
  const endOfTag = seek(text, ">");
  const skip = {
    "`": { mark: "```", end: seekEnd(text, "\n```", overMark) },
    ">": { mark: ">>>", end: seekEnd(text, "\n>>>", overMark) },
  } as const;
  const closingTag = seek(text, ">");
  const endOfElement = seekEnd(text, "\n</", (at) => {
    const over = closingTag(at + "\n</".length);
    return over === at + "\n</".length ? -1 : over + 1;
  });
  const overBlock = (at: number): number | null => {
    const sign = text[at];
    if (sign === "`" || sign === ">") {
      const { mark, end } = skip[sign];
      return text.startsWith(mark, at) ? end(at + mark.length + 1) : null;
    }
    if (sign !== "<") return null;
    const tagEnd = endOfTag(at + 1);
    return tagEnd > at + 1 && text[tagEnd + 1] === "\n" ? endOfElement(tagEnd + 3) : null;
  };
  for (let at = 0; at < text.length;) {
    if (/^\/[A-Za-z_]/u.test(text.slice(at, at + 2))) return true;
    const over = overBlock(at) ?? text.indexOf("\n", at);
    at = over === -1 ? text.length : over + 1;
  }
  return false;
};

type Range = { readonly from: number; readonly to: number };

const rangeOf = ({ position }: Nodes): Range => ({
  from: position?.start.offset ?? 0,
  to: position?.end.offset ?? 0,
});
