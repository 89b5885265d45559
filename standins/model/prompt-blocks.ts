import { textOf, type ChatRequest } from "./chat-request.ts";

/** The named blocks of data in a prompt. */
export type Blocks = ReadonlyMap<string, string>;

/**
 * Reads the blocks of the user's messages, `<name-code>` to `</name-code>`, a tag a line. The code is the first
 * tag's: as the instructions say, tags with another code are part of the data.
 */
export const readBlocks = (request: ChatRequest): Blocks => {
  const text = request.messages
    .filter(({ role }) => role === "user")
    .map(textOf)
    .join("\n");
  const code = /^<[a-z_]+-(\S+)>$/m.exec(text)?.[1];
  if (code === undefined) return new Map();
  const blocks = new Map<string, string>();
  let open: { readonly name: string; readonly lines: string[] } | null = null;
  for (const line of text.split("\n")) {
    if (open === null) {
      if (!line.startsWith("<") || !line.endsWith(`-${code}>`)) continue;
      open = { name: line.slice(1, -code.length - 2), lines: [] };
    } else if (line === `</${open.name}-${code}>`) {
      blocks.set(open.name, open.lines.join("\n"));
      open = null;
    } else open.lines.push(line);
  }
  return blocks;
};

/** The list in a block of JSON: itself, or the one under `key`. Empty when it is neither. */
export const readList = (block: string | undefined, key: string): readonly unknown[] => {
  try {
    const value: unknown = JSON.parse(block ?? "");
    if (Array.isArray(value)) return value;
    const inner: unknown =
      typeof value === "object" && value !== null
        ? Object.entries(value).find(([name]) => name === key)?.[1]
        : null;
    return Array.isArray(inner) ? inner : [];
  } catch {
    return [];
  }
};
