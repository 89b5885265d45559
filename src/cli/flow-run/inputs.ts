import { readFile, stat } from "node:fs/promises";
import { basename, extname } from "node:path";
import { text as readStream } from "node:stream/consumers";
import { describeError } from "../../base/errors.ts";
import { Json, type JsonObject, parseJson } from "../../base/json.ts";
import { Secret } from "../../base/secret.ts";
import type { Environment } from "../../config/environment.ts";
import type { Flow } from "../../flow/flow.ts";
import { type Message, message } from "../../messages/message.ts";
import { CommandError } from "../command-error.ts";

/** The code of a failure for which an input or a secret is the reason, and not the flow. */
export const INPUT_INVALID = "input-invalid";

const refuse = (problems: readonly Message[]): CommandError =>
  new CommandError(problems, { code: INPUT_INVALID });

/** The longest file that is handed to a flow, in bytes: Dify's limit of an upload (`UPLOAD_FILE_SIZE_LIMIT`). */
const MAX_FILE_BYTES = 15 * 1024 * 1024;

const MIME_TYPES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".mp4": "video/mp4",
    ".pdf": "application/pdf",
    ".json": "application/json",
    ".html": "text/html",
    ".md": "text/markdown",
    ".csv": "text/csv",
    ".txt": "text/plain",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
  }),
);

/** Dify's kind of a file, by its media type. */
const kindOf = (mimeType: string): string => {
  const [main = ""] = mimeType.split("/");
  return ["image", "audio", "video"].includes(main) ? main : "document";
};

/** A file at an address, or on this machine, as a file input; the latter travels inside the value. */
const readFileInput = async (name: string, place: string): Promise<JsonObject> => {
  const isAddress = /^https?:\/\//.test(place);
  const path = isAddress ? new URL(place).pathname : place;
  const mimeType = MIME_TYPES.get(extname(path).toLowerCase()) ?? "application/octet-stream";
  const about = { type: kindOf(mimeType), transfer_method: "remote_url", mime_type: mimeType };
  if (isAddress) return { ...about, url: place };
  const { size } = await stat(place);
  if (size > MAX_FILE_BYTES)
    throw refuse([
      message("cli.flow.run.file-too-large", { name, file: place, most: MAX_FILE_BYTES / 2 ** 20 }),
    ]);
  const bytes = await readFile(place);
  const url = `data:${mimeType};base64,${bytes.toString("base64")}`;
  const filename = basename(place);
  return { ...about, url, filename, size: bytes.length, extension: extname(filename) || null };
};

/** The text after a sign `@`: of a file, or of standard input; two of them stand for one. */
const readText = async (value: string): Promise<string> => {
  if (!value.startsWith("@")) return value;
  if (value.startsWith("@@")) return value.slice(1);
  return value === "@-" ? readStream(process.stdin) : readFile(value.slice(1), "utf8");
};

const readValue = async (
  { variable: name, type }: Flow["inputs"][number],
  values: readonly string[],
): Promise<Json> => {
  const last = values.at(-1) ?? "";
  if (type === "file") return last === "" ? "" : readFileInput(name, last);
  if (type === "file-list") return Promise.all(values.map((value) => readFileInput(name, value)));
  const text = await readText(last);
  if (type !== "json_object") return text;
  const json = Json.safeParse(parseJson(text));
  if (!json.success) throw refuse([message("cli.flow.run.not-json", { name })]);
  return json.data;
};

const withReason = async <T>(name: string, work: Promise<T>): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw refuse([message("cli.flow.run.input-unreadable", { name, problem: describeError(error) })]);
  }
};

/**
 * The inputs of a run from `NAME=VALUE` each: a text or, behind `@`, the file or standard input that holds it; for
 * files a path or an address. Throws a CommandError (`input-invalid`) for names that the flow does not know.
 */
export const readInputs = async (flow: Flow, given: readonly string[]): Promise<JsonObject> => {
  const values = new Map<string, string[]>();
  const problems: Message[] = [];
  const known = flow.inputs.map(({ variable }) => variable);
  for (const one of given) {
    const at = one.indexOf("=");
    const name = at < 0 ? one : one.slice(0, at);
    if (at < 0) problems.push(message("cli.flow.run.no-value", { option: "--input", value: one }));
    else if (!known.includes(name)) problems.push(message("cli.flow.run.unknown-input", { name, known }));
    else values.set(name, [...(values.get(name) ?? []), one.slice(at + 1)]);
  }
  if (problems.length > 0) throw refuse(problems);
  const inputs: Record<string, Json> = {};
  for (const field of flow.inputs) {
    const own = values.get(field.variable);
    if (own !== undefined) inputs[field.variable] = await withReason(field.variable, readValue(field, own));
  }
  return inputs;
};

/** The files that go with a question, each by its path or address. */
export const readFiles = (places: readonly string[]): Promise<readonly JsonObject[]> =>
  Promise.all(places.map((place) => withReason(place, readFileInput(place, place))));

/** The keys of those of its tools that run here. What runs tools is loaded for a flow that has some. */
const toolSecrets = async (flow: Flow): Promise<readonly string[]> => {
  const tools = [...flow.nodes.values()].flatMap(({ declaration }) => declaration.tools);
  if (tools.length === 0) return [];
  const { secretOfTool } = await import("../../tools/tool-runner.ts");
  return tools.flatMap((tool) => secretOfTool(tool) ?? []);
};

/**
 * The file's secrets and the keys of its tools, `NAME` or `NAME=VARIABLE` each. A workflow file comes from anywhere: it gets no variable of the
 * environment that nobody named for it. Throws a CommandError (`input-invalid`).
 */
export const readSecrets = async (
  flow: Flow,
  given: readonly string[],
  environment: Environment,
): Promise<ReadonlyMap<string, Secret>> => {
  const own = flow.environment.flatMap(({ name, isSecret }) => (isSecret ? [name] : []));
  const known = [...new Set([...own, ...(await toolSecrets(flow))])];
  const problems: Message[] = [];
  const secrets = new Map<string, Secret>();
  for (const one of given) {
    const [name = "", variable = name] = one.split("=", 2);
    const value = environment[variable] ?? "";
    if (!known.includes(name)) problems.push(message("cli.flow.run.unknown-secret", { name, known }));
    else if (value === "") problems.push(message("cli.flow.run.secret-unset", { name, variable }));
    else secrets.set(name, new Secret(value));
  }
  if (problems.length > 0) throw refuse(problems);
  return secrets;
};
