import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ENOUGH, load, problemsOf } from "./config-setup.ts";

describe("what is learnt", () => {
  test("is kept and told without a word in the file", () => {
    assert.deepEqual(load(ENOUGH).lessons, { enabled: true, serve: true, leastOutcomes: 2, dify: [] });
  });

  test("goes to datasets of Dify, whose keys are secrets", () => {
    const yaml = `lessons:
  serve: false
  least_outcomes: 5
  dify: [{ url: "https://dify.example.com", api_key: dataset-key, dataset_id: 3f0c2a54-8c1c-4a1e-9d66-2f3d6c5f1b11 }]`;
    const { dify, ...rest } = load(ENOUGH, yaml).lessons;
    assert.deepEqual(rest, { enabled: true, serve: false, leastOutcomes: 5 });
    assert.deepEqual(dify[0]?.projects, ["**"]);
    assert.equal(dify[0]?.apiKey.reveal(), "dataset-key");
    assert.ok(!JSON.stringify(dify).includes("dataset-key"));
  });

  test("has its mistakes named", () => {
    const yaml = "lessons: { least_outcomes: 0, dify: [{ url: x, api_key: '', dataset_id: mine }] }";
    const problems = problemsOf(ENOUGH, yaml).join("\n");
    assert.match(problems, /lessons\.least_outcomes/);
    assert.match(problems, /lessons\.dify\[0\]\.dataset_id: config.not-a-dataset-id/);
    assert.match(problems, /lessons\.dify\[0\]\.api_key: value.empty/);
  });
});
