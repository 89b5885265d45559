import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, test } from "node:test";
import { readConfig } from "../../src/cli/read-config.ts";
import { parseRepositoryConfig } from "../../src/review/rules/parse-repository-config.ts";

const example = (path: string): string => fileURLToPath(new URL(`../../examples/${path}`, import.meta.url));

const TEAM = {
  GITLAB_URL: "https://gitlab.example.com",
  GITLAB_TOKEN: "glpat-example-example-1",
  WEBHOOK_SECRET: "a-long-random-text-of-the-hook",
};

describe("the examples", () => {
  test("a boot camp: a local model without further settings, and one that the environment names", () => {
    const config = readConfig(TEAM, example("boot-camp/reviewflow.yml"));
    assert.equal(config.flows[0]?.language, "Korean");
    assert.equal(config.models[0]?.model, "qwen3:8b");
    const named = readConfig({ ...TEAM, MODEL_NAME: "gemma3" }, example("boot-camp/reviewflow.yml"));
    assert.equal(named.models[0]?.model, "gemma3");
  });

  test("a boot camp: settings of a repository that have an effect", () => {
    const parsed = parseRepositoryConfig(readFileSync(example("boot-camp/.reviewflow.yml"), "utf8"));
    assert.deepEqual(parsed.problems, []);
    assert.equal(parsed.settings.language, "日本語");
  });

  test("a senior team: two passes, each finding verified, rules of the server and of a group", () => {
    const config = readConfig(
      { ...TEAM, MODEL_API_KEY: "sk-example" },
      example("senior-team/reviewflow.yml"),
    );
    assert.equal(config.flows[0]?.findings.passes.length, 1);
    assert.notEqual(config.flows[0]?.findings.verify, null);
    assert.equal(config.rules.length, 2);
  });
});
