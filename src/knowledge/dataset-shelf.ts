import { describeError } from "../base/errors.ts";
import { buildIndex, type DatasetIndex } from "./dataset-index.ts";
import { DEFAULT_LIMITS, type DatasetFolder, type KnowledgeOptions } from "./knowledge-options.ts";
import { readFolder, type FolderDocument } from "./read-folder.ts";

/** A dataset with the index of its folder. */
export type Shelf = {
  readonly dataset: DatasetFolder;
  readonly documents: () => number;
  readonly index: () => DatasetIndex;
  readonly refresh: () => Promise<void>;
};

/** Reads and indexes a folder; rejects when it cannot be read at all. */
export const createShelf = async (dataset: DatasetFolder, options: KnowledgeOptions): Promise<Shelf> => {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const { logger } = options;
  let known: ReadonlyMap<string, FolderDocument> = new Map();
  let index = buildIndex(dataset.id, [], limits);

  const read = async (): Promise<void> => {
    const documents = await readFolder(dataset.folder, limits, known, logger);
    const isSame = documents.length === known.size && documents.every((one) => known.get(one.name) === one);
    if (isSame) return;
    known = new Map(documents.map((document) => [document.name, document]));
    index = buildIndex(dataset.id, documents, limits);
    const fields = { dataset: dataset.id, documents: documents.length, segments: index.segments.size };
    if (index.isCut) logger.warn(fields, "Knowledge has too many segments, the rest is left out");
    logger.info(fields, "Knowledge indexed");
  };

  await read();
  // One reading after another: a refresh that is asked for during another sees the newest state.
  let last: Promise<void> = Promise.resolve();
  const refresh = (): Promise<void> => {
    last = last.then(read).catch((error: unknown) => {
      const fields = { dataset: dataset.id, reason: describeError(error) };
      logger.warn(fields, "Knowledge folder cannot be read, what was indexed stays");
    });
    return last;
  };
  return { dataset, documents: () => known.size, index: () => index, refresh };
};
