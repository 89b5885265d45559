import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MAX_FAILURE_LENGTH, readableFailure } from "../../src/review/readable-failure.ts";
import { fc } from "../properties.ts";

const providerBody = (message: string): string =>
  JSON.stringify({ error: { message, type: "server_error", param: null, code: null } });

/** As Dify 1.14 reports a failing model: a plugin's error, whose text holds the provider's body. */
const pluginError = (status: number, message: string): string => {
  const description = `[models] Error: API request failed with status code ${status}: ${providerBody(message)}`;
  const outer = { args: { description }, error_type: "InvokeError", message: description };
  return `req_id: a912b0286d PluginInvokeError: ${JSON.stringify(outer)}`;
};

const SANDBOX = [
  "process exited with code 1",
  ")",
  "    at node:internal/main/run_main_module:28:49",
  "",
  "Node.js v20.20.2",
  "l answered with no text');",
  "                     ^",
  "",
  "Error: The model answered with no text",
  "    at main (eval at <anonymous> (/tmp/sandbox-85d8/test.js:17:1), <anonymous>:29:28)",
  "    at Module._compile (node:internal/modules/cjs/loader:1521:14)",
  "",
  "Node.js v20.20.2",
  "",
].join("\n");

const TRACEBACK = [
  "Traceback (most recent call last):",
  '  File "/var/sandbox/tmp/1.py", line 44, in <module>',
  "    output = main(**inputs)",
  '  File "/var/sandbox/tmp/1.py", line 12, in main',
  "    return data['findings']",
  "KeyError: 'findings'",
  "error: exit status 255",
].join("\n");

const PAGE =
  "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx/1.25</center>\r\n</body>\r\n</html>";

const SAYS: readonly (readonly [string, string, string])[] = [
  [
    "JSON in JSON in JSON",
    pluginError(500, "Scripted fault 500."),
    "API request failed with status code 500: Scripted fault 500.",
  ],
  [
    "JSON that is cut off",
    pluginError(429, "Slow down").split(" down")[0] ?? "",
    "API request failed with status code 429: Slow",
  ],
  [
    "a dict as Python prints it",
    "Error code: 429 - {'error': {'message': 'Rate limit reached. Try again in 20s.', 'type': 'tokens'}}",
    "Error code: 429: Rate limit reached. Try again in 20s.",
  ],
  [
    "a code beside the message",
    '[{"error": {"code": 429, "message": "Resource exhausted.", "status": "RESOURCE_EXHAUSTED"}}]',
    "Resource exhausted. (429 RESOURCE_EXHAUSTED)",
  ],
  [
    "what a gateway was answered",
    JSON.stringify({
      error: { message: "Provider returned error", metadata: { raw: providerBody("Overloaded") } },
    }),
    "Overloaded",
  ],
  [
    "a list of details",
    '{"detail": [{"loc": ["body", "model"], "msg": "field required"}]}',
    "field required",
  ],
  ["the stack of a code node", SANDBOX, "The model answered with no text"],
  ["the place in a flow's code", "Error: no text at main (<code>:29:32)", "no text"],
  ["a traceback", TRACEBACK, "KeyError: 'findings'"],
  ["an HTML page", PAGE, "502 Bad Gateway"],
  ["a plain sentence", "Request failed with status code 401", "Request failed with status code 401"],
  ["a list that is no error", 'Expected one of ["a", "b"]', 'Expected one of ["a", "b"]'],
  ["nothing", "", ""],
  ["an empty object", "{}", "{}"],
];

describe("an error text of somebody else", () => {
  for (const [name, raw, expected] of SAYS) {
    it(`is reduced to what it says: ${name}`, () => assert.equal(readableFailure(raw), expected));
  }

  const letters = fc.stringMatching(/^[A-Za-z0-9]{32,40}$/);
  const secrets = letters.chain((body) =>
    fc.constantFrom(
      `sk-${body}`,
      `sk-proj-${body}`,
      `glpat-${body}`,
      `ghp_${body}${body}`,
      `AIza${body.slice(0, 31)}abcd`,
      `sk-${body.slice(0, 6)}`,
      `glpat-${body.slice(0, 6)}`,
    ),
  );
  const wrappings: readonly ((text: string) => string)[] = [
    (text) => text,
    (text) => `Incorrect API key provided: ${text}. Check it.`,
    (text) => pluginError(401, `Incorrect API key provided: ${text}`),
    (text) => `GET https://api.example.com/v1?key=${text} failed`,
    (text) => `authorization: Bearer ${text}`,
    (text) => `{"error": {"message": "x-api-key: ${text}`,
    (text) => `${"x".repeat(MAX_FAILURE_LENGTH - 4)} ${text}`,
  ];
  it("loses every secret of a known form, however it is wrapped", () => {
    fc.assert(
      fc.property(secrets, fc.constantFrom(...wrappings), (secret, wrap) => {
        const shown = readableFailure(wrap(secret));
        assert.ok(!shown.includes(secret.slice(0, 12)), shown);
      }),
    );
  });
  it("loses keys that a provider has starred in part, passwords of addresses and values of headers", () => {
    for (const [raw, hidden] of [
      ["Incorrect API key provided: abcd1234********wxyz.", "wxyz"],
      ["proxy http://me:hunter2@proxy.example.com refused", "hunter2"],
      ["Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"],
      ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl is expired", "c2lnbmF0dXJl"],
      ["key AKIAIOSFODNN7EXAMPLE is not known", "AKIAIOSFODNN7EXAMPLE"],
    ] as const)
      assert.ok(!readableFailure(raw).includes(hidden), readableFailure(raw));
  });
  it("loses values that the caller names, also where the text is cut", () => {
    const mask = (text: string): string => text.replaceAll("hunter2-hunter2", "[secret]");
    const shown = readableFailure(`${"x".repeat(MAX_FAILURE_LENGTH - 5)} hunter2-hunter2`, mask);
    assert.ok(!shown.includes("hunt"));
  });
  it("loses addresses inside the network, and keeps public ones", () => {
    for (const inside of [
      "http://127.0.0.1:35967/v1",
      "http://ollama:11434/api",
      "https://llm.corp.internal/v1",
      "10.0.3.7:8080",
      "localhost:11434",
    ]) {
      const host = inside.replace(/^\w+:\/\//, "").split("/")[0] ?? "";
      assert.ok(!readableFailure(`connect to ${inside} refused`).includes(host), inside);
    }
    assert.match(
      readableFailure("see https://platform.openai.com/account"),
      /platform\.openai\.com\/account/,
    );
  });
  it("is one line of bounded length, whatever it is", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 3_000 }), fc.json().map(pluginErrorOf)), (raw) => {
        const shown = readableFailure(raw);
        assert.ok(shown.length <= MAX_FAILURE_LENGTH + 1);
        assert.doesNotMatch(shown, /[\r\n]/);
      }),
    );
  });
  it("takes no longer for a hostile text than for a plain one of its length", () => {
    for (const piece of ["{", '{"', "[{", "<title", "\\", "'message': '", "\n    at x", "a://", "****"])
      assert.ok(readableFailure(piece.repeat(200_000 / piece.length)).length <= MAX_FAILURE_LENGTH + 1);
  });
  it("hides a secret that lies where the text is cut", () => {
    const known = "hunter2-very-secret-value";
    const token = `glpat-${"a1B2".repeat(5)}`;
    for (let shift = 0; shift < 40; shift += 1) {
      for (const secret of [known, token]) {
        const text = `${" ".repeat(9_960 + shift)}${secret} ${"y ".repeat(10_000)}`;
        const said = readableFailure(text, (raw) => raw.replaceAll(known, "[secret]"));
        assert.ok(!said.includes(secret.slice(0, 8)), said.slice(0, 80));
      }
    }
  });
});

const pluginErrorOf = (message: string): string => pluginError(500, message);
