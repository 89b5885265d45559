import { numberText } from "../../base/model-json/json-number.ts";
import { openArchive, type OfficeArchive, RELATION_ID } from "./archive.ts";
import { MAX_PAGES, tooLarge, UnreadableDocument } from "./document-job.ts";

/** The cells of a workbook, empty ones between others among them. */
const MAX_CELLS = 2_000_000;

/** A moment or a span of time in milliseconds, as the format of its cell has it. */
type Time = { readonly kind: "date" | "time" | "span"; readonly ms: number };

/** What a cell holds; null for nothing and for an error, which are alike to Dify. */
type Cell = string | number | boolean | Time | null;

/** How numbers of a style are to be read. */
type NumberStyle = "number" | "date" | "span";

type Workbook = {
  readonly archive: OfficeArchive;
  readonly texts: readonly string[];
  readonly styles: readonly NumberStyle[];
  /** What a date counts from, in milliseconds since 1970; programs on old Macs count from 1904. */
  readonly epochMs: number;
};

const DAY_MS = 86_400_000;
const EPOCH_1900_MS = Date.UTC(1899, 11, 30);
const EPOCH_1904_MS = Date.UTC(1904, 0, 1);

/** The formats that need not be written out in a file (ECMA-376, 18.8.30), as far as openpyxl knows them as dates. */
const DATE_FORMATS: ReadonlySet<number> = new Set([14, 15, 16, 17, 18, 19, 20, 21, 22, 45, 47]);
const SPAN_FORMAT = 46;

const styleOfFormat = (format: string): NumberStyle => {
  const [positive = ""] = format.split(";");
  if (/\[(?:hh?|mm?|ss?)\]/i.test(positive)) return "span";
  const bare = positive.replaceAll(/".*?"|\[[^\]]*\]/g, "");
  return /(?<![_\\])[dmhys]/i.test(bare) ? "date" : "number";
};

const styleOf = (id: number, formats: ReadonlyMap<number, string>): NumberStyle => {
  const format = formats.get(id);
  if (format !== undefined) return styleOfFormat(format);
  if (id === SPAN_FORMAT) return "span";
  return DATE_FORMATS.has(id) ? "date" : "number";
};

const readStyles = async (archive: OfficeArchive, part: string): Promise<readonly NumberStyle[]> => {
  const formats = new Map<number, string>();
  const ids: number[] = [];
  let isInside = false;
  await archive.scan(part, {
    open: (name, { numFmtId, formatCode = "" }) => {
      if (name === "numFmt") formats.set(Number(numFmtId), formatCode);
      if (name === "cellXfs") isInside = true;
      if (name === "xf" && isInside) ids.push(Number(numFmtId ?? 0));
    },
    close: (name) => {
      if (name === "cellXfs") isInside = false;
    },
  });
  return ids.map((id) => styleOf(id, formats));
};

/** Collects the texts of `t` elements; how Japanese is pronounced (`rPh`) is none. */
const createTextCollector = () => {
  let text = "";
  let depthOfHint = 0;
  let isText = false;
  return {
    open: (name: string) => {
      if (name === "rPh") depthOfHint += 1;
      isText = name === "t" && depthOfHint === 0;
    },
    text: (piece: string) => {
      if (isText) text += piece;
    },
    close: (name: string) => {
      if (name === "rPh") depthOfHint -= 1;
      isText = false;
    },
    take: (): string => {
      const taken = text;
      text = "";
      return taken;
    },
  };
};

const readTexts = async (archive: OfficeArchive, part: string): Promise<readonly string[]> => {
  const texts: string[] = [];
  const collector = createTextCollector();
  await archive.scan(part, {
    open: collector.open,
    text: collector.text,
    close: (name) => {
      collector.close(name);
      if (name === "si") texts.push(collector.take());
    },
  });
  return texts;
};

/** A date as openpyxl reads it: to the millisecond, less than a day as a time, and 1900 taken for a leap year. */
const readDate = (value: number, epochMs: number): Time => {
  const day = Math.floor(value);
  const ms = Math.round((value - day) * DAY_MS);
  if (value >= 0 && value < 1 && ms < DAY_MS) return { kind: "time", ms };
  const isBeforeGap = value > 0 && value < 60 && epochMs === EPOCH_1900_MS;
  return { kind: "date", ms: epochMs + (isBeforeGap ? day + 1 : day) * DAY_MS + ms };
};

const readNumber = (text: string, style: NumberStyle, epochMs: number): Cell => {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) return null;
  if (style === "span") return { kind: "span", ms: Math.round(value * DAY_MS) };
  return style === "date" ? readDate(value, epochMs) : value;
};

const readCell = (type: string, style: number, text: string, workbook: Workbook): Cell => {
  switch (type) {
    case "s":
      return workbook.texts[Number(text)] ?? null;
    case "b":
      return text === "1";
    case "e":
      return null;
    case "d": {
      const ms = Date.parse(/[zZ]$|[+-]\d\d:\d\d$/.test(text) || !text.includes("T") ? text : `${text}Z`);
      return Number.isNaN(ms) ? null : { kind: "date", ms };
    }
    case "n":
      return readNumber(text, workbook.styles[style] ?? "number", workbook.epochMs);
    default:
      return text;
  }
};

/** The column of a reference such as `AB12`, from 0; null where there is none. */
const columnOf = (reference: string | undefined): number | null => {
  const letters = /^[A-Z]+/i.exec(reference ?? "")?.[0];
  if (letters === undefined) return null;
  return (
    Array.from(letters.toUpperCase()).reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1
  );
};

/** The rows of a sheet down to the last with a value, all as long as the longest. */
const readRows = async (workbook: Workbook, part: string, allowed: number): Promise<readonly Cell[][]> => {
  const rows: Cell[][] = [];
  const collector = createTextCollector();
  let row = -1;
  let column = -1;
  let width = 0;
  let cell = { type: "n", style: 0 };
  let value = "";
  let isValue = false;
  const found = await workbook.archive.scan(part, {
    open: (name, { r, t = "n", s = "0" }) => {
      collector.open(name);
      isValue = name === "v";
      if (name === "row") {
        row = r === undefined ? row + 1 : Number(r) - 1;
        column = -1;
      } else if (name === "c") {
        column = columnOf(r) ?? column + 1;
        cell = { type: t, style: Number(s) };
        value = "";
        collector.take();
      }
    },
    text: (piece) => {
      if (isValue) value += piece;
      else collector.text(piece);
    },
    close: (name) => {
      collector.close(name);
      isValue = false;
      if (name !== "c") return;
      const read =
        cell.type === "inlineStr" ? collector.take() : readCell(cell.type, cell.style, value, workbook);
      if (read === null || read === "" || (value === "" && cell.type !== "inlineStr")) return;
      width = Math.max(width, column + 1);
      if (!(row >= 0) || (row + 1) * width > allowed) throw tooLarge("cells", MAX_CELLS);
      for (let at = rows.length; at <= row; at += 1) rows.push([]);
      const cells = rows[row] ?? [];
      for (let at = cells.length; at <= column; at += 1) cells.push(null);
      cells[column] = read;
    },
  });
  if (found === null) throw new UnreadableDocument({ kind: "broken" });
  for (const cells of rows) while (cells.length < width) cells.push(null);
  return rows;
};

/** Texts that pandas takes for nothing. */
const NOTHING: ReadonlySet<string> = new Set(
  ",#N/A,#N/A N/A,#NA,-1.#IND,-1.#QNAN,-NaN,-nan,1.#IND,1.#QNAN,<NA>,N/A,NA,NULL,NaN,None,n/a,nan,null".split(
    ",",
  ),
);
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const WHOLE_NUMBER = /^[+-]?\d+$/;
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ["True", true],
  ["TRUE", true],
  ["true", true],
  ["False", false],
  ["FALSE", false],
  ["false", false],
]);

const LINE_BREAK = /\r\n|[\n\r\v\f\u0085\u2028\u2029]/;

/** The lines of a text on one, as Python's `splitlines` tells them apart; a break at the end begins none. */
const oneLine = (text: string): string => {
  const lines = text.split(LINE_BREAK);
  return (lines.length > 1 && lines.at(-1) === "" ? lines.slice(0, -1) : lines).join(" ");
};

const two = (value: number): string => String(value).padStart(2, "0");

const clockText = (ms: number): string => {
  const seconds = Math.floor(ms / 1000);
  const rest = ms % 1000 === 0 ? "" : `.${String(ms % 1000).padStart(3, "0")}000`;
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}${rest}`;
};

const timeText = ({ kind, ms }: Time): string => {
  if (kind === "time") return clockText(ms);
  const day = Math.floor(ms / DAY_MS);
  if (kind === "span") return `${day} days ${clockText(ms - day * DAY_MS)}`;
  return `${new Date(day * DAY_MS).toISOString().slice(0, 10)} ${clockText(ms - day * DAY_MS)}`;
};

const cellText = (cell: Cell): string => {
  if (cell === null) return "nan";
  if (typeof cell === "string") return oneLine(cell);
  if (typeof cell === "boolean") return cell ? "True" : "False";
  return typeof cell === "number" ? numberText(cell, !Number.isInteger(cell)) : timeText(cell);
};

/** A column as pandas types it: what it holds besides nothing decides how all of it is printed. */
type Column = {
  readonly type: "int" | "float" | "other";
  readonly cells: readonly Cell[];
  readonly missing: string;
};

const isSpan = (cell: Cell): cell is Time =>
  typeof cell === "object" && cell !== null && cell.kind === "span";

/** Whether cells are dates alone, or spans alone: what is missing among them is no time (`NaT`). */
const isOfOneTime = (known: readonly Cell[]): boolean =>
  known.length > 0 &&
  (["date", "span"] as const).some((kind) =>
    known.every((cell) => typeof cell === "object" && cell?.kind === kind),
  );

/** Python's `str` of a timedelta. */
const pythonSpan = (ms: number): string => {
  const day = Math.floor(ms / DAY_MS);
  const clock = clockText(ms - day * DAY_MS).replace(/^0/, "");
  return day === 0 ? clock : `${day} day${Math.abs(day) === 1 ? "" : "s"}, ${clock}`;
};

const asNumber = (cell: Cell): number | null => {
  if (typeof cell === "number") return cell;
  if (typeof cell === "boolean") return cell ? 1 : 0;
  return typeof cell === "string" && NUMBER.test(cell.trim()) ? Number(cell) : null;
};

const isWhole = (cell: Cell): boolean =>
  typeof cell === "string" ? WHOLE_NUMBER.test(cell.trim()) : Number.isInteger(asNumber(cell));

const typeColumn = (raw: readonly Cell[]): Column => {
  const cells = raw.map((cell) => (typeof cell === "string" && NOTHING.has(cell) ? null : cell));
  const known = cells.filter((cell) => cell !== null);
  const hasGaps = known.length < cells.length;
  const isBoolean = known.every((cell) => typeof cell === "boolean");
  if (known.every((cell) => asNumber(cell) !== null) && (!isBoolean || hasGaps)) {
    const isFloat = hasGaps || !known.every(isWhole);
    const numbers = cells.map((cell) => (cell === null ? null : asNumber(cell)));
    return { type: isFloat ? "float" : "int", cells: numbers, missing: "nan" };
  }
  if (known.every((cell) => typeof cell === "string" && BOOLEANS.has(cell))) {
    const words = cells.map((cell) => (typeof cell === "string" ? (BOOLEANS.get(cell) ?? null) : null));
    return { type: "other", cells: words, missing: "nan" };
  }
  return { type: "other", cells, missing: isOfOneTime(known) ? "NaT" : "nan" };
};

/** The names of columns: the texts of the first row, those without a text by number, a repeated one with a number. */
const headings = (row: readonly Cell[]): readonly string[] => {
  const seen = new Map<string, number>();
  // Names of one type are a list of it; repeated ones are texts.
  const areFloats =
    row.every((cell) => typeof cell === "number") &&
    row.some((cell) => !Number.isInteger(cell)) &&
    new Set(row).size === row.length;
  return row.map((cell, index) => {
    const text = typeof cell === "number" && areFloats ? numberText(cell, true) : cellText(cell);
    const name = cell === null ? `Unnamed: ${index}` : text;
    const times = seen.get(name) ?? 0;
    seen.set(name, times + 1);
    return times === 0 ? name : `${name}.${times}`;
  });
};

const tableLine = (texts: readonly string[]): string => `| ${texts.join(" | ")} |`;

/** A sheet as Dify writes the table that pandas makes of it. */
const sheetText = ([first = [], ...rows]: readonly (readonly Cell[])[]): string => {
  const names = headings(first);
  const columns = names.map((_, index) => typeColumn(rows.map((row) => row[index] ?? null)));
  // A row of numbers alone is one list of one type.
  const areFloats =
    columns.every(({ type }) => type !== "other") && columns.some(({ type }) => type === "float");
  const textAt = ({ type, cells, missing }: Column, row: number, isTimes: boolean): string => {
    const cell = cells[row] ?? null;
    if (cell === null) return isTimes ? "NaT" : missing;
    // pandas has a type of its own for spans, as long as there is nothing else in the column or in the row.
    if (isSpan(cell)) return isTimes || missing === "NaT" ? timeText(cell) : pythonSpan(cell.ms);
    const isFloat = type === "float" || (type === "int" && areFloats);
    return typeof cell === "number" && isFloat ? numberText(cell, true) : cellText(cell);
  };
  const body = rows.flatMap((_, row) => {
    const known = columns.flatMap(({ cells }) => cells[row] ?? []);
    if (known.length === 0) return [];
    // The rest of a row of dates alone is taken for dates, too.
    const isTimes = isOfOneTime(known);
    return [tableLine(columns.map((column) => textAt(column, row, isTimes)))];
  });
  const rule = names.map((name) => "-".repeat(Array.from(name).length));
  return [tableLine(names), tableLine(rule), ...body].join("\n");
};

/** A Markdown table for each sheet of a workbook, hidden ones too, an empty line after each. */
export const readSheets = async (bytes: Uint8Array): Promise<string> => {
  const archive = await openArchive(bytes, "workbook");
  const relations = await archive.relationsOf(archive.main);
  const partOf = (kind: string): string =>
    [...relations.values()].find((one) => one.kind === kind)?.path ?? "";
  const sheets: string[] = [];
  let epochMs = EPOCH_1900_MS;
  await archive.scan(archive.main, {
    open: (name, attributes) => {
      const { date1904 = "0", [RELATION_ID]: id = "" } = attributes;
      if (name === "workbookPr" && (date1904 === "1" || date1904 === "true")) epochMs = EPOCH_1904_MS;
      const relation = name === "sheet" ? relations.get(id) : undefined;
      // Sheets of charts have no cells.
      if (relation?.kind === "worksheet") sheets.push(relation.path);
    },
  });
  if (sheets.length > MAX_PAGES) throw tooLarge("pages", MAX_PAGES);
  const workbook: Workbook = {
    archive,
    texts: await readTexts(archive, partOf("sharedStrings")),
    styles: await readStyles(archive, partOf("styles")),
    epochMs,
  };
  let text = "";
  let allowed = MAX_CELLS;
  for (const sheet of sheets) {
    const rows = await readRows(workbook, sheet, allowed);
    allowed -= rows.length * (rows[0]?.length ?? 0);
    text += `${sheetText(rows)}\n\n`;
  }
  return text;
};
