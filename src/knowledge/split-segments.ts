/** A piece of a document that is found and handed to a flow as a whole. */
export type TextSegment = {
  /** The headings that it stands under, outermost first. */
  readonly headings: readonly string[];
  /** The headings as Markdown, then the text. */
  readonly content: string;
};

type Section = { readonly headings: readonly string[]; readonly lines: readonly string[] };
type Open = { readonly headings: (string | undefined)[]; fence: string | null };

const HEADING = /^ {0,3}(#{1,6})\s+(.+?)\s*#*\s*$/;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;

const dropFrontMatter = (text: string): string => text.replace(/^---\n[\s\S]*?\n---\n/, "");

const isFenceEnd = (line: string, fence: string): boolean => {
  const mark = FENCE.exec(line)?.[1];
  return mark !== undefined && mark.startsWith(fence) && line.trim() === mark;
};

const splitSections = (text: string): readonly Section[] => {
  const sections: { headings: string[]; lines: string[] }[] = [{ headings: [], lines: [] }];
  const open: Open = { headings: [], fence: null };
  for (const line of text.split("\n")) {
    const heading = open.fence === null ? HEADING.exec(line) : null;
    if (heading === null) {
      const fence = FENCE.exec(line)?.[1];
      if (open.fence === null) open.fence = fence ?? null;
      else if (isFenceEnd(line, open.fence)) open.fence = null;
      sections.at(-1)?.lines.push(line);
      continue;
    }
    const [, marks = "#", title = ""] = heading;
    open.headings.length = marks.length - 1;
    open.headings[marks.length - 1] = `${marks} ${title}`;
    sections.push({ headings: open.headings.filter((one) => one !== undefined), lines: [] });
  }
  return sections;
};

const cutLong = (text: string, size: number): readonly string[] => {
  const marks = Array.from(text);
  return Array.from({ length: Math.ceil(marks.length / size) }, (_, index) =>
    marks.slice(index * size, (index + 1) * size).join(""),
  );
};

/** Packs parts into pieces of at most `size`; a part that is longer is given on to `split`. */
const pack = (
  parts: readonly string[],
  glue: string,
  size: number,
  split: (part: string) => readonly string[],
): readonly string[] => {
  const pieces: string[] = [];
  let current = "";
  for (const part of parts) {
    const joined = current === "" ? part : current + glue + part;
    if (joined.length <= size) {
      current = joined;
      continue;
    }
    if (current !== "") pieces.push(current);
    current = "";
    if (part.length <= size) current = part;
    else pieces.push(...split(part));
  }
  return current === "" ? pieces : [...pieces, current];
};

const splitBody = (body: string, size: number): readonly string[] =>
  pack(body.split(/\n{2,}/), "\n\n", size, (paragraph) =>
    pack(paragraph.split("\n"), "\n", size, (line) => cutLong(line, size)),
  ).filter((piece) => piece.trim() !== "");

/**
 * Splits Markdown or plain text into segments: a section per heading (headings inside code fences are
 * none), a long section at its paragraphs, then lines, then anywhere. Each segment repeats the headings
 * that it stands under, so that it can be understood alone. A heading without text of its own gives no
 * segment. The content is at most `maxChars` long, the headings included, as far as these leave room.
 */
export const splitSegments = (text: string, maxChars: number): readonly TextSegment[] => {
  const clean = dropFrontMatter(text.replace(/^\uFEFF/, "").replaceAll(/\r\n?/g, "\n"));
  return splitSections(clean).flatMap(({ headings, lines }) => {
    const head = headings.join("\n");
    const room = Math.max(200, maxChars - head.length - 2);
    return splitBody(lines.join("\n").replaceAll(/^\n+|\s+$/g, ""), room).map((body) => ({
      headings: headings.map((heading) => heading.replace(/^#+ /, "")),
      content: head === "" ? body : `${head}\n\n${body}`,
    }));
  });
};
