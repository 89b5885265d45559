import { parseAllDocuments, stringify } from "yaml";
import { charsetOf, decodeText } from "../../../base/decode-text.ts";
import { describeError } from "../../../base/errors.ts";
import { Json } from "../../../base/json.ts";
import { markdownTable, parseCsv } from "./csv-table.ts";
import { type FileValue, nameOfFile } from "./file-value.ts";
import type { NodeContext } from "../../node.ts";
import { NodeError } from "../../node-error.ts";
import type { DocumentFormat } from "../../ports.ts";
import { type FlowMessage, flowMessage, inItsWords } from "../../messages/message.ts";

type Extractor = (text: string) => string;

const withProblem =
  (format: string, extract: Extractor): Extractor =>
  (text) => {
    try {
      return extract(text);
    } catch (error) {
      const reason = describeError(error);
      throw new NodeError(flowMessage("flow.document.unreadable", { format, reason }), "TextExtractionError");
    }
  };

const plain: Extractor = (text) => text;

const json: Extractor = (text) => JSON.stringify(Json.parse(JSON.parse(text)), null, 2);

const yaml: Extractor = (text) => {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents)) return "";
  return documents
    .map((document) => {
      const [error] = document.errors;
      if (error !== undefined) throw error;
      return stringify(document.toJS(), { indentSeq: false, lineWidth: 80 });
    })
    .join("---\n");
};

const csv: Extractor = (text) => markdownTable(parseCsv(text));

const propertyLine = (raw: string): string => {
  const line = raw.trim();
  if (line === "" || /^[#!]/.test(line)) return line;
  const at = line.includes("=") ? line.indexOf("=") : line.indexOf(":");
  return at < 0 ? `${line}: ` : `${line.slice(0, at).trim()}: ${line.slice(at + 1).trim()}`;
};

const properties: Extractor = (text) =>
  text
    .split(/\r\n|\r|\n/)
    .map(propertyLine)
    .join("\n")
    .replace(/\n$/, "");

const PLAIN_EXTENSIONS =
  "txt markdown md mdx html htm xml c h cpp hpp cc cxx c++ py js ts jsx tsx java php rb go rs swift kt scala sh bash bat ps1 sql r m pl lua vim asm s css scss less sass ini cfg conf toml env log vtt".split(
    " ",
  );

const BY_EXTENSION: ReadonlyMap<string, Extractor> = new Map([
  ...PLAIN_EXTENSIONS.map((extension): readonly [string, Extractor] => [extension, plain]),
  ["json", withProblem("JSON", json)],
  ["yaml", withProblem("YAML", yaml)],
  ["yml", withProblem("YAML", yaml)],
  ["csv", withProblem("CSV", csv)],
  ["properties", properties],
]);

const EXTENSION_OF_TYPE: ReadonlyMap<string, string> = new Map([
  ["text/plain", "txt"],
  ["text/html", "html"],
  ["text/htm", "html"],
  ["text/markdown", "md"],
  ["text/xml", "xml"],
  ["text/vtt", "vtt"],
  ["text/csv", "csv"],
  ["text/yaml", "yaml"],
  ["application/x-yaml", "yaml"],
  ["application/yaml", "yaml"],
  ["application/xml", "xml"],
  ["application/json", "json"],
  ["text/properties", "properties"],
  ["application/pdf", "pdf"],
  ["application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"],
  ["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"],
  ["application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx"],
  ["application/msword", "doc"],
  ["application/vnd.ms-excel", "xls"],
  ["application/vnd.ms-powerpoint", "ppt"],
]);

const unsupported = (problem: FlowMessage): NodeError =>
  new NodeError(flowMessage("flow.document.unsupported", { problem }), "UnsupportedFileTypeError");

const DOCUMENTS: ReadonlyMap<string, DocumentFormat> = new Map([
  ["pdf", "pdf"],
  ["docx", "docx"],
  ["xlsx", "xlsx"],
  ["pptx", "pptx"],
]);

/** Formats of Office 97 to 2003, and those that took their place. */
const NEWER: ReadonlyMap<string, string> = new Map([
  ["doc", "docx"],
  ["xls", "xlsx"],
  ["ppt", "pptx"],
]);

/** How a file is read: by the port of documents, or as a text. The extension counts, or else the MIME type. */
const findExtractor = (file: FileValue): DocumentFormat | Extractor => {
  const extension = (file.extension ?? "").replace(/^\./, "").toLowerCase();
  const type = (file.mime_type ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (extension === "" && type === "") {
    throw new NodeError(flowMessage("flow.document.type-unknown"), "UnsupportedFileTypeError");
  }
  const format = extension === "" ? (EXTENSION_OF_TYPE.get(type) ?? "") : extension;
  const found = DOCUMENTS.get(format) ?? BY_EXTENSION.get(format);
  if (found !== undefined) return found;
  const newer = NEWER.get(format);
  if (newer !== undefined) {
    const message = flowMessage("flow.document.old-format", { file: nameOfFile(file), newer });
    throw new NodeError(message, "UnsupportedFileTypeError");
  }
  throw unsupported(
    extension === ""
      ? flowMessage("flow.document.mime-type", { type })
      : flowMessage("flow.document.extension", { extension }),
  );
};

/** The text of a document. Throws NodeError. */
export const extractText = async (
  file: FileValue,
  bytes: Uint8Array,
  { ports, signal }: Pick<NodeContext, "ports" | "signal">,
): Promise<string> => {
  const extract = findExtractor(file);
  if (typeof extract === "string") {
    const result = await ports.documents.read({ format: extract, bytes, signal });
    if (result.ok) return result.value;
    const problem = inItsWords(result.message, result.host);
    const message = flowMessage("flow.document.not-read", { file: nameOfFile(file), problem });
    throw new NodeError(message, result.errorType);
  }
  return extract(decodeText(bytes, charsetOf(file.mime_type ?? "")));
};
