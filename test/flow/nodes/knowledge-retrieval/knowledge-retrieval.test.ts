import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "../../../../src/base/json.ts";
import { knowledgeRetrievalKind } from "../../../../src/flow/nodes/knowledge-retrieval/knowledge-retrieval.ts";
import type { KnowledgeRecord, KnowledgeRequest } from "../../../../src/flow/ports.ts";
import { failureOf, loadNode, outputsOf, poolOf, runNode } from "../llm/bench.ts";

const node = (more: JsonObject = {}): JsonObject => ({
  type: "knowledge-retrieval",
  query_variable_selector: ["start", "q"],
  dataset_ids: ["rules"],
  retrieval_mode: "multiple",
  multiple_retrieval_config: { top_k: 2, score_threshold: 0.3, reranking_enable: false },
  ...more,
});
const record = (segmentId: string, score: number): KnowledgeRecord => ({
  datasetId: "rules",
  datasetName: "Rules",
  documentId: "d1",
  documentName: "naming.md",
  segmentId,
  position: 4,
  score,
  title: "Naming",
  content: "Name things well",
});
const search = () => {
  const requests: KnowledgeRequest[] = [];
  const run = async (request: KnowledgeRequest) => {
    requests.push(request);
    return { ok: true as const, value: [record("s1", 0.4), record("s2", 0.9), record("s3", 0.6)] };
  };
  return { requests, knowledge: { search: run } };
};
const POOL = poolOf({ "start.q": "names", "start.n": 1, "start.empty": "" });

describe("knowledge-retrieval", () => {
  it("gives the best records with Dify's metadata", async () => {
    const { requests, knowledge } = search();
    const outputs = outputsOf(
      await runNode(knowledgeRetrievalKind, node(), { pool: POOL, ports: { knowledge } }),
    );
    const { signal: _signal, ...asked } = requests[0] ?? assert.fail();
    assert.deepEqual(asked, { datasetIds: ["rules"], query: "names", topK: 2, scoreThreshold: 0.3 });
    const result = outputs["result"];
    assert.ok(Array.isArray(result));
    assert.equal(result.length, 2);
    assert.deepEqual(result[0], {
      metadata: {
        _source: "knowledge",
        dataset_id: "rules",
        dataset_name: "Rules",
        document_id: "d1",
        document_name: "naming.md",
        data_source_type: "upload_file",
        segment_id: "s2",
        retriever_from: "workflow",
        score: 0.9,
        child_chunks: [],
        segment_hit_count: 0,
        segment_word_count: 3,
        segment_position: 4,
        segment_index_node_hash: null,
        doc_metadata: null,
        position: 1,
      },
      title: "Naming",
      files: null,
      content: "Name things well",
      summary: null,
    });
  });

  it("asks for 4 records without threshold in single mode", async () => {
    const { requests, knowledge } = search();
    await runNode(knowledgeRetrievalKind, node({ retrieval_mode: "single" }), {
      pool: POOL,
      ports: { knowledge },
    });
    assert.equal(requests[0]?.topK, 4);
    assert.equal(requests[0]?.scoreThreshold, null);
  });

  it("fails without a query of text", async () => {
    const failed = async (name: string): Promise<string> =>
      failureOf(
        await runNode(knowledgeRetrievalKind, node({ query_variable_selector: ["start", name] }), {
          pool: POOL,
        }),
      );
    assert.equal(await failed("n"), ": flow.knowledge.query-not-text");
    assert.equal(await failed("gone"), ": flow.knowledge.query-not-text");
    assert.equal(await failed("empty"), ": flow.knowledge.query-empty");
  });

  it("passes the search's failure on", async () => {
    const knowledge = {
      search: async () => ({
        ok: false as const,
        errorType: "DatasetNotFoundError",
        message: "no rules",
        retryable: false,
      }),
    };
    assert.equal(
      failureOf(await runNode(knowledgeRetrievalKind, node(), { pool: POOL, ports: { knowledge } })),
      "DatasetNotFoundError: no rules",
    );
  });

  it("cannot run metadata filters, modes that nobody knows and queries by image; warns of reranking and of N-to-1 retrieval", () => {
    const fields = (more: JsonObject): readonly string[] =>
      loadNode(knowledgeRetrievalKind, node(more)).declaration.failures.map(({ field }) => field);
    assert.deepEqual(fields({ metadata_filtering_mode: "manual" }), ["metadata_filtering_mode"]);
    assert.deepEqual(fields({ metadata_filtering_mode: "disabled" }), []);
    assert.deepEqual(fields({ retrieval_mode: "odd" }), ["retrieval_mode"]);
    assert.deepEqual(fields({ dataset_ids: [] }), ["dataset_ids"]);
    const several = loadNode(
      knowledgeRetrievalKind,
      node({ retrieval_mode: "single", dataset_ids: ["a", "b"] }),
    ).declaration;
    assert.deepEqual(several.failures, []);
    assert.equal(several.warnings[0]?.field, "retrieval_mode");
    assert.deepEqual(fields({ query_variable_selector: [] }), ["query_variable_selector"]);
    const reranking = loadNode(
      knowledgeRetrievalKind,
      node({ multiple_retrieval_config: { top_k: 2, reranking_enable: true } }),
    );
    assert.equal(reranking.declaration.warnings.length, 1);
    assert.deepEqual(reranking.declaration.datasets, ["rules"]);
  });
});
