import { saying } from "../messages/saying.ts";
import { plain } from "../messages/plain.ts";
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ConfigError } from "../../src/base/errors.ts";
import { readConfig, readLocalConfig } from "../../src/cli/read-config.ts";
import { runReview } from "../../src/cli/review.ts";
import { checkModels } from "../../src/llm/resolve-model.ts";
import { toRouting } from "../../src/wiring/model-routing.ts";
import { recordedTerminal } from "./recorded-terminal.ts";

const MODEL = { MODEL_NAME: "some-model", MODEL_API_KEY: "sk-1" };

const problemsOf = (read: () => unknown): string => {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems.map(plain).join("\n");
  }
  return assert.fail("the configuration was taken");
};

describe("the configuration of a local review", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "reviewflow-config-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const fileOf = async (text: string): Promise<string> => {
    const file = join(folder, "reviewflow.yml");
    await writeFile(file, text);
    return file;
  };

  it("takes a model from the environment and nothing of GitLab", () => {
    const config = readLocalConfig(MODEL, null);
    assert.deepEqual(
      config.flows.map(({ contract, runner }) => ({ contract, runner })),
      [
        {
          contract: "findings",
          runner: { kind: "embedded", file: { kind: "builtin", name: "review" }, secrets: {}, tools: {} },
        },
      ],
    );
    assert.equal(config.models[0]?.model, "some-model");
  });

  it("needs no more than a name and a key, and says whom it asks where the name does not show it", async () => {
    const run = async (name: string): Promise<string> => {
      const terminal = recordedTerminal();
      const environment = { MODEL_NAME: name, MODEL_API_KEY: "sk-to-look-for" };
      assert.equal(await runReview(undefined, { ...terminal, environment, folder }), 2);
      assert.match(terminal.err(), saying("cli.git.no-repository"));
      assert.ok(!terminal.err().includes("sk-to-look-for"));
      return terminal.err();
    };
    assert.match(await run("some-model"), saying("config.provider-assumed"));
    assert.doesNotMatch(await run("gpt-5-mini"), saying("config.provider-assumed"));
    const { models, modelRouting } = readLocalConfig({ MODEL_NAME: "gpt-5-mini", MODEL_API_KEY: "k" }, null);
    assert.deepEqual(checkModels([], toRouting({ models, modelRouting })), []);
  });

  it("takes a server's file without the server's secrets at hand", async () => {
    const file = await fileOf(`
gitlab: { url: https://gitlab.example.com, token: "\${GITLAB_TOKEN}" }
webhook: { secrets: ["\${WEBHOOK_SECRET}"] }
store: { database_url: "\${DATABASE_URL}" }
flows: [{ name: review, file: "builtin:review", language: Korean }]
models: { one: { model: some-model } }
`);
    assert.equal(readLocalConfig({}, file).flows[0]?.language, "Korean");
    assert.match(
      problemsOf(() => readConfig({}, file)),
      /name=GITLAB_TOKEN/,
    );
  });

  it("passes over what the environment says about a server", () => {
    const environment = { ...MODEL, WEBHOOK_SECRET: "hook", REVIEWFLOW_ENCRYPTION_KEY: "no key" };
    assert.equal(readLocalConfig(environment, null).flows.length, 1);
  });

  it("tells all mistakes in what it needs, and what to set first", async () => {
    assert.match(
      problemsOf(() => readLocalConfig({}, null)),
      /flows: config\.flow-missing/,
    );
    const file = await fileOf(`
flow: 1
flows: [{ name: a, file: "builtin:nothing", contract: findings }, { name: a, file: "builtin:review" }]
`);
    assert.match(
      problemsOf(() => readLocalConfig({}, file)),
      /value\.unknown-keys count=1 keys=\[flow\]/,
    );
  });
});
