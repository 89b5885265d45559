import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { loadConfig } from "../../src/config/load-config.ts";
import { ENOUGH, load, problemsOf } from "./config-setup.ts";
import { plain } from "../messages/plain.ts";

suite("configuration of flows in this process", () => {
  const { DIFY_URL: _url, DIFY_API_KEY: _key, ...NO_DIFY } = ENOUGH;

  test("a model's name with a key or an address is enough to review without Dify", () => {
    const config = load({ ...NO_DIFY, MODEL_NAME: "qwen3:8b", MODEL_BASE_URL: "http://127.0.0.1:11434/v1" });
    const [flow] = config.flows;
    assert.deepEqual(flow?.runner, {
      kind: "embedded",
      file: { kind: "builtin", name: "review" },
      secrets: {},
      tools: {},
    });
    assert.equal(flow?.contract, "findings");
    assert.equal(flow?.review, "every-push");
    assert.deepEqual(flow?.findings.summary, {
      kind: "embedded",
      file: { kind: "builtin", name: "summary" },
      secrets: {},
      tools: {},
    });
    assert.equal(config.models[0]?.provider, "openai-compatible");
    assert.equal(config.modelRouting.default, "default");
    const hosted = load({ ...NO_DIFY, MODEL_NAME: "gemini", MODEL_API_KEY: "k-123456" });
    assert.equal(hosted.models[0]?.apiKey?.reveal(), "k-123456");
  });

  test("a key without an address is for the provider that the model's name belongs to", () => {
    const providerOf = (model: Readonly<Record<string, string>>) =>
      load({ ...NO_DIFY, MODEL_API_KEY: "k-123456", ...model }).models[0]?.provider;
    const names = {
      openai: ["gpt-5-mini", "GPT-4o", "o3", "o4-mini", "chatgpt-4o-latest"],
      google: ["gemini-2.5-flash"],
      anthropic: ["claude-sonnet-4-5"],
    };
    for (const [provider, models] of Object.entries(names))
      for (const name of models) {
        assert.equal(providerOf({ MODEL_NAME: name }), provider, name);
        assert.deepEqual(load({ ...NO_DIFY, MODEL_NAME: name, MODEL_API_KEY: "k" }).notices, [], name);
      }
    assert.equal(providerOf({ MODEL_NAME: "gpt-4o", MODEL_PROVIDER: "anthropic" }), "anthropic");
    const address = { MODEL_NAME: "gpt-4o", MODEL_BASE_URL: "https://models.example.com/v1" };
    assert.equal(providerOf(address), "openai-compatible");
    const unknown = load({ ...NO_DIFY, MODEL_NAME: "olmo-2", MODEL_API_KEY: "k-123456" });
    assert.equal(unknown.models[0]?.provider, "openai");
    assert.deepEqual(unknown.notices.map(plain), [
      "models.default: config.provider-assumed model=olmo-2 provider=openai",
    ]);
  });

  test("a model of the file is inferred as one of the environment is", () => {
    const read = (model: string) =>
      loadConfig({
        environment: NO_DIFY,
        file: "/etc/reviewflow.yml",
        readFile: () => `models: { main: ${model} }`,
        checkTemplate: () => null,
        isTitlePattern: () => true,
        checkSigningToken: () => null,
      });
    assert.equal(read("{ model: claude-opus-4, api_key: k-123456 }").models[0]?.provider, "anthropic");
    const assumed = read("{ model: some-model, api_key: k-123456 }");
    assert.equal(assumed.models[0]?.provider, "openai");
    assert.match(assumed.notices.map(plain).join(), /^models\.main: config\.provider-assumed /);
  });

  test("the environment names a shipped file, or one of the operator's own, with its contract", () => {
    const MODEL = { ...NO_DIFY, MODEL_NAME: "m", MODEL_BASE_URL: "http://127.0.0.1:1/v1" };
    const mentor = load({ ...MODEL, REVIEWFLOW_FLOW: "builtin:mentor" });
    assert.equal(mentor.flows[0]?.contract, "findings");
    const classic = load({ ...MODEL, REVIEWFLOW_CONTRACT: "classic" });
    assert.deepEqual(classic.flows[0]?.runner, {
      kind: "embedded",
      file: { kind: "builtin", name: "classic" },
      secrets: {},
      tools: {},
    });
    assert.match(
      problemsOf({ ...MODEL, REVIEWFLOW_FLOW: "builtin:reveiw" }).join(),
      /config\.not-builtin file=builtin:reveiw known=\[builtin:review, builtin:mentor/,
    );
    assert.match(problemsOf({ ...MODEL, REVIEWFLOW_FLOW: "mine.yml" }).join(), /flows\[0\]\.contract/);
    assert.match(problemsOf({ ...MODEL, REVIEWFLOW_CONTRACT: "note" }).join(), /flows\[0\]\.file/);
    const own = load({ ...MODEL, REVIEWFLOW_FLOW: "mine.yml", REVIEWFLOW_CONTRACT: "note" });
    assert.deepEqual(own.flows[0]?.runner, {
      kind: "embedded",
      file: { kind: "path", path: "mine.yml" },
      secrets: {},
      tools: {},
    });
  });

  test("a file's models, routes, datasets and flows are read, paths from its own folder", () => {
    const config = loadConfig({
      environment: { ...NO_DIFY, MODEL_API_KEY: "k-123456" },
      file: "/etc/reviewflow/config.yml",
      readFile: () => `
models:
  main:
    provider: openai
    model: gpt-4o
    api_key: "\${MODEL_API_KEY}"
    price: { input: 2.5, output: 10 }
    timeouts: { first_token: 30s }
  local: { model: "qwen3:8b", base_url: "http://127.0.0.1:11434/v1" }
model_routing: { default: main, fallback: local, routes: [{ match: "*gemini*", model: local }] }
knowledge: { datasets: [{ id: rules, folder: rules }] }
egress: { allow: [gitlab.corp.example] }
flows:
  - name: own
    file: flows/own.yml
    contract: findings
    secrets: { SEARCH_KEY: s-123456 }
    verify: { file: builtin:verify }
    limits: { threads: 5, cost: 0.5 }
`,
      checkTemplate: () => null,
      isTitlePattern: () => true,
      checkSigningToken: () => null,
    });
    const [own] = config.flows;
    assert.ok(own?.runner.kind === "embedded");
    assert.deepEqual(own.runner.file, { kind: "path", path: "/etc/reviewflow/flows/own.yml" });
    assert.equal(own.runner.secrets["SEARCH_KEY"]?.reveal(), "s-123456");
    assert.equal(own.findings.verify?.kind, "embedded");
    assert.equal(own.findings.summary, null);
    assert.equal(own.findings.limits.cost, 0.5);
    assert.equal(config.knowledge.datasets[0]?.folder, "/etc/reviewflow/rules");
    assert.deepEqual(config.models[0]?.timeouts, { firstTokenMs: 30_000 });
    assert.equal(config.modelRouting.default, "main");
  });

  test("a setting of models that has no effect is a mistake, and so is a flow that could run in two places", () => {
    const problems = problemsOf(
      { ...ENOUGH, MODEL_NAME: "x" },
      `
models: { main: { model: m } }
flows:
  - { name: a, file: x.yml, contract: note, dify: {} }
  - { name: b, contract: classic, verify: { file: builtin:verify } }
  - { name: c, contract: findings, verify: {} }
`,
    ).join("\n");
    assert.match(problems, /MODEL_NAME: config.variable-without-effect reference=model: \$\{MODEL_NAME\}/);
    assert.match(problems, /flows\[0\]: config.both-set one=file other=dify/);
    assert.match(problems, /flows\[1\]: config.parts-without-findings/);
    assert.match(problems, /flows\[2\]\.verify: config.runner-missing/);
  });

  test("triggers, filters and who may command are settings of a flow", () => {
    const yaml = (more: string): string => `flows: [{ name: a, dify: {}, ${more} }]`;
    const [flow] = load(
      ENOUGH,
      yaml(
        "triggers: { quiet_time: 30s, drafts: never, labels: [review me] }, filters: { target_branches: { allow: [main] }, most_files: 50 }, commands: { per: { describe: maintainer } }",
      ),
    ).flows;
    assert.deepEqual(flow?.triggers.newCommits, { on: true, quietMs: 30_000 });
    assert.equal(flow?.triggers.drafts, "never");
    assert.deepEqual(flow?.triggers.filters.targetBranches, { allow: ["main"], deny: [] });
    assert.deepEqual(flow?.triggers.commands, {
      least: "developer",
      per: { describe: "maintainer" },
      slash: true,
    });
    assert.match(
      problemsOf(ENOUGH, yaml("filters: { titles: { deny: ['/(/'] } }")).join(),
      /flows\[0\]\.filters\.titles\.deny/,
    );
    assert.match(
      problemsOf(ENOUGH, yaml("commands: { per: { merge: owner } }")).join(),
      /flows\[0\]\.commands\.per/,
    );
  });
});
