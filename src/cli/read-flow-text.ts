import { readFile, stat } from "node:fs/promises";
import { type Message, message } from "../messages/message.ts";

/** The longest workflow file that is read, in bytes; Dify imports no longer ones either. */
const MAX_BYTES = 10 * 1024 * 1024;

/** A workflow file's text, or why there is none. */
export type FlowFileText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly problem: Message };

const refuse = (problem: Message): FlowFileText => ({ ok: false, problem });

const explain = (error: unknown): Message => {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOENT" || code === "ENOTDIR") return message("cli.flow.file.missing");
  if (code === "EACCES" || code === "EPERM") return message("cli.flow.file.denied");
  return message("cli.flow.file.unreadable", { problem: code === "" ? String(error) : code });
};

const decode = (bytes: Uint8Array): FlowFileText => {
  try {
    return { ok: true, text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    return refuse(message("cli.flow.file.not-utf8"));
  }
};

/** Reads a workflow file from the disk. What a user may get wrong is a message; nothing is thrown. */
export const readFlowText = async (file: string): Promise<FlowFileText> => {
  try {
    // Before the file is opened: a pipe that nobody writes to would not even open.
    const stats = await stat(file);
    if (stats.isDirectory()) return refuse(message("cli.flow.file.folder"));
    if (!stats.isFile()) return refuse(message("cli.flow.file.special"));
    if (stats.size > MAX_BYTES) {
      const size = (stats.size / 2 ** 20).toFixed(1);
      return refuse(message("cli.flow.file.too-large", { size, most: MAX_BYTES / 2 ** 20 }));
    }
    return decode(await readFile(file));
  } catch (error) {
    return refuse(explain(error));
  }
};
