import type { KnowledgeRecord, KnowledgeRequest, KnowledgeSearch } from "../flow/ports.ts";
import { buildIndex } from "./dataset-index.ts";
import { DEFAULT_LIMITS } from "./knowledge-options.ts";

/** The dataset by which a workflow file asks for what people taught the reviewer in the project at hand. */
export const LESSONS_DATASET = "reviewflow-lessons";

const NAME = "Lessons";

/**
 * A search that also knows the lessons of one project. They are few, and hold whatever is asked: every part
 * of them is an answer, those that match the query first. Without a word in common the score is 0.
 */
export const withLessons = (knowledge: KnowledgeSearch, lessons: string): KnowledgeSearch => ({
  search: async (request) => {
    if (!request.datasetIds.includes(LESSONS_DATASET)) return knowledge.search(request);
    request.signal.throwIfAborted();
    const datasetIds = request.datasetIds.filter((id) => id !== LESSONS_DATASET);
    const found =
      datasetIds.length === 0
        ? { ok: true as const, value: [] }
        : await knowledge.search({ ...request, datasetIds });
    if (!found.ok) return found;
    const all = [...searchLessons(lessons, request), ...found.value];
    const value = all.toSorted((one, other) => other.score - one.score).slice(0, Math.max(0, request.topK));
    return { ok: true, value };
  },
});

const searchLessons = (
  lessons: string,
  { query, scoreThreshold }: KnowledgeRequest,
): readonly KnowledgeRecord[] => {
  if (lessons === "") return [];
  const documents = [{ name: NAME, version: "1", text: lessons }];
  const { segments, searchText } = buildIndex(LESSONS_DATASET, documents, DEFAULT_LIMITS);
  const scores = searchText(query);
  return [...segments.values()]
    .map((segment): KnowledgeRecord => ({
      datasetId: LESSONS_DATASET,
      datasetName: NAME,
      documentId: segment.documentId,
      documentName: NAME,
      segmentId: segment.id,
      position: segment.position,
      score: scores.get(segment.id) ?? 0,
      title: NAME,
      content: segment.content,
    }))
    .filter(({ score }) => scoreThreshold === null || score >= scoreThreshold);
};
