import { posix } from "node:path";
import sax from "sax";
import { type Entry, fromBufferPromise, type ZipFile } from "yauzl";
import { tooLarge, UnreadableDocument } from "./document-job.ts";

/** What all parts of a document that are read unpack to at most, in bytes: a small file may unpack to terabytes. */
const MAX_UNPACKED_BYTES = 128 * 1024 * 1024;
/** Office writes some tens of parts, and one or two a slide or a sheet. */
const MAX_PARTS = 20_000;

/** An element of a part; names are without their prefix, which every program chooses for itself. */
export type XmlElement = {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  /** The text directly inside, without that of the children. */
  text: string;
};

/** What hears of the elements of a part while it is read. */
type XmlListener = {
  readonly open: (name: string, attributes: Readonly<Record<string, string>>) => void;
  readonly text?: (text: string) => void;
  readonly close?: (name: string) => void;
};

/** A document of Office: a zip archive of XML parts that name one another by relations. */
export type OfficeArchive = {
  /** The path of the part that the document begins with. */
  readonly main: string;
  /** The parts that a part names, by the ids it has for them. */
  readonly relationsOf: (part: string) => Promise<ReadonlyMap<string, Relation>>;
  /** Tells `listener` of the elements of a part; null when there is no such part. */
  readonly scan: (part: string, listener: XmlListener) => Promise<true | null>;
  /** The root element of a part; null when there is no such part. */
  readonly read: (part: string) => Promise<XmlElement | null>;
};

/** A part that another part names. */
type Relation = { readonly path: string; readonly kind: string };

const localName = (name: string): string => name.slice(name.indexOf(":") + 1);

/** The name under which an attribute that names a relation (`r:id`) is kept, whatever its prefix. */
export const RELATION_ID = ":id";

const localAttributes = (attributes: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(attributes).flatMap(([name, value]): readonly (readonly [string, string])[] => {
      if (typeof value !== "string") return [];
      return [[name.endsWith(RELATION_ID) ? RELATION_ID : localName(name), value]];
    }),
  );

/**
 * Opens a document of Office whose first part has the root element `root`. No more than {@link MAX_UNPACKED_BYTES} are
 * unpacked over all its parts. Throws {@link UnreadableDocument}, and what yauzl and sax throw.
 */
export const openArchive = async (bytes: Uint8Array, root: string): Promise<OfficeArchive> => {
  // An encrypted document, and one of before 2007, is no archive but a compound file.
  if (bytes[0] === 0xd0 && bytes[1] === 0xcf) throw new UnreadableDocument({ kind: "compound-file" });
  const zip = await fromBufferPromise(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), {
    lazyEntries: true,
    autoClose: false,
  });
  const entries = await entriesOf(zip);
  let unpacked = 0;
  let main = "";
  const scan: OfficeArchive["scan"] = async (part, listener) => {
    const entry = entries.get(part.toLowerCase());
    if (entry === undefined) return null;
    // What the archive states is checked while it is unpacked, by yauzl.
    unpacked += entry.uncompressedSize;
    if (unpacked > MAX_UNPACKED_BYTES) throw tooLarge("unpacked", MAX_UNPACKED_BYTES / 2 ** 20);
    const parser = createParser(part === main ? beginningWith(root, listener) : listener);
    const decoder = new TextDecoder();
    const stream = await zip.openReadStreamPromise(entry);
    for await (const chunk of stream) {
      const piece: unknown = chunk;
      if (piece instanceof Uint8Array) parser.write(decoder.decode(piece, { stream: true }));
    }
    parser.write(decoder.decode()).close();
    return true;
  };
  const read: OfficeArchive["read"] = async (part) => {
    const top: XmlElement = { name: "", attributes: {}, children: [], text: "" };
    const open = [top];
    const found = await scan(part, {
      open: (name, attributes) => {
        const element: XmlElement = { name, attributes, children: [], text: "" };
        open.at(-1)?.children.push(element);
        open.push(element);
      },
      text: (text) => {
        const inner = open.at(-1);
        if (inner !== undefined) inner.text += text;
      },
      close: () => void open.pop(),
    });
    return found === null ? null : (top.children[0] ?? top);
  };
  const relationsOf: OfficeArchive["relationsOf"] = async (part) => {
    const { dir, base } = posix.parse(part);
    const relations = new Map<string, Relation>();
    await scan(posix.join(dir, "_rels", `${base}.rels`), {
      open: (name, { Id, Type = "", Target = "", TargetMode }) => {
        if (name !== "Relationship" || Id === undefined || TargetMode === "External") return;
        const path = Target.startsWith("/") ? Target.slice(1) : posix.join(dir, Target);
        relations.set(Id, { path, kind: Type.slice(Type.lastIndexOf("/") + 1) });
      },
    });
    return relations;
  };
  main = [...(await relationsOf("")).values()].find(({ kind }) => kind === "officeDocument")?.path ?? "";
  if (main === "") throw new UnreadableDocument({ kind: "broken" });
  return { main, relationsOf, scan, read };
};

/** By path in small letters, since programs do not agree on those; yauzl has turned backslashes. */
const entriesOf = async (zip: ZipFile): Promise<ReadonlyMap<string, Entry>> => {
  const entries = new Map<string, Entry>();
  for await (const entry of zip.eachEntry()) {
    if (entries.size >= MAX_PARTS) throw tooLarge("parts", MAX_PARTS);
    entries.set(entry.fileName.toLowerCase(), entry);
  }
  return entries;
};

/** Refuses a part whose root element is another one: a document of another kind. */
const beginningWith = (root: string, listener: XmlListener): XmlListener => {
  let isFirst = true;
  return {
    ...listener,
    open: (name, attributes) => {
      if (isFirst && name !== root) throw new UnreadableDocument({ kind: "broken" });
      isFirst = false;
      listener.open(name, attributes);
    },
  };
};

/** Reads XML in pieces. It expands no entity of the document's own and fetches none, so that none can grow. */
const createParser = ({ open, text, close }: XmlListener): sax.SAXParser =>
  Object.assign(sax.parser(true, { position: false }), {
    onopentag: ({ name, attributes }: sax.Tag) => open(localName(name), localAttributes(attributes)),
    ontext: text,
    oncdata: text,
    onclosetag: (name: string) => close?.(localName(name)),
    onerror: (error: Error) => {
      throw error;
    },
  });

/** The children of an element of one name. */
export const childrenOf = (element: XmlElement | undefined, name: string): readonly XmlElement[] =>
  element?.children.filter((child) => child.name === name) ?? [];

/** The element that is reached by a path of names, always by the first child of each. */
export const childAt = (
  element: XmlElement | undefined,
  ...path: readonly string[]
): XmlElement | undefined =>
  path.reduce<XmlElement | undefined>(
    (found, name) => found?.children.find((child) => child.name === name),
    element,
  );
