import type { Parents, PhrasingContent, Root } from "mdast";
import { toString as toText } from "mdast-util-to-string";
import { visit } from "unist-util-visit";
import { codeLanguage } from "./code-languages.ts";
import { INVISIBLE } from "./plain-signs.ts";

/** Turns everything in a tree that acts into something that only reads. The tree is changed in place. */
export const disarm = (tree: Root): void => {
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
        node.children = joined(node.children.flatMap((child) => disarmPhrase(child, addresses)));
        return;
      case "html":
        Object.assign(node, { type: "paragraph", children: disarmWords(node.value) });
        return;
      case "definition":
        Object.assign(node, {
          type: "paragraph",
          children: joined(named(`[${node.label ?? node.identifier}]`, node.url)),
        });
        return;
      case "inlineCode":
        // A line end in code within a line is a space for every reader, and begins no line of ours.
        node.value = node.value.replaceAll("\n", " ");
        return;
      case "code":
        Object.assign(node, { lang: codeLanguage(node.lang), meta: null });
        return;
      default:
    }
  });
};

/** Plain words: addresses that GitLab would link become code, mentions and references lose their effect. */
export const disarmWords = (value: string): PhrasingContent[] => joined([{ type: "text", value }]);

/** What GitLab links though it is written as plain words. */
const ADDRESS = /((?:[a-z][a-z0-9+.-]*:\/\/|(?<![a-z0-9])www\.)[^\s<>]+)/i;

/**
 * Pieces of a line as they are written next to each other: words are one text, in which nothing acts, and code
 * that follows code stays code of its own.
 */
const joined = (pieces: readonly PhrasingContent[]): PhrasingContent[] => {
  const whole: PhrasingContent[] = [];
  for (const piece of pieces) {
    const last = whole.at(-1);
    if (piece.type === "text" && last?.type === "text") last.value += piece.value;
    else whole.push(piece.type === "text" ? { ...piece } : piece);
  }
  return whole
    .flatMap((piece) => (piece.type === "text" ? words(piece.value) : [piece]))
    .flatMap((piece, at, all) =>
      piece.type === "inlineCode" && all[at - 1]?.type === "inlineCode"
        ? [{ type: "text" as const, value: INVISIBLE }, piece]
        : [piece],
    );
};

const words = (value: string): PhrasingContent[] =>
  value.split(ADDRESS).flatMap((part, at): PhrasingContent[] => {
    if (part === "") return [];
    // Every second part is what the pattern took out.
    if (at % 2 === 1) return [code(part)];
    return [
      {
        type: "text",
        value: REFERENCES.reduce((text, sign) => text.replace(sign, `$&${INVISIBLE}`), part),
      },
    ];
  });

/**
 * What begins a reference that does something. Mentions (`@all`, groups, anybody) notify; issues, merge
 * requests and epics (`#1`, `!1`, `&1`, `GL-1`, `[issue:1]`) get a note of their own that names this one,
 * in whatever project the text names. `[[` and `[TOC]` are replaced by links. Milestones
 * (`%1.0`), commits and emoji stay: they only show what a reader may see anyway. Labels (`~bug`) would
 * too, but their sign is escaped as it also strikes out.
 */
const REFERENCES: readonly RegExp[] = [
  /@(?=[\w.-])/g,
  /[#!&](?=\d)/g,
  /\bGL-(?=\d)/g,
  /\[(?=\[|_*TOC_*\]|[a-z_]+:[^\s\]]+\])/gi,
];

/** What stands in for one piece of a line. Children are visited after their parent, so they stay as they are here. */
const disarmPhrase = (node: PhrasingContent, addresses: ReadonlyMap<string, string>): PhrasingContent[] => {
  switch (node.type) {
    case "text":
    case "html":
      return [{ type: "text", value: node.value }];
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
  if (url === label || url === `http://${label}`) return [code(label)];
  return url === `mailto:${label}` ? [{ type: "text", value: label }] : null;
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
  label === "" ? [code(url)] : [{ type: "text", value: label }, ...behind(url)];
