import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { glob, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { systemClock } from "../../src/base/clock.ts";
import { flowRun, type FlowRunOptions } from "../../src/cli/flow-run.ts";
import { type ModelStandIn, startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { startServer } from "../tools/mcp-server.ts";
import { recordedTerminal } from "./recorded-terminal.ts";

const SECRET = "glpat-aB3dE5gH7jK9mN1pQ3rS";

const MODEL = "{ provider: langgenius/openai/openai, name: gpt-x, mode: chat, completion_params: {} }";
const edges = (...ids: readonly string[]): string =>
  ids
    .slice(1)
    .map((target, index) => `      - { source: ${ids[index]}, target: ${target} }`)
    .join("\n");

/** Reads a document and greets. */
const DOCUMENT = `
version: 0.6.0
kind: app
app: { name: document, mode: workflow }
workflow:
  environment_variables: [ { name: API_KEY, value: "", value_type: secret } ]
  graph:
    nodes:
      - { id: start, data: { type: start, title: Start, variables: [
          { variable: name, label: name, type: text-input, required: true, max_length: 20 },
          { variable: more, label: more, type: json_object, required: false },
          { variable: doc, label: doc, type: file, required: false },
          { variable: docs, label: docs, type: file-list, required: false, max_length: 5 } ] } }
      - { id: tpl, data: { type: template-transform, title: Greeting, template: "Hello {{ n }} {{ m.x }}", variables: [
          { variable: n, value_selector: [ start, name ] }, { variable: m, value_selector: [ start, more ] } ] } }
      - { id: ext, data: { type: document-extractor, title: Read it, variable_selector: [ start, doc ], is_array_file: false } }
      - { id: all, data: { type: document-extractor, title: Read all, variable_selector: [ start, docs ], is_array_file: true } }
      - { id: end, data: { type: end, title: End, outputs: [
          { variable: greeting, value_selector: [ tpl, output ] },
          { variable: text, value_selector: [ ext, text ] },
          { variable: texts, value_selector: [ all, text ] } ] } }
    edges:
${edges("start", "tpl", "ext", "all", "end")}
`;

/** Asks a model. */
const QUESTION = `
version: 0.6.0
kind: app
app: { name: question, mode: workflow }
workflow:
  graph:
    nodes:
      - { id: start, data: { type: start, title: Start, variables: [ { variable: what, label: what, type: paragraph, required: true, max_length: 100 } ] } }
      - { id: llm, data: { type: llm, title: Ask, model: ${MODEL}, prompt_template: [ { role: user, text: "{{#start.what#}}" } ], context: { enabled: false } } }
      - { id: end, data: { type: end, title: End, outputs: [ { variable: text, value_selector: [ llm, text ] } ] } }
    edges:
${edges("start", "llm", "end")}
`;

/** Remembers what was said, and counts. */
const CHAT = `
version: 0.6.0
kind: app
app: { name: chat, mode: advanced-chat }
workflow:
  conversation_variables: [ { id: c, name: asked, value_type: number, value: 0 } ]
  graph:
    nodes:
      - { id: start, data: { type: start, title: Start, variables: [] } }
      - { id: llm, data: { type: llm, title: Ask, model: ${MODEL}, prompt_template: [ { role: system, text: "No. {{#sys.dialogue_count#}}" } ], memory: { window: { enabled: true, size: 1 } }, context: { enabled: false }, vision: { enabled: true } } }
      - { id: count, data: { type: assigner, version: "2", title: Count, items: [ { variable_selector: [ conversation, asked ], input_type: constant, operation: "+=", value: 1 } ] } }
      - { id: answer, data: { type: answer, title: Answer, answer: "{{#conversation.asked#}}: {{#llm.text#}}" } }
    edges:
${edges("start", "llm", "count", "answer")}
`;

const Line = z.looseObject({ event: z.string() });
const Failed = z.object({
  event: z.literal("error"),
  code: z.string(),
  reason: z.object({ code: z.string() }),
});
const NodeFinished = z.looseObject({
  event: z.literal("node_finished"),
  node_id: z.string(),
  title: z.string(),
  status: z.string(),
  error: z.object({ code: z.string() }).nullable(),
});
const Finished = z.looseObject({
  event: z.literal("workflow_finished"),
  status: z.string(),
  outputs: z.record(z.string(), z.unknown()),
  usage: z.looseObject({ total_tokens: z.number() }),
});

const questionsOf = async function* (lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
};

describe("flow run", () => {
  let folder = "";
  let standIn: ModelStandIn;
  const files = { document: "", question: "", chat: "" };
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "reviewflow-run-"));
    standIn = await startModelStandIn({
      script: ({ messages }) => `answer to ${JSON.stringify(messages.at(-1)?.content)} ${SECRET}`,
    });
    for (const [name, text] of [
      ["document", DOCUMENT],
      ["question", QUESTION],
      ["chat", CHAT],
    ] as const) {
      files[name] = join(folder, `${name}.yml`);
      await writeFile(files[name], text);
    }
  });
  after(async () => {
    await standIn[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const withModel = () => ({ MODEL_NAME: "stand-in", MODEL_BASE_URL: standIn.url });
  const run = async (file: string, options: FlowRunOptions = {}) => {
    const terminal = recordedTerminal();
    const code = await flowRun(file, { ...terminal, isTerminal: false, environment: {}, ...options });
    return { code, out: terminal.out(), err: terminal.err() };
  };
  const runJson = async (file: string, options: FlowRunOptions = {}) => {
    const { code, out, err } = await run(file, { ...options, json: true });
    assert.equal(err, "");
    const lines = out
      .trimEnd()
      .split("\n")
      .map((line) => Line.parse(JSON.parse(line)));
    return { code, lines, last: lines.at(-1) };
  };
  const failing = async (file: string, options: FlowRunOptions = {}): Promise<unknown> => {
    const { code, last } = await runJson(file, options);
    const { code: kind, reason } = Failed.parse(last);
    return [code, kind, reason.code];
  };
  const fixture = (name: string): string =>
    fileURLToPath(new URL(`../fixtures/documents/${name}`, import.meta.url));

  it("runs a file without a model and prints its outputs; texts come from files behind @, files by path", async () => {
    await writeFile(join(folder, "name.txt"), "Anna");
    const { code, out } = await run(files.document, {
      input: [
        `name=@${join(folder, "name.txt")}`,
        'more={"x":1}',
        `doc=${fixture("plain.pdf")}`,
        `docs=${fixture("empty.pdf")}`,
        `docs=${fixture("cjk.pdf")}`,
      ],
    });
    assert.equal(code, 0);
    assert.equal(
      out,
      'greeting: Hello Anna 1\ntext: Release notes\nSecond line, page onePage two\ntexts: [\n  "",\n  "レビューの結果\\r\\n리뷰 결과\\r\\n审查结果"\n]\n',
    );
  });

  it("writes events a line each for programs, without the bytes of files, and names the node that failed", async () => {
    const { code, lines, last } = await runJson(files.document, {
      input: ["name=@@me", `doc=${fixture("encrypted.pdf")}`],
    });
    assert.equal(code, 1);
    assert.equal(lines[0]?.event, "workflow_started");
    assert.equal(Finished.parse(last).status, "failed");
    const failed = lines
      .flatMap((line) => NodeFinished.safeParse(line).data ?? [])
      .find(({ error }) => error);
    assert.deepEqual(
      [failed?.node_id, failed?.title, failed?.error?.code],
      ["ext", "Read it", "flow.document.not-read"],
    );
    assert.ok(!JSON.stringify(lines).includes("JVBERi0"));
    assert.match(JSON.stringify(lines), /"Hello @me /);
    const { err } = await run(files.document, { input: ["name=x", `doc=${fixture("encrypted.pdf")}`] });
    assert.match(err, /Read it.*ext.*encrypted\.pdf/);
  });

  it("tells by its exit code and a code what is wrong before a run", async () => {
    const missing = join(folder, "none.yml");
    assert.deepEqual(await failing(missing), [2, "problem.at", "problem.at"]);
    await writeFile(join(folder, "broken.yml"), "kind: app\n");
    assert.deepEqual((await runJson(join(folder, "broken.yml"))).code, 2);
    const input = (...given: readonly string[]): Promise<unknown> =>
      failing(files.document, { input: given });
    assert.deepEqual(await input(), [3, "flow-input-invalid", "flow.input.required"]);
    assert.deepEqual(await input(`name=${"x".repeat(21)}`), [3, "flow-input-invalid", "flow.input.too-long"]);
    assert.deepEqual(await input("nam=x"), [3, "input-invalid", "cli.flow.run.unknown-input"]);
    assert.deepEqual(await input("name"), [3, "input-invalid", "cli.flow.run.no-value"]);
    assert.deepEqual(await input("name=x", "more={"), [3, "input-invalid", "cli.flow.run.not-json"]);
    assert.deepEqual(await input("name=x", `doc=${missing}`), [
      3,
      "input-invalid",
      "cli.flow.run.input-unreadable",
    ]);
    const secret = (name: string): Promise<unknown> =>
      failing(files.document, { input: ["name=x"], secret: [name], environment: { OTHER: "x" } });
    assert.deepEqual(await secret("API_KEY"), [3, "input-invalid", "cli.flow.run.secret-unset"]);
    assert.deepEqual(await secret("OTHER"), [3, "input-invalid", "cli.flow.run.unknown-secret"]);
    assert.equal(
      (
        await runJson(files.document, {
          input: ["name=x"],
          secret: ["API_KEY=OTHER"],
          environment: { OTHER: "value" },
        })
      ).code,
      0,
    );
    assert.deepEqual(await failing(files.document, { chat: true }), [
      2,
      "cli.flow.run.not-a-chat",
      "cli.flow.run.not-a-chat",
    ]);
    assert.equal((await runJson(files.question, { input: ["what=x"] })).code, 2, "no model is set up");
  });

  it("shows text while it is made at a terminal, and no text twice", async () => {
    const { code, out, err } = await run(files.question, {
      input: ["what=ping"],
      environment: withModel(),
      isTerminal: true,
    });
    assert.equal(code, 0);
    assert.equal(out, `answer to "ping" ${SECRET}\n`);
    assert.match(err, /Ask \(llm\)/);
  });

  it("keeps memory and the variables of the conversation from one question to the next", async () => {
    const before = standIn.calls().length;
    const { code, lines } = await runJson(files.chat, {
      chat: true,
      environment: withModel(),
      questions: questionsOf(["one", "", "two", "three"]),
    });
    assert.equal(code, 0);
    const answers = lines
      .flatMap((line) => Finished.safeParse(line).data ?? [])
      .map(({ outputs }) => outputs["answer"]);
    assert.deepEqual(
      answers,
      ["one", "two", "three"].map(
        (word, index) => `${index + 1}: answer to ${JSON.stringify(word)} ${SECRET}`,
      ),
    );
    assert.deepEqual(standIn.calls().at(-1)?.chat?.messages, [
      { role: "system", content: "No. 3" },
      { role: "user", content: "two" },
      { role: "assistant", content: `2: answer to "two" ${SECRET}` },
      { role: "user", content: "three" },
    ]);
    assert.equal(standIn.calls().length - before, 3);
    const shown = await run(files.chat, { query: "four", environment: withModel() });
    assert.equal(shown.out, `1: answer to "four" ${SECRET}\n`);
  });

  it("sends files along with a question", async () => {
    const picture = join(folder, "dot.png");
    await writeFile(picture, "no real picture");
    const { code } = await runJson(files.chat, {
      query: "What is it?",
      file: [picture],
      environment: withModel(),
    });
    assert.equal(code, 0);
    assert.match(
      JSON.stringify(standIn.calls().at(-1)?.chat?.messages.at(-1)),
      /image_url.*data:image\/png;base64,/,
    );
  });

  it("records answers without secrets, for this user alone, and replays them without a model", async () => {
    const answers = join(folder, "answers");
    const given = { input: ["what=ping"], environment: withModel() };
    assert.equal((await runJson(files.question, { ...given, record: answers })).code, 0);
    const [kept = ""] = await Array.fromAsync(glob("*/*.json", { cwd: answers }));
    assert.equal((await stat(answers)).mode & 0o777, 0o700);
    assert.equal((await stat(join(answers, kept))).mode & 0o777, 0o600);
    assert.ok(!(await readFile(join(answers, kept), "utf8")).includes(SECRET));
    const asked = standIn.calls().length;
    const { code, last } = await runJson(files.question, { input: ["what=ping"], replay: answers });
    assert.equal(code, 0);
    assert.match(String(Finished.parse(last).outputs["text"]), /^answer to "ping" /);
    assert.deepEqual(await failing(files.question, { input: ["what=pong"], replay: answers }), [
      4,
      "eval-answer-missing",
      "config.problems",
    ]);
    assert.equal(standIn.calls().length, asked);
    assert.deepEqual(await failing(files.question, { record: answers, replay: answers }), [
      2,
      "cli.usage.one-of",
      "cli.usage.one-of",
    ]);
  });

  it("goes on with an answer as it was recorded, so that what comes of it is found again", async () => {
    const answers = join(folder, "chat-answers");
    const chat = () => ({ chat: true, questions: questionsOf(["one", "two"]) });
    assert.equal((await run(files.chat, { ...chat(), record: answers, environment: withModel() })).code, 0);
    assert.equal((await run(files.chat, { ...chat(), replay: answers })).code, 0);
  });

  it("replays what a tool answered", async () => {
    const file = join(folder, "tool.yml");
    await writeFile(
      file,
      `
version: 0.6.0
kind: app
app: { name: tool, mode: workflow }
workflow:
  graph:
    nodes:
      - { id: start, data: { type: start, title: Start, variables: [] } }
      - { id: now, data: { type: tool, title: Now, provider_type: builtin, provider_id: time, provider_name: time, tool_name: current_time, tool_label: t, tool_node_version: "2", tool_configurations: { format: { type: mixed, value: "%Y-%m-%d %H:%M:%S" }, timezone: { type: mixed, value: UTC } }, tool_parameters: {} } }
      - { id: end, data: { type: end, title: End, outputs: [ { variable: text, value_selector: [ now, text ] } ] } }
    edges:
${edges("start", "now", "end")}
`,
    );
    const at = (nowMs: number) => ({ clock: { ...systemClock, now: () => nowMs } });
    const answers = join(folder, "tool-answers");
    const first = await run(file, { record: answers, ...at(Date.UTC(2026, 0, 2)) });
    assert.deepEqual([first.code, first.out], [0, "2026-01-02 00:00:00\n"]);
    const again = await run(file, { replay: answers, ...at(Date.UTC(2027, 0, 2)) });
    assert.deepEqual([again.code, again.out], [0, "2026-01-02 00:00:00\n"]);
    assert.deepEqual(await failing(file, { replay: join(folder, "no-answers") }), [
      4,
      "eval-answer-missing",
      "config.problems",
    ]);
  });

  it("gives a tool the key that was named for it", async () => {
    const file = join(folder, "key.yml");
    await writeFile(
      file,
      `
version: 0.6.0
kind: app
app: { name: key, mode: workflow }
workflow:
  graph:
    nodes:
      - { id: start, data: { type: start, title: Start, variables: [] } }
      - { id: search, data: { type: tool, title: Search, provider_type: builtin, provider_id: searxng, provider_name: searxng, tool_name: searxng_search, tool_label: t, tool_configurations: {}, tool_parameters: { query: { type: mixed, value: q } } } }
      - { id: end, data: { type: end, title: End, outputs: [ { variable: json, value_selector: [ search, json ] } ] } }
    edges:
${edges("start", "search", "end")}
`,
    );
    await using server = await startServer(({ url }, response) => {
      const isAsked = url === "/search?q=q&time_range=day&format=json&categories=general";
      response.writeHead(isAsked ? 200 : 404).end('{"results": [{"title": "found"}]}');
    });
    const config = join(folder, "key-settings.yml");
    await writeFile(config, "egress: { allow: [127.0.0.1] }");
    const environment = { PLACE: `${server.url}/search` };
    const given = await runJson(file, { config, secret: ["searxng_base_url=PLACE"], environment });
    assert.deepEqual(Finished.parse(given.last).outputs, { json: [{ title: "found" }] });
    assert.equal((await run(file, { config, environment })).code, 1);
    assert.deepEqual(await failing(file, { config, secret: ["tavily_api_key=PLACE"], environment }), [
      3,
      "input-invalid",
      "cli.flow.run.unknown-secret",
    ]);
  });

  for (const [signal, by] of [
    ["SIGINT", "Ctrl-C"],
    ["SIGTERM", "a program that ends it"],
  ] as const)
    it(`ends cleanly on ${by}`, () => endsOn(signal));

  const endsOn = async (signal: NodeJS.Signals): Promise<void> => {
    const asked = Promise.withResolvers<void>();
    await using slow = await startModelStandIn({
      script: async () => {
        asked.resolve();
        return new Promise<string>(() => undefined);
      },
    });
    const command = fileURLToPath(new URL("../../src/cli/reviewflow.ts", import.meta.url));
    const child = spawn(
      process.execPath,
      [command, "flow", "run", files.question, "-i", "what=x", "--json"],
      {
        env: { PATH: process.env["PATH"], MODEL_NAME: "stand-in", MODEL_BASE_URL: slow.url },
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
    await asked.promise;
    child.kill(signal);
    const [code] = z.tuple([z.number().nullable(), z.unknown()]).parse(await once(child, "close"));
    assert.equal(code, 130);
    assert.equal(Finished.parse(JSON.parse(lines.at(-1) ?? "null")).status, "stopped");
  };
});
