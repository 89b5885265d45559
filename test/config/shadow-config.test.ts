import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ENOUGH, load, problemsOf } from "./config-setup.ts";

const { DIFY_URL: _url, DIFY_API_KEY: _key, ...PLAIN } = ENOUGH;

const flow = (shadow: string, more = "contract: findings"): string =>
  `flows:\n  - { name: review, ${more}, shadow: ${shadow} }\n`;

suite("configuration of candidates", () => {
  test("takes a runner, a name and a share", () => {
    const [configured] = load(PLAIN, flow("{ name: next, file: next.yml, share: 0.25 }")).flows;
    assert.equal(configured?.shadow?.name, "next");
    assert.equal(configured.shadow.share, 0.25);
    assert.ok(configured.shadow.runner.kind === "embedded" && configured.shadow.runner.file.kind === "path");
    assert.equal(load(PLAIN, flow("{ name: next, file: 'builtin:mentor' }")).flows[0]?.shadow?.share, 1);
    assert.equal(load(ENOUGH).flows[0]?.shadow ?? null, null);
  });

  test("is refused where a shadow could post, or could not be compared", () => {
    const refused = (yaml: string, part: RegExp, environment: Record<string, string> = PLAIN) =>
      assert.ok(
        problemsOf(environment, yaml).some((problem) => part.test(problem)),
        `${part.source} is not among ${problemsOf(environment, yaml).join("\n")}`,
      );
    refused(
      flow("{ name: next, file: 'builtin:classic' }", "contract: classic"),
      /shadow: config\.shadow-of-classic/,
    );
    refused(
      flow("{ name: next, file: 'builtin:classic' }"),
      /shadow\.file: config\.shadow-incomparable own=classic/,
    );
    refused(
      flow("{ name: next, file: 'builtin:summary' }"),
      /shadow\.file: config\.shadow-incomparable own=none/,
    );
    refused(
      flow("{ name: next, file: a.yml, contract: note }"),
      /shadow\.contract: config\.shadow-incomparable own=note/,
    );
    refused(flow("{ name: next }"), /shadow: config\.runner-missing/);
    refused(
      flow("{ name: next, file: a.yml }", "contract: note, file: b.yml, inputs: { t: '{{ gitlab.token }}' }"),
      /shadow: config\.shadow-with-token input=t/,
    );
    refused(flow("{ name: next, file: a.yml }"), /gitlab\.token: config\.shadow-without-token/, {
      GITLAB_URL: "https://gitlab.example.com",
      REVIEWFLOW_TOKEN_PASS_THROUGH: "true",
      REVIEWFLOW_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64"),
    });
  });
});
