import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { after, describe, it } from "node:test";
import { promisify } from "node:util";
import { z } from "zod";
import { systemClock } from "../../../src/base/clock.ts";
import type { DocumentFormat, NodeResult } from "../../../src/flow/ports.ts";
import { createDocumentReader } from "../../../src/sandbox/documents/create-document-reader.ts";
import { zipOf } from "./zip.ts";

const FOLDER = new URL("../../fixtures/documents/", import.meta.url);
const Format: z.ZodType<DocumentFormat> = z.enum(["pdf", "docx", "xlsx", "pptx"]);

/** What Dify's engine made of each file; see scripts/make-documents-corpus.py. */
const RECORDED = z
  .record(z.string(), z.union([z.object({ text: z.string() }), z.object({ error: z.string() })]))
  .parse(JSON.parse(readFileSync(new URL("extracted.json", FOLDER), "utf8")));

const reader = createDocumentReader({ clock: systemClock });
after(() => reader[Symbol.asyncDispose]());

const { signal } = new AbortController();
const read = (format: DocumentFormat, bytes: Uint8Array): Promise<NodeResult<string>> =>
  reader.read({ format, bytes, signal });
const file = (name: string): Uint8Array => readFileSync(new URL(name, FOLDER));
const formatOf = (name: string): DocumentFormat => Format.parse(name.split(".").at(-1));

/** The failure by its code, with what it names. */
const problemOf = (result: NodeResult<string>): unknown =>
  result.ok
    ? result.value
    : [result.errorType, result.host?.code, ...Object.values(result.host?.params ?? {})];

const RELATIONS = (target: string): string =>
  `<Relationships><Relationship Id="r1" Type="x/officeDocument" Target="${target}"/></Relationships>`;

const word = (body: string): Uint8Array =>
  zipOf({
    "_rels/.rels": RELATIONS("word/document.xml"),
    "word/document.xml": `<w:document><w:body>${body}</w:body></w:document>`,
  });

const workbook = (sheet: string): Uint8Array =>
  zipOf({
    "_rels/.rels": RELATIONS("/xl/workbook.xml"),
    "xl/workbook.xml": '<workbook><sheets><sheet name="a" r:id="s1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels":
      '<Relationships><Relationship Id="s1" Type="x/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
    "xl/worksheets/sheet1.xml": `<worksheet><sheetData>${sheet}</sheetData></worksheet>`,
  });

describe("reading documents", () => {
  for (const name of readdirSync(FOLDER).filter((name) => !name.endsWith(".json"))) {
    it(`gives of ${name} what Dify's engine gave`, async () => {
      const recorded = RECORDED[name];
      assert.ok(recorded !== undefined);
      const result = await read(formatOf(name), file(name));
      if ("text" in recorded) assert.deepEqual(result, { ok: true, value: recorded.text });
      else assert.deepEqual(problemOf(result), ["TextExtractionError", "sandbox.document.encrypted"]);
    });
  }

  it("keeps all lines of a cell in a presentation, of which Dify has the first only", async () => {
    const cell = (text: string): string =>
      `<a:tc><a:txBody>${text
        .split("\n")
        .map((line) => `<a:p><a:r><a:t>${line}</a:t></a:r></a:p>`)
        .join("")}</a:txBody></a:tc>`;
    const table = `<a:tbl><a:tr>${cell("two\nlines")}${cell("next")}</a:tr></a:tbl>`;
    const slides = zipOf({
      "_rels/.rels": RELATIONS("ppt/presentation.xml"),
      "ppt/presentation.xml":
        '<p:presentation><p:sldIdLst><p:sldId id="256" r:id="s1"/></p:sldIdLst></p:presentation>',
      "ppt/_rels/presentation.xml.rels":
        '<Relationships><Relationship Id="s1" Type="x/slide" Target="slides/slide1.xml"/></Relationships>',
      "ppt/slides/slide1.xml": `<p:sld><p:cSld><p:spTree><p:graphicFrame><a:graphic><a:graphicData>${table}</a:graphicData></a:graphic></p:graphicFrame></p:spTree></p:cSld></p:sld>`,
    });
    assert.deepEqual(await read("pptx", slides), { ok: true, value: "two lines next" });
  });

  it("finds parts whose paths are written with backslashes, as Evernote does", async () => {
    const bytes = zipOf({
      "_rels\\.rels": RELATIONS("word/document.xml"),
      "word\\document.xml": "<w:document><w:body><w:p><w:r><w:t>text</w:t></w:r></w:p></w:body></w:document>",
    });
    assert.deepEqual(await read("docx", bytes), { ok: true, value: "text" });
  });

  it("tells what is wrong with a damaged, a protected and a mistaken file", async () => {
    const broken = ["TextExtractionError", "sandbox.document.broken"];
    const formats = ["pdf", "docx", "xlsx", "pptx"] as const;
    for (const format of formats) {
      assert.deepEqual(problemOf(await read(format, Buffer.from("no document"))), broken, format);
      const cut = file(format === "pdf" ? "plain.pdf" : `plain.${format}`).subarray(0, 900);
      assert.deepEqual(problemOf(await read(format, cut)), broken, format);
      if (format !== "docx")
        assert.deepEqual(problemOf(await read(format, file("plain.docx"))), broken, format);
    }
    assert.deepEqual(problemOf(await read("docx", word("<w:p>"))), broken);
    // The head of a compound file, in which Office puts what a password protects.
    const compound = Buffer.from("d0cf11e0a1b11ae1", "hex");
    assert.deepEqual(problemOf(await read("docx", compound)), [
      "TextExtractionError",
      "sandbox.document.compound-file",
    ]);
  });

  it("refuses what is too much in bytes, unpacked, and in cells", async () => {
    const tooLarge = (amount: string, most: number): unknown => [
      "TextExtractionError",
      "sandbox.document.too-large",
      amount,
      most,
    ];
    assert.deepEqual(problemOf(await read("pdf", new Uint8Array(15 * 2 ** 20 + 1))), tooLarge("bytes", 15));
    const padding = Buffer.alloc(129 * 2 ** 20, " ").toString();
    assert.deepEqual(problemOf(await read("docx", word(padding))), tooLarge("unpacked", 128));
    const far = workbook('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>');
    assert.deepEqual(problemOf(await read("xlsx", far)), tooLarge("cells", 2_000_000));
  });

  it("unpacks no more than an archive states, and expands no entity of a document", async () => {
    const bytes = word(`<w:p>${" ".repeat(100_000)}</w:p>`);
    // The size of the second part, as the directory at the end has it.
    const at = Buffer.from(bytes).lastIndexOf("PK\x01\x02");
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(at + 24, 10, true);
    assert.deepEqual(problemOf(await read("docx", bytes)), [
      "TextExtractionError",
      "sandbox.document.broken",
    ]);
    const bomb = zipOf({
      "_rels/.rels": RELATIONS("word/document.xml"),
      "word/document.xml":
        '<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><w:document><w:body><w:p><w:r><w:t>&b;</w:t></w:r></w:p></w:body></w:document>',
    });
    assert.deepEqual(problemOf(await read("docx", bomb)), ["TextExtractionError", "sandbox.document.broken"]);
  });

  it("ends the work on a document when the run is stopped, and reads the next", async () => {
    const stop = new AbortController();
    const reading = reader.read({
      format: "docx",
      bytes: word(" ".repeat(5 * 2 ** 20)),
      signal: stop.signal,
    });
    stop.abort(new Error("stopped"));
    await assert.rejects(reading, /^Error: stopped$/);
    assert.equal((await read("pdf", file("plain.pdf"))).ok, true);
  });

  it("loads its libraries in no thread but its own, and that by the first document", async () => {
    const source = new URL("../../../src/sandbox/documents/create-document-reader.ts", import.meta.url);
    const script = `
      import { registerHooks } from "node:module";
      const loaded = [];
      registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
      const { createDocumentReader } = await import(${JSON.stringify(source.href)});
      const { systemClock } = await import(${JSON.stringify(new URL("../../../src/base/clock.ts", import.meta.url).href)});
      await using reader = createDocumentReader({ clock: systemClock });
      const threads = () => process.report.getReport().workers.length;
      const before = threads();
      const bytes = Buffer.from(${JSON.stringify(Buffer.from(file("plain.pdf")).toString("base64"))}, "base64");
      const { ok } = await reader.read({ format: "pdf", bytes, signal: new AbortController().signal });
      const libraries = loaded.filter((url) => /node_modules\\/(@hyzyla|yauzl|sax)\\//.test(url));
      process.stdout.write(JSON.stringify({ before, after: threads(), ok, libraries }));
    `;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
    assert.deepEqual(JSON.parse(stdout), { before: 0, after: 1, ok: true, libraries: [] });
  });
});
