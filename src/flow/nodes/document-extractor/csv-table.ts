/** Reads CSV as Python's `csv.reader` does with its defaults: commas, double quotes, quotes doubled inside. */
export const parseCsv = (text: string): readonly (readonly string[])[] => {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = "";
  let quoted = false;
  const endField = (): void => {
    row.push(field);
    field = "";
  };
  const endRow = (): void => {
    if (row.length > 0 || field !== "") endField();
    rows.push(row);
    row = [];
  };
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? "";
    if (quoted) {
      if (character !== '"') field += character;
      else if (text[at + 1] === '"') {
        field += '"';
        at += 1;
      } else quoted = false;
    } else if (character === '"' && field === "") quoted = true;
    else if (character === ",") endField();
    else if (character === "\n" || character === "\r") {
      if (character === "\r" && text[at + 1] === "\n") at += 1;
      endRow();
    } else field += character;
  }
  if (field !== "" || row.length > 0) endRow();
  return rows;
};

const cell = (text: string): string => text.replaceAll("\n", " ").replaceAll("\r", "");

const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;

/** A table as Dify writes it in Markdown: the first row is the head, its rule as long as its texts. */
export const markdownTable = (rows: readonly (readonly string[])[]): string => {
  const [head, ...body] = rows;
  if (head === undefined) return "";
  const rule = head.map((text) => "-".repeat(Array.from(text).length));
  return [line(head.map(cell)), line(rule), ...body.map((row) => line(row.map(cell)))].join("");
};
