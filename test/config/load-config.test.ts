import assert from "node:assert/strict";
import { inspect } from "node:util";
import { suite, test } from "node:test";
import { fc } from "../properties.ts";
import { ConfigError } from "../../src/base/errors.ts";
import { difyOf, ENOUGH, KEY, load, problemsOf } from "./config-setup.ts";

suite("configuration", () => {
  test("the environment alone is enough to start", () => {
    const config = load(ENOUGH);
    assert.equal(config.gitlab.url, "https://gitlab.example.com");
    assert.equal(config.flows[0]?.contract, "classic");
    assert.equal(config.flows[0]?.review, "once");
    assert.deepEqual(config.flows[0]?.projects, ["**"]);
    assert.equal(difyOf(config.flows[0]).mode, "streaming");
    assert.deepEqual(config.store, { kind: "embedded", folder: ".data" });
    assert.ok(Object.isFrozen(config.flows[0]));
  });

  test("an empty environment gets everything that is missing at once", () => {
    assert.deepEqual(problemsOf({}), [
      "webhook: config.webhook-unguarded",
      "gitlab.token: config.gitlab-token-missing",
      "gitlab: config.gitlab-url-missing",
      "flows: config.flow-missing",
    ]);
  });

  test("without any webhook secret it refuses, unless token pass-through is chosen", () => {
    const { WEBHOOK_SECRET: _, ...rest } = ENOUGH;
    assert.match(problemsOf(rest).join(), /webhook: config.webhook-unguarded/);
    const chosen = { ...rest, REVIEWFLOW_TOKEN_PASS_THROUGH: "true", REVIEWFLOW_ENCRYPTION_KEY: KEY };
    assert.equal(load(chosen).webhook.tokenPassThrough, true);
    const { GITLAB_TOKEN: __, ...tokenless } = chosen;
    assert.equal(load(tokenless).gitlab.token, null);
  });

  test("token pass-through needs a key to encrypt with", () => {
    assert.match(
      problemsOf({ ...ENOUGH, REVIEWFLOW_TOKEN_PASS_THROUGH: "yes" }).join(),
      /encryption_keys: config\.encryption-key-missing/,
    );
    assert.match(
      problemsOf({ ...ENOUGH, REVIEWFLOW_ENCRYPTION_KEY: "c2hvcnQ=" }).join(),
      /encryption_keys\[0\].*config\.not-a-key/,
    );
    assert.match(
      problemsOf({ ...ENOUGH, REVIEWFLOW_ENCRYPTION_KEY: `${KEY},${KEY}` }).join(),
      /encryption_keys\[0\].*config\.not-a-key/,
    );
    assert.equal(
      load({ ...ENOUGH, REVIEWFLOW_ENCRYPTION_KEY: `${KEY} ${KEY.replace("=", "")}` }).encryptionKeys.length,
      2,
    );
  });

  test("a file routes projects to flows and refers to the environment", () => {
    const config = load(
      { ...ENOUGH, DIFY_API_KEY: undefined, TEAM_KEY: "app-team" },
      `
flows:
  - name: team
    projects: ["team/**"]
    contract: note
    review: every-push
    inputs: { code: "{{ mr.diff }}", strict: true }
    dify: { api_key: "\${TEAM_KEY}", idle_timeout: 2m }
  - name: rest
    dify: { api_key: "\${OTHER_KEY:-app-rest}", mode: blocking }
`,
    );
    const [team, rest] = config.flows;
    assert.equal(difyOf(team).apiKey.reveal(), "app-team");
    assert.equal(difyOf(team).url, "https://dify.example.com");
    assert.equal(difyOf(team).idleTimeoutMs, 120_000);
    assert.deepEqual(team?.inputs, { code: "{{ mr.diff }}", strict: true });
    assert.equal(difyOf(rest).apiKey.reveal(), "app-rest");
    assert.equal(difyOf(rest).mode, "blocking");
  });

  test("all mistakes of a file are reported together, each with its key", () => {
    const problems = problemsOf(
      ENOUGH,
      `
gitlab: { url: "ftp://gitlab", tokn: x }
worker: { concurrency: 0, backoff: soon }
webhook: { secrets: ["\${NOT_SET}"] }
flows:
  - { name: "a b", dify: { mode: sometimes } }
`,
    );
    const text = problems.join("\n");
    for (const key of [
      "gitlab.url",
      "gitlab: value.unknown-keys count=1 keys=[tokn]",
      "worker.concurrency",
      "worker.backoff",
      "webhook.secrets[0]: config.variable-unset name=NOT_SET",
      "flows[0].name",
      "flows[0].dify.mode",
    ]) {
      assert.ok(text.includes(key), `${key} in:\n${text}`);
    }
  });

  test("mistakes of meaning name their key too", () => {
    const problems = problemsOf(
      { ...ENOUGH, WEBHOOK_SIGNING_TOKEN: "nonsense" },
      `
flows:
  - { name: a, inputs: { x: "{{ nonsense }}" } }
  - { name: a, dify: { idle_timeout: 5s } }
`,
    ).join("\n");
    assert.match(problems, /webhook\.signing_tokens\[0\]: verbatim/);
    assert.match(problems, /flows: config.name-twice name=a/);
    assert.match(problems, /flows\[0\]\.inputs\.x: config.placeholder-unknown/);
    assert.match(problems, /flows\[1\]\.dify\.idle_timeout/);
  });

  test("a setting that file and environment give differently is a mistake", () => {
    const yaml = "gitlab: { url: 'https://other.example.com' }";
    assert.match(
      problemsOf(ENOUGH, yaml).join(),
      /config\.differs-from-file variable=GITLAB_URL key=gitlab\.url/,
    );
    // A file that refers to the variable says itself what becomes of it.
    const more = load(
      ENOUGH,
      "webhook: { secrets: ['${WEBHOOK_SECRET}', { secret: other-secret, projects: [a/b] }] }",
    );
    assert.equal(more.webhook.secrets.length, 2);
  });

  test("secrets come from files too, but not from both", () => {
    const { GITLAB_TOKEN: _, ...rest } = ENOUGH;
    const config = load({ ...rest, GITLAB_TOKEN_FILE: "/run/token" }, undefined, {
      "/run/token": "glpat-file\n",
    });
    assert.equal(config.gitlab.token?.reveal(), "glpat-file");
    assert.match(
      problemsOf({ ...rest, GITLAB_TOKEN_FILE: "/nowhere" }).join(),
      /GITLAB_TOKEN_FILE.*\/nowhere/,
    );
    assert.match(problemsOf({ ...ENOUGH, GITLAB_TOKEN_FILE: "/x" }).join(), /config.both-set/);
  });

  test("a misspelt variable of ours is a mistake", () => {
    assert.match(
      problemsOf({ ...ENOUGH, REVIEWFLOW_PROT: "80" }).join(),
      /REVIEWFLOW_PROT: config.variable-unknown/,
    );
  });

  test("an address with a password in it is refused without repeating it", () => {
    const problems = problemsOf({ ...ENOUGH, GITLAB_URL: "https://me:hunter2@gitlab.example.com" }).join();
    assert.match(problems, /gitlab\.url/);
    assert.doesNotMatch(problems, /hunter2/);
  });

  test("no secret is in what a configuration prints, nor in any mistake", () => {
    const secrets = Object.entries(ENOUGH)
      .filter(([name]) => !name.endsWith("URL"))
      .map(([, value]) => value);
    const config = load({
      ...ENOUGH,
      REVIEWFLOW_ENCRYPTION_KEY: KEY,
      DATABASE_URL: "postgres://u:pass-word@h/d",
    });
    const printed = inspect(config, { depth: 9 }) + JSON.stringify(config);
    for (const secret of [...secrets, KEY, "pass-word"]) assert.ok(!printed.includes(secret));
    const problems = problemsOf({ ...ENOUGH, WEBHOOK_SIGNING_TOKEN: "sign-me", REVIEWFLOW_PORT: "x" }).join();
    for (const secret of [...secrets, "sign-me"]) assert.ok(!problems.includes(secret));
  });

  test("a file that is no YAML is told by its line, without quoting it", () => {
    const problems = problemsOf(ENOUGH, "gitlab:\n  token: glpat-secret-in-file: [\n").join();
    assert.match(problems, /reviewflow\.yml: config.not-yaml line=2/);
    assert.doesNotMatch(problems, /glpat-secret/);
  });

  test("no text makes it fail in another way than with its mistakes", () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.dictionary(fc.constantFrom(...Object.keys(ENOUGH)), fc.string()),
        (yaml, environment) => {
          try {
            load({ ...ENOUGH, ...environment }, yaml);
          } catch (error) {
            assert.ok(error instanceof ConfigError, String(error));
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
