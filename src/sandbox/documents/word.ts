import { childAt, childrenOf, openArchive, type XmlElement } from "./archive.ts";
import { UnreadableDocument } from "./document-job.ts";

const PIECES: Readonly<Record<string, string>> = { tab: "\t", ptab: "\t", cr: "\n", noBreakHyphen: "-" };

/** Breaks of pages and columns are no text. */
const breakText = ({ attributes: { type = "textWrapping" } }: XmlElement): string =>
  type === "textWrapping" ? "\n" : "";

const runText = (run: XmlElement): string =>
  run.children
    .map((piece) => {
      if (piece.name === "t") return piece.text;
      return piece.name === "br" ? breakText(piece) : (PIECES[piece.name] ?? "");
    })
    .join("");

/** What was inserted or deleted under review is no part of the text, as python-docx has it. */
const paragraphText = (paragraph: XmlElement): string =>
  paragraph.children
    .map((child) => {
      if (child.name === "r") return runText(child);
      return child.name === "hyperlink" ? childrenOf(child, "r").map(runText).join("") : "";
    })
    .join("");

const cellText = (cell: XmlElement): string => childrenOf(cell, "p").map(paragraphText).join("\n");

/** A number of columns; those beyond what Word itself can make are a trap. */
const columnsOf = (element: XmlElement | undefined): number =>
  Math.min(Number(element?.attributes["val"] ?? 0) || 0, 63);

/** The texts of a row by column; one that goes on from the row above, or over several columns, stands in each. */
const rowTexts = (row: XmlElement, above: readonly string[]): readonly string[] => {
  const texts: string[] = [];
  let column = columnsOf(childAt(row, "trPr", "gridBefore"));
  for (const cell of childrenOf(row, "tc")) {
    const span = Math.max(1, columnsOf(childAt(cell, "tcPr", "gridSpan")));
    const merge = childAt(cell, "tcPr", "vMerge");
    const goesOn = merge !== undefined && (merge.attributes["val"] ?? "continue") === "continue";
    const text = goesOn ? (above[column] ?? "") : cellText(cell);
    for (const last = column + span; column < last; column += 1) texts[column] = text;
  }
  return texts;
};

const tableLine = (texts: readonly string[]): string =>
  `| ${texts.map((text) => text.replaceAll("\n", "<br>")).join(" | ")} |\n`;

/** A table in Markdown; null for one without text, which Dify leaves out. */
const tableText = (table: XmlElement): string | null => {
  const rows: (readonly string[])[] = [];
  for (const row of childrenOf(table, "tr")) rows.push(rowTexts(row, rows.at(-1) ?? []));
  // A row that begins further right has no cells before.
  const [head = [], ...body] = rows.map((row) => row.filter((text) => text !== undefined));
  if (![head, ...body].flat().some((text) => text.trim() !== "")) return null;
  return [tableLine(head), tableLine(head.map(() => "---")), ...body.map(tableLine)].join("");
};

/** Paragraphs and tables of a Word document, in order, a line break after each but the last. */
export const readWord = async (bytes: Uint8Array): Promise<string> => {
  const archive = await openArchive(bytes, "document");
  const body = childAt((await archive.read(archive.main)) ?? undefined, "body");
  if (body === undefined) throw new UnreadableDocument({ kind: "broken" });
  return body.children
    .flatMap((block) => {
      if (block.name === "p") return [paragraphText(block)];
      const table = block.name === "tbl" ? tableText(block) : null;
      return table === null ? [] : [table];
    })
    .join("\n");
};
