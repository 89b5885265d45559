import { message } from "../messages/message.ts";
import { ConfigError, describeError, inEnglish, problemAt } from "../base/errors.ts";
import type { KnowledgeRecord, KnowledgeRequest, KnowledgeSearch, NodeResult } from "../flow/ports.ts";
import { checkDatasets, findDataset, nameOf } from "./check-datasets.ts";
import type { IndexedSegment } from "./dataset-index.ts";
import { createShelf, type Shelf } from "./dataset-shelf.ts";
import { fuseScores } from "./fuse-scores.ts";
import type { DatasetFolder, Fusion, KnowledgeOptions } from "./knowledge-options.ts";
import { createVectorCache, type VectorCache } from "./vector-cache.ts";
import { watchFolder } from "./watch-folder.ts";

/** A dataset as it stands, for pages and checks. */
type DatasetStatus = {
  readonly id: string;
  readonly name: string;
  readonly documents: number;
  readonly segments: number;
  /** Whether vectors take part in the search. */
  readonly hasVectors: boolean;
};

/** The search over folders; disposing it ends the watching. */
export type FolderKnowledge = KnowledgeSearch &
  AsyncDisposable & {
    /** Reads every folder again; resolves when text and vectors are up to date. */
    readonly refresh: () => Promise<void>;
    readonly status: () => readonly DatasetStatus[];
  };

const DEFAULT_FUSION: Fusion = { kind: "weighted", vectorWeight: 0.7 };

const openShelves = async (options: KnowledgeOptions): Promise<readonly Shelf[]> => {
  const opened = await Promise.allSettled(options.datasets.map((one) => createShelf(one, options)));
  const problems = opened.flatMap((result, index) => {
    if (result.status === "fulfilled") return [];
    const { id = "", folder = "" } = options.datasets[index] ?? {};
    return [
      problemAt(
        `knowledge.datasets "${id}"`,
        message("knowledge.folder-unreadable", { folder, error: describeError(result.reason) }),
      ),
    ];
  });
  const all = [...checkDatasets([], options.datasets), ...problems];
  if (all.length > 0) throw new ConfigError(all);
  return opened.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
};

const toRecord = (dataset: DatasetFolder, segment: IndexedSegment, score: number): KnowledgeRecord => ({
  datasetId: dataset.id,
  datasetName: nameOf(dataset),
  documentId: segment.documentId,
  documentName: segment.documentName,
  segmentId: segment.id,
  position: segment.position,
  score,
  title: segment.documentName,
  content: segment.content,
});

const inOrder = (a: KnowledgeRecord, b: KnowledgeRecord): number =>
  b.score - a.score ||
  (a.documentName < b.documentName ? -1 : Number(a.documentName > b.documentName)) ||
  a.position - b.position;

const searchShelf = (
  shelf: Shelf,
  query: string,
  vector: Float32Array | null,
  cache: VectorCache | null,
  fusion: Fusion,
): readonly KnowledgeRecord[] => {
  const { segments, searchText } = shelf.index();
  const text = searchText(query);
  const isHybrid = vector !== null && cache !== null && cache.covers(segments.values());
  const scores = isHybrid ? fuseScores(text, cache.score(segments.values(), vector), fusion) : text;
  return [...scores].flatMap(([id, score]) => {
    const segment = segments.get(id);
    return segment === undefined || score <= 0 ? [] : [toRecord(shelf.dataset, segment, score)];
  });
};

/** Searches the shelves that a request names; an unknown name is a failure. */
const createSearch =
  (shelves: readonly Shelf[], cache: VectorCache | null, options: KnowledgeOptions) =>
  async (request: KnowledgeRequest): Promise<NodeResult<readonly KnowledgeRecord[]>> => {
    const { datasetIds, query, topK, scoreThreshold, signal } = request;
    signal.throwIfAborted();
    const problems = checkDatasets(datasetIds, options.datasets);
    if (problems.length > 0) {
      const host = message("problem.several", { problems });
      return {
        ok: false,
        errorType: "KnowledgeRetrievalNodeError",
        message: inEnglish(host),
        host,
        retryable: false,
      };
    }
    const wanted = new Set(datasetIds.map((one) => findDataset(one, options.datasets)));
    const vector = cache === null || query.trim() === "" ? null : await cache.embedQuery(query, signal);
    const records = shelves
      .filter(({ dataset }) => wanted.has(dataset))
      .flatMap((shelf) => searchShelf(shelf, query, vector, cache, options.fusion ?? DEFAULT_FUSION))
      .filter(({ score }) => scoreThreshold === null || score >= scoreThreshold)
      .sort(inOrder)
      .slice(0, Math.max(0, topK));
    return { ok: true, value: records };
  };

/**
 * Makes folders of Markdown and text searchable under the names of Dify's datasets. They are read at
 * the start (a folder that cannot be is a ConfigError) and again after each change. With an embedding
 * model the scores of full text and vectors are combined, once all segments of a dataset have vectors;
 * until then, and when the model fails, full text is used alone.
 */
export const createKnowledgeSearch = async (options: KnowledgeOptions): Promise<FolderKnowledge> => {
  const { quietMs = 200, rescanMs = 60_000, clock, logger, embed = null } = options;
  const shelves = await openShelves(options);
  const cache = embed === null ? null : createVectorCache(embed, logger);
  const stop = new AbortController();

  const segments = (): readonly IndexedSegment[] =>
    shelves.flatMap((shelf) => [...shelf.index().segments.values()]);
  let filling: Promise<void> = Promise.resolve();
  const fillVectors = (): Promise<void> => {
    const before = filling;
    const fill = async (): Promise<void> => {
      await before;
      await cache?.fill(segments(), stop.signal);
      cache?.keepOnly(segments());
    };
    filling = fill();
    return filling;
  };
  const refreshShelf = async (shelf: Shelf): Promise<void> => {
    await shelf.refresh();
    await fillVectors();
  };
  const watches = shelves.map((shelf) =>
    watchFolder({
      folder: shelf.dataset.folder,
      quietMs,
      rescanMs,
      clock,
      logger,
      onChange: () => refreshShelf(shelf),
    }),
  );
  void fillVectors();

  return {
    search: createSearch(shelves, cache, options),
    refresh: async () => {
      await Promise.all(shelves.map(refreshShelf));
    },
    status: () =>
      shelves.map(({ dataset, documents, index }) => ({
        id: dataset.id,
        name: nameOf(dataset),
        documents: documents(),
        segments: index().segments.size,
        hasVectors: cache?.covers(index().segments.values()) ?? false,
      })),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await Promise.all([...watches.map((watch) => watch[Symbol.asyncDispose]()), filling]);
    },
  };
};
