import { constants } from "node:fs";
import { open, readdir, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { decodeText } from "../base/decode-text.ts";
import type { Logger } from "../base/logger.ts";
import type { KnowledgeLimits } from "./knowledge-options.ts";

/** A document as read. */
export type FolderDocument = {
  /** The path inside the folder, with `/`. */
  readonly name: string;
  /** Changes when the file does: time, size and inode. */
  readonly version: string;
  readonly text: string;
};

const READABLE = /\.(md|markdown|mdx|txt|rst|adoc)$/i;

const isInside = (root: string, path: string): boolean =>
  path.startsWith(root.endsWith(sep) ? root : root + sep);

type Walk = { readonly root: string; readonly limits: KnowledgeLimits; readonly logger: Logger };

/** The real path of an entry, null when it is a link that leads out of the folder or nowhere. */
const resolveEntry = async ({ root, logger }: Walk, path: string): Promise<string | null> => {
  const real = await realpath(path).catch(() => null);
  if (real === null || isInside(root, real)) return real;
  logger.warn({ file: relative(root, path) }, "Knowledge file leads out of its folder and is left out");
  return null;
};

const listFiles = async (walk: Walk, folder: string): Promise<readonly string[]> => {
  const entries = await readdir(folder, { withFileTypes: true });
  const visible = entries
    .filter(({ name }) => !name.startsWith(".") && name !== "node_modules")
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const found: string[] = [];
  for (const entry of visible) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await listFiles(walk, path)));
    else if (READABLE.test(entry.name)) found.push(path);
    if (found.length > walk.limits.maxFiles) break;
  }
  return found;
};

const readDocument = async (
  walk: Walk,
  path: string,
  known: ReadonlyMap<string, FolderDocument>,
): Promise<FolderDocument | null> => {
  const real = await resolveEntry(walk, path);
  if (real === null) return null;
  const name = relative(walk.root, path).split(sep).join("/");
  // The path is free of links now; a link that is put in its place meanwhile is refused by the open.
  await using file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const { size, mtimeMs, ino, isFile } = await file.stat().then((facts) => ({
    size: facts.size,
    mtimeMs: facts.mtimeMs,
    ino: facts.ino,
    isFile: facts.isFile(),
  }));
  if (!isFile) return null;
  if (size > walk.limits.maxFileBytes) {
    walk.logger.warn({ file: name, size }, "Knowledge file is too large and is left out");
    return null;
  }
  const version = `${mtimeMs}-${size}-${ino}`;
  const before = known.get(name);
  if (before?.version === version) return before;
  const bytes = Buffer.alloc(size);
  const { bytesRead } = await file.read(bytes, 0, size, 0);
  return { name, version, text: decodeText(bytes.subarray(0, bytesRead)) };
};

/**
 * Reads every Markdown and text file below `folder`, in the order of their names. Links are followed
 * only to files inside the folder (mounted configuration is made of such links), hidden entries are
 * left out. Documents of `known` that have not changed are not read again. Rejects when the folder
 * itself cannot be read; a single file that cannot is left out and logged.
 */
export const readFolder = async (
  folder: string,
  limits: KnowledgeLimits,
  known: ReadonlyMap<string, FolderDocument>,
  logger: Logger,
): Promise<readonly FolderDocument[]> => {
  const walk = { root: await realpath(folder), limits, logger };
  if (!(await stat(walk.root)).isDirectory()) throw new Error("It is not a folder.");
  const paths = await listFiles(walk, walk.root);
  if (paths.length > limits.maxFiles) {
    logger.warn(
      { folder, maxFiles: limits.maxFiles },
      "Knowledge folder has too many files, the rest is left out",
    );
  }
  const documents: FolderDocument[] = [];
  for (const path of paths.slice(0, limits.maxFiles)) {
    const document = await readDocument(walk, path, known).catch((error: unknown) => {
      logger.warn(
        { file: relative(walk.root, path), error },
        "Knowledge file cannot be read and is left out",
      );
      return null;
    });
    if (document !== null) documents.push(document);
  }
  return documents;
};
