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
        node.children = node.children.flatMap((child) => disarmPhrase(child, addresses));
        return;
      case "html":
        Object.assign(node, { type: "paragraph", children: disarmWords(node.value) });
        return;
      case "definition":
        Object.assign(node, {
          type: "paragraph",
          children: named(`[${node.label ?? node.identifier}]`, node.url),
        });
        return;
      case "code":
        Object.assign(node, { lang: codeLanguage(node.lang), meta: null });
        return;
      default:
    }
  });
};

/** Plain words: addresses that GitLab would link become code, mentions and references lose their effect. */
export const disarmWords = (value: string): PhrasingContent[] =>
  value
    .split(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s<>]+)/i)
    .filter((part) => part !== "")
    .map((part) =>
      /^[a-z][a-z0-9+.-]*:\/\//i.test(part)
        ? code(part)
        : {
            type: "text",
            value: REFERENCES.reduce((text, sign) => text.replace(sign, `$&${INVISIBLE}`), part),
          },
    );

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
      return disarmWords(node.value);
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
  return url === `mailto:${label}` ? disarmWords(label) : null;
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
  label === "" ? [code(url)] : [...disarmWords(label), ...behind(url)];
