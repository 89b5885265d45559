import { charsetOf, decodeText } from "../../../base/decode-text.ts";
import type { JsonObject } from "../../../base/json.ts";
import type { HttpResponse } from "../../ports.ts";
import { describeFile } from "../document-extractor/file-value.ts";
import { MAX_BINARY_BYTES } from "./request.ts";
import { NodeError } from "../../node-error.ts";
import { flowMessage } from "../../messages/message.ts";

/** Dify's limit of a text answer. */
const MAX_TEXT_BYTES = 1024 * 1024;
const TEXT_APPLICATIONS = ["json", "xml", "javascript", "x-www-form-urlencoded", "yaml", "graphql"];
const TEXT_MARKERS = /[{[<]|function|var |const |let /;

/** Headers as Dify gives them: lower-case names, several values of one name joined. */
const headersOutput = (response: HttpResponse): Readonly<Record<string, string>> => {
  const joined = new Map<string, string>();
  for (const [raw, value] of response.headers) {
    const name = raw.toLowerCase();
    const before = joined.get(name);
    joined.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return Object.fromEntries(joined);
};

const filenameIn = (disposition: string): string | null => {
  const extended = /filename\*\s*=\s*(?:utf-8|iso-8859-1)'[^']*'([^;]+)/i.exec(disposition)?.[1];
  if (extended !== undefined) {
    try {
      return decodeURIComponent(extended.trim());
    } catch {
      return extended.trim();
    }
  }
  const simple = /filename\s*=\s*(?:"([^"]*)"|([^;]+))/i.exec(disposition);
  return simple === null ? null : (simple[1] ?? simple[2] ?? "").trim();
};

const looksLikeText = (body: Uint8Array): boolean => {
  const sample = decodeSample(body.subarray(0, 1024));
  return sample !== null && TEXT_MARKERS.test(sample);
};

const decodeSample = (bytes: Uint8Array): string | null => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
};

/**
 * Whether an answer counts as a file, by Dify's rules: what is sent as an attachment or under a file name; else
 * images, audio and video, and applications that neither name a text format nor look like text.
 */
export const isFileResponse = (headers: Readonly<Record<string, string>>, body: Uint8Array): boolean => {
  const disposition = headers["content-disposition"] ?? "";
  if (/^\s*attachment\b/i.test(disposition) || filenameIn(disposition) !== null) return true;
  const type = (headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (type.startsWith("text/") || type === "") return false;
  if (!type.startsWith("application/")) return /^(?:image|audio|video)\//.test(type);
  return !TEXT_APPLICATIONS.some((text) => type.includes(text)) && !looksLikeText(body);
};

const readableSize = (bytes: number): string => {
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(2)} KB` : `${(bytes / 1024 / 1024).toFixed(2)} MB`;
};

const checkSize = (bytes: number, isFile: boolean): void => {
  const limit = isFile ? MAX_BINARY_BYTES : MAX_TEXT_BYTES;
  if (bytes <= limit) return;
  const most = (limit / 1024 / 1024).toFixed(2);
  throw new NodeError(
    flowMessage("flow.http.response-too-large", { file: String(isFile), most, size: readableSize(bytes) }),
    "ResponseSizeError",
  );
};

const nameInUrl = (url: string): string => {
  const last = URL.canParse(url) ? (new URL(url).pathname.split("/").at(-1) ?? "") : "";
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
};

/** Types by extension, as Python's `mimetypes` knows them. */
const TYPE_OF_EXTENSION: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "application/json": ["json"],
    "application/msword": ["doc"],
    "application/pdf": ["pdf"],
    "application/vnd.ms-excel": ["xls"],
    "application/vnd.ms-powerpoint": ["ppt"],
    "application/x-tar": ["tar"],
    "application/zip": ["zip"],
    "audio/mpeg": ["mp3"],
    "audio/x-wav": ["wav"],
    "image/bmp": ["bmp"],
    "image/gif": ["gif"],
    "image/jpeg": ["jpg", "jpeg"],
    "image/png": ["png"],
    "image/svg+xml": ["svg"],
    "image/tiff": ["tif", "tiff"],
    "text/css": ["css"],
    "text/csv": ["csv"],
    "text/html": ["html", "htm"],
    "text/javascript": ["js"],
    "text/plain": ["txt"],
    "text/x-python": ["py"],
    "text/xml": ["xml"],
    "video/mp4": ["mp4"],
    "video/quicktime": ["mov"],
    "video/webm": ["webm"],
  }).flatMap(([type, extensions]) => extensions.map((extension) => [extension, type] as const)),
);

const typeByName = (filename: string): string | undefined =>
  TYPE_OF_EXTENSION.get(/\.([^.]+)$/.exec(filename)?.[1]?.toLowerCase() ?? "");

/** The type of a file: by the name that the answer gives it, else as the answer states it, else by the address. */
const fileType = (disposed: string | null, stated: string, url: string): string => {
  const byDisposition = disposed === null ? undefined : typeByName(disposed);
  const rest = stated === "" ? typeByName(nameInUrl(url)) : stated;
  return byDisposition ?? rest ?? "application/octet-stream";
};

/**
 * The outputs of an answer: the status, headers, and either its text as `body` or, for a file, an empty body and
 * the file's description. Throws NodeError when it is longer than Dify allows.
 */
export const responseOutputs = (response: HttpResponse): JsonObject => {
  const headers = headersOutput(response);
  const isFile = isFileResponse(headers, response.body);
  checkSize(response.body.length, isFile);
  const type = headers["content-type"] ?? "";
  const disposed = filenameIn(headers["content-disposition"] ?? "");
  return {
    status_code: response.status,
    body: isFile ? "" : decodeText(response.body, charsetOf(type)),
    headers,
    files: isFile
      ? [
          describeFile(
            response.body,
            disposed ?? nameInUrl(response.url),
            fileType(disposed, type, response.url),
          ),
        ]
      : [],
  };
};
