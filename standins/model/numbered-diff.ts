/** A line of a numbered diff. The number of a removed line is its old one. */
export type NumberedLine = {
  readonly path: string;
  readonly sign: "+" | "-" | " ";
  readonly line: number;
  readonly text: string;
};

const FILE = /^=== (.+?)(?: \((?:added|deleted|modified|renamed(?: from .+)?)\))? ===$/;
const LINE = /^\s*(\d+)\s*([+-]?)\s*\|(?: ([^\n]*)|)$/;

/** Reads a diff whose lines carry numbers, `=== path (change) ===` before the lines of each file. */
export const readNumberedDiff = (text: string): readonly NumberedLine[] => {
  const lines: NumberedLine[] = [];
  let path: string | null = null;
  for (const raw of text.split("\n")) {
    const line = LINE.exec(raw);
    if (line === null) {
      path = FILE.exec(raw)?.[1] ?? path;
      continue;
    }
    const [, number, sign, code = ""] = line;
    if (path === null) continue;
    lines.push({ path, line: Number(number), sign: sign === "+" || sign === "-" ? sign : " ", text: code });
  }
  return lines;
};
