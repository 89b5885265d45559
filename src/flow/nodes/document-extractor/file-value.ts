import { z } from "zod";
import type { Json, JsonObject } from "../../../base/json.ts";
import type { HttpClient } from "../../ports.ts";
import { FILE_IDENTITY } from "../../value-type.ts";
import { type FlowMessage, flowMessage, inItsWords } from "../../messages/message.ts";

/** The parts of a file value that tell what it is and where its content lies. */
export const FileValue = z.object({
  transfer_method: z.string().nullish(),
  remote_url: z.string().nullish(),
  url: z.string().nullish(),
  filename: z.string().nullish(),
  extension: z.string().nullish(),
  mime_type: z.string().nullish(),
});
export type FileValue = z.infer<typeof FileValue>;

/** Longer contents are not carried inside of a file value; Dify keeps them in its storage, which is missing here. */
const MAX_INLINE_BYTES = 1024 * 1024;
/** Dify's limit of an upload; it fetches documents of any length. */
const MAX_DOWNLOAD_BYTES = 15 * 1024 * 1024;
const DOWNLOAD_TIMEOUT_MS = 60_000;

const fileTypeOf = (mimeType: string): string => {
  const [main = ""] = mimeType.split("/");
  if (["image", "audio", "video"].includes(main)) return main;
  return main === "text" || mimeType === "application/pdf" ? "document" : "custom";
};

/**
 * Describes bytes as a file value with Dify's keys. There is no storage: contents of up to 1 MB travel inside the value
 * as a data URL, longer ones are only described.
 */
export const describeFile = (bytes: Uint8Array, filename: string, mimeType: string): JsonObject => {
  const dot = filename.lastIndexOf(".");
  const bare = mimeType.split(";")[0]?.trim() ?? mimeType;
  const url =
    bytes.length <= MAX_INLINE_BYTES ? `data:${bare};base64,${Buffer.from(bytes).toString("base64")}` : null;
  return {
    dify_model_identity: FILE_IDENTITY,
    id: null,
    type: fileTypeOf(bare),
    transfer_method: url === null ? "tool_file" : "remote_url",
    remote_url: url,
    related_id: null,
    filename: filename === "" ? null : filename,
    extension: dot > 0 ? filename.slice(dot) : null,
    mime_type: mimeType,
    size: bytes.length,
    url,
  };
};

/** What a file is called where a person reads of it. */
export const nameOfFile = ({ filename, remote_url, url }: FileValue): string | FlowMessage => {
  if (filename !== null && filename !== undefined && filename !== "") return filename;
  const address = remote_url ?? url ?? "";
  return /^https?:/.test(address) ? address : flowMessage("flow.download.unnamed");
};

const refuse = (problem: FlowMessage): FetchedFile => ({
  ok: false,
  errorType: "FileDownloadError",
  message: flowMessage("flow.download.failed", { problem }),
});

/** A file with its content, or why there is none. */
export type FetchedFile =
  | { readonly ok: true; readonly value: { readonly file: FileValue; readonly bytes: Uint8Array } }
  | { readonly ok: false; readonly errorType: string; readonly message: FlowMessage };

const decodeDataUrl = (url: string): Uint8Array | undefined => {
  const match = /^data:[^,]*?(;base64)?,(.*)$/s.exec(url);
  if (match === null) return undefined;
  return match[1] === undefined
    ? Buffer.from(decodeURIComponent(match[2] ?? ""))
    : Buffer.from(match[2] ?? "", "base64");
};

/** Fetches what a file value stands for: from inside of it or, through the guarded client, from its URL. */
export const fetchFile = async (value: Json, http: HttpClient, signal: AbortSignal): Promise<FetchedFile> => {
  const parsed = FileValue.safeParse(value);
  if (!parsed.success) return refuse(flowMessage("flow.download.not-a-file"));
  const file = parsed.data;
  const url = file.remote_url ?? file.url ?? "";
  const inline = decodeDataUrl(url);
  if (inline !== undefined) return { ok: true, value: { file, bytes: inline } };
  if (!/^https?:\/\//.test(url)) {
    return refuse(flowMessage("flow.download.in-storage", { file: nameOfFile(file) }));
  }
  const response = await http.send({
    method: "GET",
    url,
    headers: [],
    body: null,
    connectTimeoutMs: 10_000,
    readTimeoutMs: DOWNLOAD_TIMEOUT_MS,
    writeTimeoutMs: DOWNLOAD_TIMEOUT_MS,
    verifyTls: true,
    maxResponseBytes: MAX_DOWNLOAD_BYTES,
    signal,
  });
  if (!response.ok) return refuse(inItsWords(response.message, response.host));
  const { status } = response.value;
  if (status < 200 || status > 299) return refuse(flowMessage("flow.download.status", { status }));
  return { ok: true, value: { file, bytes: response.value.body } };
};
