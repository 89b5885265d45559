/**
 * What GitLab would do with a text that the bot writes, read independently of the publisher: CommonMark with GitLab's
 * extensions, its rule for quick actions, and what of its pipeline stands before Markdown.
 */
import assert from "node:assert/strict";
import { fromMarkdown, type Options } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { cjkFriendlyExtension } from "micromark-extension-cjk-friendly";
import { gfmStrikethroughCjkFriendly } from "micromark-extension-cjk-friendly-gfm-strikethrough";
import { gfm } from "micromark-extension-gfm";
import type { Nodes, Root } from "mdast";
import { visit } from "unist-util-visit";

/** What acts in a text, and the code that it shows. */
export type Reading = {
  /** Lines that GitLab takes for quick actions, whatever their name. */
  readonly commands: readonly string[];
  /** Mentions, and references that leave a trace elsewhere. */
  readonly references: readonly string[];
  /** Links, images and what they refer to, without those to notes of the same page. */
  readonly addresses: readonly string[];
  readonly html: readonly string[];
  /** The info strings of code blocks. */
  readonly infos: readonly string[];
  readonly blocks: readonly string[];
  readonly spans: readonly string[];
};

const COLOURS = /^$|^[a-z0-9+#-]{1,20}$/;
const DRAWN = new Set([
  "suggestion",
  "mermaid",
  "plantuml",
  "kroki",
  "math",
  "glql",
  "geojson",
  "topojson",
  "stl",
]);

/** Whether a block with such an info string is shown as code and nothing else. */
export const isOnlyShown = (info: string): boolean => COLOURS.test(info) && !DRAWN.has(info);

type Extension = NonNullable<NonNullable<Options>["extensions"]>[number];

export const parse = (text: string, more: Extension[] = []): Root =>
  fromMarkdown(text, { extensions: [gfm(), ...more], mdastExtensions: [gfmFromMarkdown()] });

/** Front matter is a code block for GitLab, put together as text: fences within it end it early. */
const withFrontMatter = (text: string): string =>
  text.replace(
    /^([^\n]*coding:[^\n]*\n)?(\s*)(-{3}|\+{3}|;{3})[ \t]*(\S*)\n([^]*?)^(?:\3|\.{3})[^\S\n]*$/m,
    (
      whole,
      coding: string = "",
      before: string,
      _edge: string,
      _language: string,
      inside: string,
      at: number,
    ) => (at === 0 ? `${coding}${before}\`\`\`yaml:frontmatter\n${inside}\`\`\`\n` : whole),
  );

/** A line of `>>>` opens a quote that ends at the next one, whatever stands between; each part is a text of its own. */
const outsideQuotes = (text: string): readonly string[] => {
  const parts: string[][] = [[]];
  let fence: string | null = null;
  for (const line of text.split("\n")) {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1] ?? null;
    if (mark !== null && (fence === null || (mark.startsWith(fence) && line.trim() === mark)))
      fence = fence === null ? mark : null;
    if (fence === null && /^ {0,3}>{3,}[ \t]*$/.test(line)) parts.push([]);
    else parts.at(-1)?.push(line);
  }
  return parts.map((lines) => lines.join("\n"));
};

/**
 * What versions before the one that reads Markdown take for commands: whatever is not between three backticks, the
 * lines of an element, or `>>>`, by one expression over the whole text.
 */
const olderCommandsOf = (text: string): readonly string[] =>
  [
    ...text.matchAll(
      /(?<![^\n])(?:```[^]+?\n```(?![^\n])|<[^>]+?>\n[^]+?\n<\/[^>]+?>(?![^\n])|>>>[^]+?\n>>>(?![^\n])|(?<command>\/[A-Za-z_][^\n]*))/g,
    ),
  ].flatMap(({ groups }) => groups?.["command"] ?? []);

const commandsOf = (text: string): readonly string[] =>
  parse(text).children.flatMap((node) => {
    if (node.type === "code") return [];
    const { start, end } = node.position ?? assert.fail("no position");
    // From the first column on, where a command stands.
    const from = (start.offset ?? 0) - (start.column - 1);
    return [...text.slice(from, end.offset).matchAll(/^\/[A-Za-z_].*$/gm)].map(([line]) => line);
  });

export const readAsGitLab = (body: string): Reading => {
  const text = body.replaceAll("\r\n", "\n");
  const variants = [text, text.replaceAll("\r", ""), withFrontMatter(text), ...outsideQuotes(text)];
  const references: string[] = [];
  const addresses: string[] = [];
  const html: string[] = [];
  const infos: string[] = [];
  const blocks: string[] = [];
  const spans: string[] = [];
  // GitLab's option changes what is emphasis, and so perhaps what is a link.
  const trees = [parse(text), parse(text, [cjkFriendlyExtension(), gfmStrikethroughCjkFriendly()])];
  const read = (node: Nodes): void => {
    switch (node.type) {
      case "text":
        references.push(
          ...(node.value.match(/@[\w.-]+|[#!&]\d+|\bGL-\d+|\[\[|\[_*TOC_*\]|\[[a-z_]+:[^\s\]]+\]/gi) ?? []),
        );
        addresses.push(...(node.value.match(/\b[a-z][a-z0-9+.-]*:\/\/[^\s<>]+/gi) ?? []));
        return;
      case "image":
      case "link":
      case "definition":
        if (!node.url.startsWith("#note_")) addresses.push(node.url);
        return;
      case "imageReference":
      case "linkReference":
        addresses.push(node.identifier);
        return;
      case "html":
        html.push(node.value);
        return;
      case "code":
        infos.push([node.lang ?? "", node.meta ?? ""].join(" ").trim());
        blocks.push(node.value);
        return;
      case "inlineCode":
        spans.push(node.value.replaceAll("\n", " "));
        return;
      default:
    }
  };
  for (const [nth, tree] of trees.entries())
    visit(tree, (node: Nodes) => {
      // Neither code nor HTML depends on emphasis: they are listed once.
      if (nth === 0 || !["code", "inlineCode", "html"].includes(node.type)) read(node);
    });
  const commands = [...variants.flatMap(commandsOf), ...olderCommandsOf(body.replaceAll("\r", ""))];
  return { commands, references, addresses, html, infos, blocks, spans };
};
