import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Json, JsonObject } from "../../../../src/base/json.ts";
import { documentExtractorKind } from "../../../../src/flow/nodes/document-extractor/document-extractor.ts";
import { parseCsv } from "../../../../src/flow/nodes/document-extractor/csv-table.ts";
import type { DocumentReader } from "../../../../src/flow/ports.ts";
import { failureOf, httpAnswering, outputsOf, poolOf, runNode } from "../llm/bench.ts";

const NODE = { type: "document-extractor", variable_selector: ["start", "doc"], is_array_file: false };

const file = (text: string, extension: string | null, more: JsonObject = {}): JsonObject => ({
  dify_model_identity: "__dify__file__",
  remote_url: `data:text/plain;base64,${Buffer.from(text).toString("base64")}`,
  extension,
  ...more,
});
const run = async (doc: Json, ports = {}) =>
  runNode(documentExtractorKind, NODE, { pool: poolOf({ "start.doc": doc }), ports });
const textOf = async (text: string, extension: string | null, more: JsonObject = {}): Promise<unknown> =>
  outputsOf(await run(file(text, extension, more)))["text"];

describe("document-extractor", () => {
  it("reads text formats as they are", async () => {
    for (const extension of [".txt", ".md", ".html", ".XML", ".ts", ".vtt", ".log"]) {
      assert.equal(await textOf("<b>tëxt</b>\n", extension), "<b>tëxt</b>\n", extension);
    }
  });

  it("formats JSON and YAML, writes CSV as a table and properties as pairs", async () => {
    assert.equal(await textOf('{"a":[1,"ü"]}', ".json"), '{\n  "a": [\n    1,\n    "ü"\n  ]\n}');
    assert.equal(await textOf("a:   [1, 2]\n---\nb: x\n", ".yml"), "a:\n- 1\n- 2\n---\nb: x\n");
    assert.equal(
      await textOf('name,note\na,"x, ""y""\nz"\n', ".csv"),
      '| name | note |\n| ---- | ---- |\n| a | x, "y" z |\n',
    );
    assert.equal(await textOf("# c\na = 1\nb:2\nc\n", ".properties"), "# c\na: 1\nb: 2\nc: ");
  });

  it("goes by the MIME type where there is no extension", async () => {
    assert.equal(await textOf("[1]", null, { mime_type: "application/json; charset=utf-8" }), "[\n  1\n]");
  });

  it("gives a list of texts for a list of files, and an empty one for none", async () => {
    assert.deepEqual(outputsOf(await run([file("a", ".txt"), file("b", ".md")]))["text"], ["a", "b"]);
    assert.deepEqual(outputsOf(await run([]))["text"], []);
    assert.deepEqual(outputsOf(await run(null))["text"], []);
  });

  it("fetches files at a URL through the guarded client", async () => {
    const { requests, http } = httpAnswering({ text: "remote" });
    const doc = {
      dify_model_identity: "__dify__file__",
      remote_url: "https://docs.example/a.txt",
      extension: ".txt",
    };
    assert.equal(outputsOf(await run(doc, { http }))["text"], "remote");
    assert.equal(requests[0]?.url, "https://docs.example/a.txt");
    const missing = httpAnswering({ status: 404 });
    assert.equal(
      failureOf(await run(doc, { http: missing.http })),
      "FileDownloadError: flow.download.failed problem=(flow.download.status status=404)",
    );
  });

  it("fails with what to do for other formats, broken documents and files in Dify's storage", async () => {
    assert.equal(
      failureOf(await run(file("PK", ".epub"))),
      "UnsupportedFileTypeError: flow.document.unsupported problem=(flow.document.extension extension=epub)",
    );
    assert.equal(
      failureOf(await run(file("", null, { mime_type: "message/rfc822" }))),
      "UnsupportedFileTypeError: flow.document.unsupported problem=(flow.document.mime-type type=message/rfc822)",
    );
    assert.equal(
      failureOf(await run(file("", null, { mime_type: "application/msword", filename: "Plan" }))),
      "UnsupportedFileTypeError: flow.document.old-format file=Plan newer=docx",
    );
    assert.equal(
      failureOf(await run(file("", null))),
      "UnsupportedFileTypeError: flow.document.type-unknown",
    );
    assert.match(
      failureOf(await run(file("{", ".json"))),
      /^TextExtractionError: flow\.document\.unreadable format=JSON /,
    );
    assert.equal(
      failureOf(
        await run({
          dify_model_identity: "__dify__file__",
          transfer_method: "local_file",
          extension: ".txt",
        }),
      ),
      "FileDownloadError: flow.download.failed problem=(flow.download.in-storage file=(flow.download.unnamed))",
    );
  });

  it("hands PDF and the formats of Office to the reader of documents, and names the file that it cannot read", async () => {
    const asked: string[] = [];
    const documents: DocumentReader = {
      read: async ({ format, bytes }) => {
        asked.push(`${format} ${Buffer.from(bytes).toString()}`);
        if (format !== "xlsx") return { ok: true, value: format };
        return { ok: false, errorType: "TextExtractionError", message: "damaged", retryable: false };
      },
    };
    const word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    const files = [file("%PDF", ".PDF"), file("w", null, { mime_type: word }), file("p", ".pptx")];
    assert.deepEqual(outputsOf(await run(files, { documents }))["text"], ["pdf", "docx", "pptx"]);
    assert.deepEqual(asked, ["pdf %PDF", "docx w", "pptx p"]);
    assert.equal(
      failureOf(await run(file("x", ".xlsx", { filename: "costs.xlsx" }), { documents })),
      "TextExtractionError: flow.document.not-read file=costs.xlsx problem=(damaged)",
    );
  });

  it("fails on what is no file, in Dify's words", async () => {
    assert.equal(failureOf(await run("text")), ": flow.document.not-files selector=['start', 'doc']");
    assert.equal(
      failureOf(await runNode(documentExtractorKind, NODE)),
      ": flow.document.variable-missing selector=['start', 'doc']",
    );
  });
});

describe("parseCsv", () => {
  it("reads quotes, empty fields and all line ends", () => {
    assert.deepEqual(parseCsv('a,,"b\r\nc"\r\n"",d"e\rlast'), [["a", "", "b\r\nc"], ["", 'd"e'], ["last"]]);
    assert.deepEqual(parseCsv(""), []);
  });
});
