import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { z } from "zod";
import { runDoctor } from "../../src/cli/doctor.ts";
import { translator } from "../../src/messages/format-message.ts";
import { LANGUAGES } from "../../src/messages/language.ts";
import { textOf, type ChatRequest } from "../../standins/model/chat-request.ts";
import type { ModelStandInOptions } from "../../standins/model/endpoints.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { recordedTerminal } from "../cli/recorded-terminal.ts";
import { createDrivenClock } from "../llm/driven-clock.ts";

const Found = z.array(
  z.object({
    level: z.string(),
    check: z.string(),
    code: z.string(),
    what: z.string(),
    fix: z.string().nullable(),
  }),
);

const FINDINGS = [3, 9, 10].map((line) => ({
  path: "src/orders.js",
  line,
  severity: "major",
  title: `Line ${line} is wrong`,
  body: "It fails.",
}));

/** A model that does what it is asked. */
const able = (request: ChatRequest): string => {
  const text = request.messages.map(textOf).join("\n");
  const [, word] = /^(W[0-9a-f]{8}) is the word/m.exec(text) ?? [];
  if (word !== undefined) return word;
  if (text.includes('"word"')) return '{"word": "apple"}';
  return text.includes("src/orders.js")
    ? JSON.stringify({ overview: "Adds orders.", findings: FINDINGS })
    : "one two three four five six seven eight nine ten";
};
const dull = (): string => "ok";

const probe = async (server: ModelStandInOptions, environment: Readonly<Record<string, string>> = {}) => {
  const time = createDrivenClock();
  await using model = await startModelStandIn({ sleep: time.work, script: able, ...server });
  const terminal = recordedTerminal();
  const code = await runDoctor([], {
    ...terminal,
    model: true,
    json: true,
    clock: time.clock,
    environment: { MODEL_NAME: "stand-in", MODEL_BASE_URL: model.url, ...environment },
  });
  const found = Found.parse(JSON.parse(terminal.out()));
  const of = (check: string) =>
    found.find((one) => one.check === check) ?? assert.fail(`nothing of ${check}`);
  return { code, found, of, settings: found.at(-1)?.what ?? "" };
};

suite("doctor --model", () => {
  test("a model that does everything needs no settings, and no GitLab", async () => {
    const { code, found } = await probe({});
    assert.equal(code, 0);
    assert.deepEqual(
      found.map(({ level, code: what }) => `${level} ${what}`),
      [
        "ok doctor.probe.speed",
        "ok doctor.probe.at-once",
        "ok doctor.probe.schema",
        "ok doctor.probe.finds",
        "ok doctor.probe.no-settings",
      ],
    );
    assert.match(found[3]?.what ?? "", /3/);
  });

  test("a slow server's speed and window come out as settings", async () => {
    const { of, settings } = await probe({ kind: "ollama", contextWindow: 8_192, msPerPromptToken: 100 });
    assert.match(of("model").what, /\(10 tokens\/s\)/);
    assert.equal(of("model-window").code, "doctor.probe.window");
    assert.match(settings, /^ {4}context_window: 8192$/m);
    assert.match(settings, /^ {4}timeouts:\n {6}first_token: \d+m$/m);
  });

  test("what a server refuses and breaks comes out as settings", async () => {
    let counted = 0;
    const bothCame = Promise.withResolvers<void>();
    const server = {
      kind: "llama-cpp-python",
      contextWindow: 16_384,
      refuses: ["json_schema", "stream"],
      script: async (request: ChatRequest) => {
        if (request.messages.some((message) => textOf(message).startsWith("Count"))) {
          counted += 1;
          // The first of the two is under way until the other has come.
          if (counted === 2) await bothCame.promise;
          if (counted === 3) bothCame.resolve();
        }
        return able(request);
      },
    } as const;
    const { of, settings } = await probe(server, { MODEL_CONCURRENCY: "4" });
    assert.equal(of("model-at-once").code, "doctor.probe.not-at-once");
    assert.equal(of("model-schema").code, "doctor.probe.no-schema");
    assert.match(settings, /^ {4}concurrency: 1$/m);
    assert.match(settings, /^ {4}stream: false$/m);
    assert.match(settings, /^ {4}structured_output: json-object$/m);
  });

  test("a prompt that does not fit its window fails, and says which setting to change", async () => {
    const { code, of } = await probe({ kind: "ollama", contextWindow: 2_048 });
    assert.equal(code, 1);
    assert.match(of("model").what, /OLLAMA_CONTEXT_LENGTH/);
  });

  test("a model that finds nothing is told as one whose silence means nothing", async () => {
    const { code, of } = await probe({
      script: (request) =>
        request.messages.map(textOf).join("\n").includes("src/orders.js")
          ? '{"overview": "Adds orders.", "findings": []}'
          : dull(),
    });
    assert.equal(code, 0);
    assert.equal(of("model-window").code, "doctor.probe.forgets");
    assert.equal(of("model-finds").code, "doctor.probe.finds-none");
    for (const language of LANGUAGES)
      assert.match(translator(language)("doctor.probe.finds-none", { name: "m", all: 3 }), /3/);
  });

  test("one that answers in no form reviews nothing; one that is away fails alone", async () => {
    const { of } = await probe({ script: dull });
    assert.ok(["doctor.probe.no-review", "doctor.probe.finds-none"].includes(of("model-finds").code));
    const { code, found } = await probe({}, { MODEL_BASE_URL: "http://127.0.0.1:9/v1" });
    assert.equal(code, 1);
    assert.deepEqual(
      found.map(({ code: what }) => what),
      ["doctor.model.failed"],
    );
  });
});
