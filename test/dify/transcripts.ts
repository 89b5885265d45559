import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";

/** A JSON object of an answer. */
export type Json = Readonly<Record<string, unknown>>;

/** One frame of an event stream: a ping, or the JSON of a `data:` line. */
export type Frame = { readonly ping: true } | { readonly ping: false; readonly json: Json };

/** An answer of a real Dify 1.14.2, or of anything that answers in its place. */
export type Answer = {
  readonly status: number;
  /** By their names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** Without the sizes of its chunks. */
  readonly body: string;
  /** Those of an event stream, in their order; none where the body is no event stream. */
  readonly frames: readonly Frame[];
};

/** A recorded answer. */
export type Transcript = Answer & { readonly name: string };

const FOLDER = new URL("../../../shared/corpus/dify-server/", import.meta.url);
/** As many as were recorded: a folder with fewer is damaged. */
const COUNT = 85;

const Data = z.record(z.string(), z.unknown());

/** The frames of an event stream's text; throws for text that is neither a ping nor a `data:` line of JSON. */
export const framesOf = (body: string): readonly Frame[] =>
  body
    .split("\n\n")
    .filter((frame) => frame.trim() !== "")
    .map((frame): Frame => {
      const text = frame.replace(/^\n+/, "");
      if (text === "event: ping") return { ping: true };
      if (!text.startsWith("data: ")) throw new Error(`not a frame of Dify: ${text.slice(0, 80)}`);
      return { ping: false, json: Data.parse(JSON.parse(text.slice("data: ".length))) };
    });

/** An answer of these parts; its frames are read where its content is an event stream. */
export const answerOf = (status: number, headers: ReadonlyMap<string, string>, body: string): Answer => {
  const isStream = headers.get("content-type")?.startsWith("text/event-stream") ?? false;
  return { status, headers, body, frames: isStream ? framesOf(body) : [] };
};

/** Takes the sizes off chunks. A recording may end before the last chunk, which is empty. */
const joinChunks = (body: Buffer): Buffer => {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length;) {
    const end = body.indexOf("\r\n", at);
    const size = Number.parseInt(body.toString("latin1", at, end), 16);
    parts.push(body.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
  return Buffer.concat(parts);
};

const parse = (name: string, bytes: Buffer): Transcript => {
  const end = bytes.indexOf("\r\n\r\n");
  const [statusLine = "", ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const raw = bytes.subarray(end + 4);
  // Some recordings name the encoding and hold their chunks joined already.
  const isChunked = headers.get("transfer-encoding") === "chunked" && /^[\dA-Fa-f]+\r\n/.test(raw.toString());
  const body = (isChunked ? joinChunks(raw) : raw).toString("utf8");
  return { name, ...answerOf(Number(statusLine.split(" ")[1]), headers, body) };
};

/**
 * The answers that were recorded of a real Dify 1.14.2, by the names of their files without `.http`. They lie
 * beside the checkout (`../shared/corpus/dify-server`). Null where they are absent, which `CI=true` forbids.
 */
export const readTranscripts = (): readonly Transcript[] | null => {
  let files: readonly string[];
  try {
    files = readdirSync(FOLDER).filter((file) => file.endsWith(".http"));
  } catch (error) {
    if (process.env["CI"] === "true") throw error;
    return null;
  }
  if (files.length !== COUNT)
    throw new Error(`${files.length} transcripts in ${fileURLToPath(FOLDER)}, not ${COUNT}`);
  return files
    .map((file) => parse(file.replace(/\.http$/, ""), readFileSync(new URL(file, FOLDER))))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
};
