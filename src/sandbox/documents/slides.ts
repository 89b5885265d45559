import {
  childAt,
  childrenOf,
  openArchive,
  type OfficeArchive,
  RELATION_ID,
  type XmlElement,
} from "./archive.ts";
import { MAX_PAGES, tooLarge, UnreadableDocument } from "./document-job.ts";

type Place = { readonly left: number; readonly top: number };

/** Shapes of a slide; those of groups stand for themselves. */
const shapesOf = (tree: XmlElement | undefined): readonly XmlElement[] =>
  tree?.children.flatMap((child) => {
    if (child.name === "grpSp") return shapesOf(child);
    return child.name === "sp" || child.name === "graphicFrame" ? [child] : [];
  }) ?? [];

const treeOf = (slide: XmlElement | null): XmlElement | undefined =>
  childAt(slide ?? undefined, "cSld", "spTree");

const placeholderOf = (shape: XmlElement): XmlElement | undefined =>
  childAt(shape, "nvSpPr", "nvPr", "ph") ?? childAt(shape, "nvGraphicFramePr", "nvPr", "ph");

/** Where a shape says that it stands, in Office's units; null for one that leaves it to its layout. */
const ownPlace = (shape: XmlElement): Place | null => {
  const offset = childAt(shape, "spPr", "xfrm", "off") ?? childAt(shape, "xfrm", "off");
  if (offset === undefined) return null;
  return { left: Number(offset.attributes["x"]), top: Number(offset.attributes["y"]) };
};

/** The placeholders of a master have no numbers: those of a layout find theirs by type. */
const MASTER_TYPES: Readonly<Record<string, string>> = {
  ctrTitle: "title",
  subTitle: "body",
  obj: "body",
  pic: "body",
  tbl: "body",
  chart: "body",
  clipArt: "body",
  dgm: "body",
  media: "body",
};

const typeOf = (placeholder: XmlElement): string => placeholder.attributes["type"] ?? "obj";

/** The layout that a slide is made from, or the master of a layout: its shapes with their places. */
type Template = {
  readonly shapes: readonly XmlElement[];
  readonly above: Template | null;
};

const placeOf = (shape: XmlElement, template: Template | null): Place => {
  const own = ownPlace(shape);
  const placeholder = placeholderOf(shape);
  if (own !== null || placeholder === undefined || template === null) return own ?? { left: 0, top: 0 };
  const number = placeholder.attributes["idx"] ?? "0";
  const type = MASTER_TYPES[typeOf(placeholder)] ?? typeOf(placeholder);
  const origin = template.shapes.find((other) => {
    const of = placeholderOf(other);
    if (of === undefined) return false;
    return template.above === null ? typeOf(of) === type : (of.attributes["idx"] ?? "0") === number;
  });
  return origin === undefined ? { left: 0, top: 0 } : placeOf(origin, template.above);
};

const paragraphText = (paragraph: XmlElement): string =>
  paragraph.children
    .map((piece) => {
      if (piece.name === "br") return "\v";
      return piece.name === "r" || piece.name === "fld" ? (childAt(piece, "t")?.text ?? "") : "";
    })
    .join("");

const paragraphsOf = (shape: XmlElement): readonly string[] =>
  childrenOf(childAt(shape, "txBody"), "p")
    .map(paragraphText)
    .filter((text) => text.trim() !== "");

/** The texts of a table's cells, with single spaces between and inside. */
const tableText = (table: XmlElement): string =>
  childrenOf(table, "tr")
    .flatMap((row) => childrenOf(row, "tc"))
    .flatMap((cell) => childrenOf(childAt(cell, "txBody"), "p").map(paragraphText))
    .join(" ")
    .split(/\s+/)
    .filter((word) => word !== "")
    .join(" ");

const shapeTexts = (shape: XmlElement, { left, top }: Place): readonly string[] => {
  if (shape.name === "sp") {
    // What stands beside the slide is not shown.
    const isShown = left === 0 || top === 0 || (left > 0 && top > 0);
    return isShown ? paragraphsOf(shape) : [];
  }
  const table = childAt(shape, "graphic", "graphicData", "tbl");
  const text = table === undefined ? "" : tableText(table);
  return text === "" ? [] : [text];
};

/** Reads layouts and masters once each. */
const createTemplates = (archive: OfficeArchive) => {
  const known = new Map<string, Promise<Template | null>>();
  const templateOf = async (part: string, kind: "slideLayout" | "slideMaster"): Promise<Template | null> => {
    const relations = [...(await archive.relationsOf(part)).values()];
    const path = relations.find((relation) => relation.kind === kind)?.path;
    if (path === undefined) return null;
    const reading = known.get(path) ?? readTemplate(path, kind);
    known.set(path, reading);
    return reading;
  };
  const readTemplate = async (path: string, kind: "slideLayout" | "slideMaster"): Promise<Template> => ({
    shapes: shapesOf(treeOf(await archive.read(path))),
    above: kind === "slideLayout" ? await templateOf(path, "slideMaster") : null,
  });
  return (slide: string): Promise<Template | null> => templateOf(slide, "slideLayout");
};

const slideTexts = (slide: XmlElement | null, template: Template | null): readonly string[] =>
  shapesOf(treeOf(slide))
    .map((shape) => ({ shape, place: placeOf(shape, template) }))
    .toSorted(({ place: one }, { place: other }) => one.top - other.top || one.left - other.left)
    .flatMap(({ shape, place }) => shapeTexts(shape, place));

/**
 * The texts of a presentation, a line each, from top to bottom; an empty line between two slides. Notes of the
 * speaker are left out, as in Dify.
 */
export const readSlides = async (bytes: Uint8Array): Promise<string> => {
  const archive = await openArchive(bytes, "presentation");
  const presentation = await archive.read(archive.main);
  const relations = await archive.relationsOf(archive.main);
  if (presentation === null) throw new UnreadableDocument({ kind: "broken" });
  const slides = childrenOf(childAt(presentation, "sldIdLst"), "sldId");
  if (slides.length > MAX_PAGES) throw tooLarge("pages", MAX_PAGES);
  const templateOf = createTemplates(archive);
  const lines: string[] = [];
  for (const [index, { attributes }] of slides.entries()) {
    const path = relations.get(attributes[RELATION_ID] ?? "")?.path;
    if (path === undefined) throw new UnreadableDocument({ kind: "broken" });
    if (index > 0) lines.push("");
    lines.push(...slideTexts(await archive.read(path), await templateOf(path)));
  }
  return lines.join("\n");
};
