import type { Root } from "mdast";
import { visit } from "unist-util-visit";

/** The parts of a node in which Markdown resolves HTML entities. */
const PARTS = ["value", "url", "title", "alt", "label"] as const;

/**
 * Makes the texts of a tree plain with `plain`. An entity (`&#13;`) puts a sign into the tree that was not in
 * the text, so that making the text plain before it was parsed is not enough. The tree is changed in place.
 */
export const plainTree = (tree: Root, plain: (text: string) => string): void => {
  visit(tree, (node) => {
    const parts = new Map<string, unknown>(Object.entries(node));
    for (const part of PARTS) {
      const text = parts.get(part);
      if (typeof text === "string") Object.assign(node, { [part]: plain(text) });
    }
  });
};
