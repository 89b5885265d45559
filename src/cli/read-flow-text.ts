import { readFile, stat } from "node:fs/promises";

/** The longest workflow file that is read, in bytes; Dify imports no longer ones either. */
const MAX_BYTES = 10 * 1024 * 1024;

/** A workflow file's text, or why there is none, as a sentence that names the file. */
export type FlowFileText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly message: string };

const MISSING: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EACCES: "it may not be read; check its permissions",
  EPERM: "it may not be read; check its permissions",
};

const explain = (error: unknown): string => {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return MISSING[code] ?? `it cannot be read (${code === "" ? String(error) : code})`;
};

const decode = (path: string, bytes: Uint8Array): FlowFileText => {
  try {
    return { ok: true, text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    return {
      ok: false,
      message: `${path}: this is no UTF-8 text; give the .yml file that Dify's "Export DSL" wrote`,
    };
  }
};

/** Reads a workflow file from the disk. What a user may get wrong is a message; nothing is thrown. */
export const readFlowText = async (path: string): Promise<FlowFileText> => {
  const refuse = (why: string): FlowFileText => ({ ok: false, message: `${path}: ${why}` });
  try {
    // Before the file is opened: a pipe that nobody writes to would not even open.
    const stats = await stat(path);
    if (stats.isDirectory()) return refuse("this is a folder; give a workflow file");
    if (!stats.isFile()) return refuse("this is no ordinary file");
    if (stats.size > MAX_BYTES) {
      const size = (stats.size / 2 ** 20).toFixed(1);
      return refuse(
        `the file has ${size} MiB; a workflow file has at most ${MAX_BYTES / 2 ** 20} MiB, in Dify as here`,
      );
    }
    return decode(path, await readFile(path));
  } catch (error) {
    return refuse(explain(error));
  }
};
