import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root, with its slash. */
export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** A block of code in a document. */
export type Block = {
  readonly document: string;
  /** Of its opening fence, from 1. */
  readonly line: number;
  /** What stands behind the fence; empty for none. */
  readonly language: string;
  /** Without the indentation of its list. */
  readonly text: string;
};

const FENCE = /^(?<indent> *)```(?<language>\w*)$/;

const blocksOf = (document: string): readonly Block[] => {
  const blocks: Block[] = [];
  let open: { readonly line: number; readonly indent: number; readonly language: string } | null = null;
  let lines: string[] = [];
  for (const [index, line] of readFileSync(join(ROOT, document), "utf8").split("\n").entries()) {
    const { indent = "", language = "" } = FENCE.exec(line)?.groups ?? {};
    if (open === null) {
      if (FENCE.test(line)) open = { line: index + 1, indent: indent.length, language };
    } else if (FENCE.test(line)) {
      const { indent: width, ...opened } = open;
      blocks.push({ document, ...opened, text: lines.map((one) => `${one.slice(width)}\n`).join("") });
      open = null;
      lines = [];
    } else lines.push(line);
  }
  if (open !== null) throw new Error(`${document}: the block at line ${open.line} does not end`);
  return blocks;
};

/** Every block of README, docs/ and the examples' own pages, in the order of the documents. */
export const readBlocks = (): readonly Block[] =>
  globSync(["README*.md", "docs/*.md", "examples/*/README.md"], { cwd: ROOT }).toSorted().flatMap(blocksOf);
