import { z } from "zod";
import type { JsonObject } from "../../../base/json.ts";
import type { NodeContext, NodeDeclaration, NodeOutcome, NodeRemark } from "../../node.ts";
import { defineNodeKind, nodeFailure, portFailure, PLAIN_DECLARATION } from "../../node.ts";
import { readPool } from "../../pool.ts";
import type { KnowledgeRecord } from "../../ports.ts";
import { SelectorPath } from "../selector-path.ts";
import { flowMessage } from "../../messages/message.ts";

/** How many records a node gives that does not say it; Dify's default. */
const DEFAULT_TOP_K = 4;

/** Data of a knowledge retrieval (Dify's node documentation, "Knowledge Retrieval"). */
const KnowledgeRetrievalData = z.object({
  query_variable_selector: SelectorPath.nullish(),
  query_attachment_selector: SelectorPath.nullish(),
  dataset_ids: z
    .array(z.string())
    .nullish()
    .transform((ids) => ids ?? []),
  retrieval_mode: z
    .string()
    .nullish()
    .transform((mode) => mode ?? "multiple"),
  multiple_retrieval_config: z
    .object({
      top_k: z.number().int().positive().nullish(),
      score_threshold: z.number().nullish(),
      reranking_enable: z.boolean().nullish(),
    })
    .nullish(),
  metadata_filtering_mode: z.string().nullish(),
});
type KnowledgeRetrievalData = z.infer<typeof KnowledgeRetrievalData>;

const hasQuery = (data: KnowledgeRetrievalData): boolean => (data.query_variable_selector ?? []).length > 1;

const failures = (data: KnowledgeRetrievalData): readonly NodeRemark[] => [
  ...((data.metadata_filtering_mode ?? "disabled") === "disabled"
    ? []
    : [
        {
          field: "metadata_filtering_mode",
          message: flowMessage("flow.knowledge.metadata"),
        },
      ]),
  ...(["single", "multiple"].includes(data.retrieval_mode)
    ? []
    : [
        {
          field: "retrieval_mode",
          message: flowMessage("flow.knowledge.mode-unknown", { mode: data.retrieval_mode }),
        },
      ]),
  ...(data.dataset_ids.length > 0
    ? []
    : [
        {
          field: "dataset_ids",
          message: flowMessage("flow.knowledge.no-dataset"),
        },
      ]),
  ...(hasQuery(data)
    ? []
    : [
        {
          field: "query_variable_selector",
          message: flowMessage("flow.knowledge.no-query"),
        },
      ]),
];

const warnings = (data: KnowledgeRetrievalData): readonly NodeRemark[] => [
  ...(data.multiple_retrieval_config?.reranking_enable === true
    ? [
        {
          field: "multiple_retrieval_config.reranking_enable",
          message: flowMessage("flow.knowledge.no-rerank"),
        },
      ]
    : []),
  ...(data.retrieval_mode === "single" && data.dataset_ids.length > 1
    ? [
        {
          field: "retrieval_mode",
          message: flowMessage("flow.knowledge.no-choice"),
        },
      ]
    : []),
];

const declare = (data: KnowledgeRetrievalData): NodeDeclaration => ({
  ...PLAIN_DECLARATION,
  reads: hasQuery(data)
    ? [{ selector: data.query_variable_selector ?? [], field: "query_variable_selector", needed: true }]
    : [],
  outputs: { result: "array[object]" },
  datasets: data.dataset_ids,
  failures: failures(data),
  warnings: warnings(data),
});

const wordCount = (text: string): number => text.split(/\s+/).filter((word) => word !== "").length;

/** One record with Dify's keys; `position` is its place in the result, counted from 1. */
const recordOutput = (record: KnowledgeRecord, position: number): JsonObject => ({
  metadata: {
    _source: "knowledge",
    dataset_id: record.datasetId,
    dataset_name: record.datasetName,
    document_id: record.documentId,
    document_name: record.documentName,
    data_source_type: "upload_file",
    segment_id: record.segmentId,
    retriever_from: "workflow",
    score: record.score,
    child_chunks: [],
    segment_hit_count: 0,
    segment_word_count: wordCount(record.content),
    segment_position: record.position,
    segment_index_node_hash: null,
    doc_metadata: null,
    position,
  },
  title: record.title,
  files: null,
  content: record.content,
  summary: null,
});

const execute = async (
  data: KnowledgeRetrievalData,
  { pool, ports, signal }: NodeContext,
): Promise<NodeOutcome> => {
  const query = readPool(pool, data.query_variable_selector ?? [])?.value;
  if (typeof query !== "string") return nodeFailure("", flowMessage("flow.knowledge.query-not-text"));
  const inputs = { query };
  if (query === "") return nodeFailure("", flowMessage("flow.knowledge.query-empty"), { inputs });
  const config = data.retrieval_mode === "multiple" ? (data.multiple_retrieval_config ?? null) : null;
  const topK = config?.top_k ?? DEFAULT_TOP_K;
  const found = await ports.knowledge.search({
    datasetIds: data.dataset_ids,
    query,
    topK,
    scoreThreshold: config?.score_threshold ?? null,
    signal,
  });
  if (!found.ok) return portFailure(found, { inputs });
  const records = found.value.toSorted((one, other) => other.score - one.score).slice(0, topK);
  const result = records.map((record, index) => recordOutput(record, index + 1));
  return { ok: true, inputs, outputs: { result }, types: { result: "array[object]" } };
};

/** Finds pieces of the organisation's knowledge for a query. */
export const knowledgeRetrievalKind = defineNodeKind({
  type: "knowledge-retrieval",
  schema: KnowledgeRetrievalData,
  declare,
  execute,
});
