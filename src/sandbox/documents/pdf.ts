import { readFile } from "node:fs/promises";
import { PDFiumLibrary } from "@hyzyla/pdfium";
import { MAX_CHARACTERS, MAX_PAGES, tooLarge, UnreadableDocument } from "./document-job.ts";

type WasmMemory = { readonly buffer: ArrayBuffer; grow: (pages: number) => number };

/** What of WebAssembly is used here; Node's own types leave it to those of browsers. */
declare const WebAssembly: {
  readonly compile: (bytes: Uint8Array) => Promise<object>;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Record<string, unknown> };
  readonly Memory: new () => WasmMemory;
};

/** What PDFium may take of memory, in bytes; its own limit is 2 GB. */
const MAX_MEMORY_BYTES = 512 * 1024 * 1024;

const compiled = readFile(new URL(import.meta.resolve("@hyzyla/pdfium/pdfium.wasm"))).then((bytes) =>
  WebAssembly.compile(bytes),
);

/** Makes a memory refuse to grow beyond a size; PDFium takes that for a machine without more. */
const limitMemory = (memory: WasmMemory, bytes: number, onRefused: () => void): void => {
  const grow = memory.grow.bind(memory);
  memory.grow = (pages) => {
    if (memory.buffer.byteLength + pages * 65_536 > bytes) {
      onRefused();
      throw new RangeError("The memory of PDFium is limited");
    }
    return grow(pages);
  };
};

/**
 * The text of a PDF, page after page with nothing between them, by the library that Dify uses. Every document has a
 * machine of its own, whose memory is limited. Throws {@link UnreadableDocument}.
 */
export const readPdf = async (bytes: Uint8Array): Promise<string> => {
  let isOutOfMemory = false;
  const module = await compiled;
  const library = await PDFiumLibrary.init({
    instantiateWasm: (imports: object, receive) => {
      const instance = new WebAssembly.Instance(module, imports);
      const { memory } = instance.exports;
      if (memory instanceof WebAssembly.Memory)
        limitMemory(memory, MAX_MEMORY_BYTES, () => (isOutOfMemory = true));
      receive(instance);
      return instance.exports;
    },
  });
  try {
    return await textOf(library, bytes);
  } catch (error) {
    if (error instanceof UnreadableDocument) throw error;
    if (isOutOfMemory) throw tooLarge("memory", MAX_MEMORY_BYTES / 2 ** 20);
    // The library has only sentences for PDFium's codes of passwords and security schemes.
    const isEncrypted = error instanceof Error && /password|security scheme/i.test(error.message);
    throw new UnreadableDocument({ kind: isEncrypted ? "encrypted" : "broken" });
  }
};

const textOf = async (library: PDFiumLibrary, bytes: Uint8Array): Promise<string> => {
  const document = await library.loadDocument(bytes);
  if (document.getPageCount() > MAX_PAGES) throw tooLarge("pages", MAX_PAGES);
  let text = "";
  for (const page of document.pages()) {
    text += page.getText();
    if (text.length > MAX_CHARACTERS) throw tooLarge("characters", MAX_CHARACTERS);
  }
  return text;
};
