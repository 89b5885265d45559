import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ConfigError } from "../../src/base/errors.ts";
import { VARIABLES } from "../../src/config/environment.ts";
import { ConfigFile } from "../../src/config/file-schema.ts";
import { fc } from "../properties.ts";
import { ENOUGH, load } from "./config-setup.ts";

const CANARY = "canary-of-a-secret";

/** The keys of the file, and what else stands in files. */
const KEYS = [
  ...Object.keys(ConfigFile.shape),
  ..."url token timeout secrets secret signing_tokens projects token_pass_through host port public_url role trusted_proxies admin_token gitlab_oauth application_id group least_role session folder database_url concurrency attempts backoff name contract review language dify api_key file inputs limits publish commands per provider model base_url parameters headers price prices tokens cost allow metrics_token otlp_endpoint level default __proto__ constructor toString".split(
    " ",
  ),
];
/** Keys below which a text is a secret. */
const SECRET_KEYS = ["token", "secret", "api_key", "admin_token", "database_url", "metrics_token"];

const secretNames = VARIABLES.filter(({ secret }) => secret).map(({ name }) => name);
const plainNames = VARIABLES.filter(({ secret }) => !secret).map(({ name }) => name);

const leaf = fc.oneof(
  fc.constantFrom<unknown>(
    "30s",
    "5m",
    "once",
    "classic",
    "note",
    "findings",
    "**",
    "builtin:review",
    null,
    true,
    0,
    -1,
    1.5,
  ),
  fc.constantFrom(...secretNames, ...plainNames, "UNSET").map((name) => `\${${name}}`),
  fc.constantFrom(
    "http://u:p@h/",
    "https://gitlab.example.com",
    "10.0.0.0/8",
    "::1",
    "whsec_x",
    "\u0000",
    "${",
    "$${X}",
  ),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.jsonValue({ maxDepth: 1 }),
);
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.array(tie("tree"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...KEYS), tie("tree"), { maxKeys: 5 }),
    fc
      .tuple(fc.constantFrom(...SECRET_KEYS), fc.constantFrom(`${CANARY}-in-the-file`, `${CANARY}"\\<&`))
      .map(([key, value]) => ({ [key]: value })),
  ),
}));
/** Where a setting is, so that not all of the file is wrong at its top. */
const PATHS = [
  ...VARIABLES.map(({ path }) => path),
  ...["gitlab.timeout", "dashboard.session", "retention.runs", "reconcile.since", "worker.backoff"].map(
    (path) => path.split("."),
  ),
];
const setting = fc
  .tuple(fc.constantFrom(...PATHS), leaf)
  .map(([path, value]) => path.reduceRight<unknown>((child, key) => ({ [key]: child }), value));
const file = fc
  .oneof(setting, fc.dictionary(fc.constantFrom(...KEYS), tree, { maxKeys: 6 }))
  .map((value) => JSON.stringify(value));

const environment = fc
  .tuple(
    fc.dictionary(fc.constantFrom(...secretNames), fc.constantFrom(`${CANARY}-env`, `${CANARY} second`), {
      maxKeys: 4,
    }),
    fc.dictionary(
      fc.constantFrom(...plainNames, "REVIEWFLOW_UNKNOWN"),
      fc.oneof(fc.constantFrom("", "true", "0", "builtin:review"), fc.string({ maxLength: 20 })),
      { maxKeys: 3 },
    ),
    fc.boolean(),
  )
  .map(([secrets, plain, isEnough]) => ({ ...(isEnough ? ENOUGH : {}), ...plain, ...secrets }));

/** What a start with these says, if it does not start. */
const problemsOf = (given: Record<string, string>, text: string | undefined): string => {
  try {
    load(given, text);
    return "";
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    assert.match(error.code, /^[a-z][a-z-]+$/);
    assert.ok(error.problems.length > 0);
    return `${error.message}\n${JSON.stringify(error.problems)}`;
  }
};

suite("any configuration", () => {
  test("is taken, or refused with a code, and no secret is in what is said", () => {
    fc.assert(
      fc.property(environment, file, (given, text) => {
        assert.ok(!problemsOf(given, text).includes(CANARY));
      }),
      { numRuns: 3_000 },
    );
  });

  test("of any text is taken, or refused with a code", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 400 }), (text) => {
        problemsOf(ENOUGH, text);
      }),
      { numRuns: 1_000 },
    );
  });

  for (const [name, text] of [
    ["a duration", "gitlab: {timeout: '${GITLAB_TOKEN}'}"],
    ["an address", "gitlab: {url: '${GITLAB_TOKEN}'}"],
    ["a number", "server: {port: '${GITLAB_TOKEN}'}"],
    ["a network", "server: {trusted_proxies: ['${GITLAB_TOKEN}']}"],
    ["a moment", "reconcile: {since: '${GITLAB_TOKEN}'}"],
    ["a retention", "retention: {runs: '${GITLAB_TOKEN}'}"],
    ["the name of a flow", "flows: [{name: '${GITLAB_TOKEN}', file: 'builtin:none'}]"],
    ["the file of a flow", "flows: [{name: x, file: '${GITLAB_TOKEN}'}]"],
    [
      "a template of inputs",
      "flows: [{name: x, dify: {url: 'https://d', api_key: k}, inputs: {a: '{{ nonsense }} ${GITLAB_TOKEN}'}}]",
    ],
    ["a destination of flows", "egress: {allow: ['${GITLAB_TOKEN} x']}"],
    ["a choice", "log: {level: '${GITLAB_TOKEN}'}"],
    ["a fallback of a reference", "gitlab: {timeout: '${NOTHING:-x}${GITLAB_TOKEN}'}"],
    [
      "a literal token in another place",
      `gitlab: {token: ${CANARY}-in-the-file, timeout: ${CANARY}-in-the-file}`,
    ],
  ] as const)
    test(`says no secret that stands in the place of ${name}`, () => {
      const told = problemsOf({ ...ENOUGH, GITLAB_TOKEN: `${CANARY}-env` }, text);
      assert.ok(!told.includes(CANARY), told);
    });
});
