import { plain } from "../messages/plain.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { KnowledgeSearch } from "../../src/flow/ports.ts";
import { checkDatasets } from "../../src/knowledge/check-datasets.ts";
import { LESSONS_DATASET, withLessons } from "../../src/knowledge/lessons-dataset.ts";

const LESSONS =
  '## Findings that were not welcome here\n- style, such as "Prefer const"\n\n## Ours\nMind the cache.';

const record = (content: string, score: number) => ({
  datasetId: "team",
  datasetName: "Team",
  documentId: "d",
  documentName: "d.md",
  segmentId: content,
  position: 1,
  score,
  title: "d.md",
  content,
});

const folder: KnowledgeSearch = {
  search: async ({ datasetIds }) => {
    assert.deepEqual(datasetIds, ["team"]);
    return { ok: true, value: [record("A", 0.9), record("B", 0.001)] };
  },
};

const search = async (lessons: string, changes: object = {}) => {
  const found = await withLessons(folder, lessons).search({
    datasetIds: [LESSONS_DATASET],
    query: "the cache is filled twice",
    topK: 9,
    scoreThreshold: null,
    signal: new AbortController().signal,
    ...changes,
  });
  assert.ok(found.ok);
  return found.value.map(({ content }) => content.trim());
};

suite("the dataset of lessons", () => {
  test("gives every part of them, what matches first, as many as are asked for", async () => {
    const all = await search(LESSONS);
    assert.equal(all.length, 2);
    assert.match(all[0] ?? "", /Mind the cache/);
    assert.match(all[1] ?? "", /Prefer const/);
    assert.equal((await search(LESSONS, { topK: 1 })).length, 1);
    assert.equal((await search(LESSONS, { scoreThreshold: 0.01 })).length, 1);
    assert.deepEqual(await search(""), []);
  });

  test("stands beside other datasets, whose search does not know of it", async () => {
    assert.deepEqual(await search("", { datasetIds: ["team"] }), ["A", "B"]);
    const both = await search(LESSONS, { datasetIds: ["team", LESSONS_DATASET], topK: 2 });
    assert.equal(both[0], "A");
    assert.match(both[1] ?? "", /cache/);
  });

  test("cannot be a folder", () => {
    assert.deepEqual(checkDatasets([], [{ id: LESSONS_DATASET, folder: "x" }]).map(plain), [
      `knowledge.datasets: knowledge.dataset-reserved id=${LESSONS_DATASET}`,
    ]);
  });
});
