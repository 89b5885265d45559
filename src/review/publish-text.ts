import type { Parents, PhrasingContent, Root } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown, gfmToMarkdown } from "mdast-util-gfm";
import { toMarkdown } from "mdast-util-to-markdown";
import { toString as toText } from "mdast-util-to-string";
import { gfm } from "micromark-extension-gfm";
import { visit } from "unist-util-visit";

/**
 * The single place where a text that we did not write becomes part of a note. A note is not only shown:
 * GitLab runs quick actions from it as the bot, notifies whom it mentions and loads what it embeds. So
 * everything that acts is turned into something that only reads; nothing is left out.
 */

/** Keeps a sign from acting without changing what a reader sees. */
const INVISIBLE = "\u200B";

/**
 * Neutralises a Markdown text that a flow, a model or a merge request brought. No line of the result
 * starts with `/` (GitLab takes such a line for a quick action, also after a bare carriage return),
 * mentions do not notify, images and links become readable addresses, and HTML (our own hidden markers
 * among it) shows as text.
 */
export const publishText = (text: string): string => {
  const lines = text.replace(/\r\n?|[\u2028\u2029\u0085\v\f]/g, "\n");
  const tree = fromMarkdown(lines, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
  disarm(tree);
  const markdown = toMarkdown(tree, { extensions: [gfmToMarkdown()], bullet: "-", rule: "-", fences: true });
  return markdown.trimEnd().split("\n").map(keepFromActing).join("\n");
};

/** A line that begins with a slash, behind white space or the marks of lists and quotes, must not. */
const keepFromActing = (line: string): string =>
  line
    .replace(/^((?:[\s>*+-]|\d+[.)])*)\//, `$1${INVISIBLE}/`)
    // GitLab's own directive, which Markdown parsers do not know: it would embed a file or an address.
    .replace(/^(\s*):(:+include\{)/, `$1:${INVISIBLE}$2`)
    // Our hidden markers mean something in a note of ours; inside code they would still be found.
    .replaceAll("<!-- reviewflow:", `<!--${INVISIBLE} reviewflow:`);

const disarm = (tree: Root): void => {
  const addresses = new Map<string, string>();
  visit(tree, "definition", (node) => {
    addresses.set(node.identifier, node.url);
  });
  visit(tree, (node) => {
    switch (node.type) {
      case "paragraph":
      case "heading":
      case "emphasis":
      case "strong":
      case "delete":
      case "tableCell":
        node.children = node.children.flatMap((child) => disarmPhrase(child, addresses));
        return;
      case "html":
        Object.assign(node, { type: "paragraph", children: disarmText(node.value) });
        return;
      case "definition":
        Object.assign(node, {
          type: "paragraph",
          children: named(`[${node.label ?? node.identifier}]`, node.url),
        });
        return;
      default:
    }
  });
};

/** What stands in for one piece of a line. Children are visited after their parent, so they stay as they are here. */
const disarmPhrase = (node: PhrasingContent, addresses: ReadonlyMap<string, string>): PhrasingContent[] => {
  switch (node.type) {
    case "text":
    case "html":
      return disarmText(node.value);
    case "image":
      return named(node.alt ?? "", node.url);
    case "imageReference":
      return named(node.alt ?? "", addresses.get(node.identifier) ?? node.identifier);
    case "link":
      return disarmLink(toText(node), node.url) ?? [...inner(node, addresses), ...behind(node.url)];
    case "linkReference":
      return [...inner(node, addresses), ...behind(addresses.get(node.identifier) ?? node.identifier)];
    default:
      return [node];
  }
};

/** A link that shows its own address is written once. */
const disarmLink = (label: string, url: string): PhrasingContent[] | null => {
  if (url === label) return [code(url)];
  return url === `mailto:${label}` ? disarmText(label) : null;
};

const inner = (node: Parents & { children: PhrasingContent[] }, addresses: ReadonlyMap<string, string>) =>
  node.children.flatMap((child) => disarmPhrase(child, addresses));

const code = (value: string): PhrasingContent => ({ type: "inlineCode", value });

const behind = (url: string): PhrasingContent[] => [
  { type: "text", value: " (" },
  code(url),
  { type: "text", value: ")" },
];

const named = (label: string, url: string): PhrasingContent[] =>
  label === "" ? [code(url)] : [...disarmText(label), ...behind(url)];

const MENTION = /@(?=[\w.-])/g;

/** Plain text: addresses that GitLab would link become code, mentions lose their effect. */
const disarmText = (value: string): PhrasingContent[] =>
  value
    .split(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s<>]+)/i)
    .filter((part) => part !== "")
    .map((part) =>
      /^[a-z][a-z0-9+.-]*:\/\//i.test(part)
        ? code(part)
        : { type: "text", value: part.replace(MENTION, `@${INVISIBLE}`) },
    );
