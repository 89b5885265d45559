import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fc } from "../../properties.ts";
import { parseDocument } from "yaml";
import { Json } from "../../../src/base/json.ts";
import { describeFlow } from "../../../src/flow/describe/describe-flow.ts";
import { renderReport } from "../../../src/cli/flow-check.ts";
import { translator } from "../../../src/messages/format-message.ts";
import { drawMermaid } from "../../../src/flow/draw/draw-mermaid.ts";
import { drawSvg } from "../../../src/flow/draw/draw-svg.ts";
import type { Flow } from "../../../src/flow/flow.ts";
import type { FlowPorts } from "../../../src/flow/node.ts";
import { describeProblem, FlowFileError } from "../../../src/flow/parse/flow-file-error.ts";
import { parseFlow, readFlow } from "../../../src/flow/parse/parse-flow.ts";
import { createScriptedPorts } from "../scripted-ports.ts";
import { type Mutation, mutate } from "./mutate.ts";
import { madeUpInputs, runWatched } from "./watched-run.ts";
import { englishOf } from "../../../src/flow/messages/message.ts";

/** More can be asked for when the reader or a node changes: FUZZ_RUNS=20000 node --test … */
const RUNS = Number(process.env["FUZZ_RUNS"] ?? 200);

const folder = new URL("../conformance/flows/", import.meta.url);
const texts = readdirSync(folder)
  .filter((name) => name.endsWith(".yml") && !name.endsWith(".expected.yml"))
  .map((name) => readFileSync(new URL(name, folder), "utf8"));
texts.push(readFileSync(new URL("../../../flows/classic.yml", import.meta.url), "utf8"));
const documents = texts.flatMap((text) => {
  const document = parseDocument(text);
  return document.errors.length > 0 ? [] : [Json.parse(document.toJS())];
});

/** Values that have meant trouble somewhere: edges of types, names of prototypes, references, kinds. */
const trouble = fc.oneof(
  fc.constantFrom<Json>(
    null,
    true,
    false,
    0,
    -1,
    0.5,
    1e308,
    -1e308,
    2 ** 53,
    "",
    " ",
    "0",
    "-1",
    "1e999",
    "NaN",
    "__proto__",
    "constructor",
    "toString",
    "{{#start.x#}}",
    "{{#sys.query#}}",
    "{{#.#}}",
    "\u0000",
    "\ud800",
    "日本語",
    "x".repeat(5000),
    [],
    {},
    [null],
    [[]],
    { a: { b: [1] } },
    ["sys", "query"],
    ["start"],
    ["start", "x", "y"],
    "2",
    "1",
    "array[string]",
    "array[object]",
    "object",
    "python3",
    "javascript",
    "jinja2",
    "contains",
    "empty",
    "exists",
    "in",
    "all of",
    "≥",
    "default-value",
    "fail-branch",
    "terminated",
  ),
  fc.constantFrom(
    "start",
    "end",
    "answer",
    "llm",
    "code",
    "http-request",
    "if-else",
    "template-transform",
    "variable-aggregator",
    "variable-assigner",
    "iteration",
    "iteration-start",
    "loop",
    "loop-start",
    "loop-end",
    "assigner",
    "list-operator",
    "parameter-extractor",
    "question-classifier",
    "document-extractor",
    "knowledge-retrieval",
    "agent",
    "tool",
    "human-input",
    "no-such-kind",
  ),
  fc.constantFrom("0.1.0", "0.3.1", "0.7.0", "1.0.0", "99", "v1", "0.6"),
  fc.jsonValue({ maxDepth: 2 }).map((value) => Json.parse(JSON.parse(JSON.stringify(value)))),
);

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom("drop", "replace", "copy", "swap", "repeat", "retype"),
  place: fc.nat(5000),
  other: fc.nat(5000),
  value: trouble,
});

const mutatedDocument = fc
  .tuple(fc.constantFrom(...documents), fc.array(mutation, { minLength: 1, maxLength: 4 }))
  .map(([document, mutations]) => mutations.reduce(mutate, document));

/** Answers of the world outside that no file foresees. */
const wildPorts = (answer: Json): FlowPorts => ({
  ...createScriptedPorts({ model: [{ text: typeof answer === "string" ? answer : JSON.stringify(answer) }] })
    .ports,
  code: { run: async () => ({ ok: true, value: answer }) },
});

/** A refused file says why, as FlowFileError; what is loaded can be described and drawn. */
const readSafely = (text: string): Flow | null => {
  const reading = readFlow(text);
  if (!reading.ok) {
    assert.ok(reading.problems.length > 0);
    for (const problem of reading.problems) {
      const line = englishOf(describeProblem(problem));
      assert.notEqual(line, "");
      assert.ok(line.length < 2000, line.slice(0, 2100));
    }
    assert.throws(() => parseFlow(text), FlowFileError);
    return null;
  }
  const svg = drawSvg(reading.flow);
  assert.ok(!/NaN|Infinity|undefined/.test(svg.replaceAll(/>[^<]*</g, "><")), svg);
  assert.ok(drawMermaid(reading.flow).startsWith("flowchart"));
  assert.notEqual(renderReport(translator("en"), { ...describeFlow(reading.flow), tools: [] }), "");
  return reading.flow;
};

describe("workflow files that nobody meant to write", () => {
  it("are read or refused with the node and the field, and run without an error of ours", async () => {
    let ran = 0;
    await fc.assert(
      fc.asyncProperty(mutatedDocument, trouble, fc.boolean(), async (document, answer, isWild) => {
        const flow = readSafely(JSON.stringify(document));
        if (flow === null) return;
        ran += 1;
        const ports = isWild ? wildPorts(answer) : createScriptedPorts().ports;
        assert.deepEqual(await runWatched(flow, madeUpInputs(flow), ports), []);
      }),
      { numRuns: RUNS },
    );
    assert.ok(ran > RUNS / 20, `only ${ran} of ${RUNS} files could run`);
  });

  it("take inputs of any kind", async () => {
    const inputs = fc.dictionary(fc.constantFrom("t", "p", "s", "n", "c", "f", "fs", "o", "x"), trouble);
    const flows = texts.flatMap((text) => {
      const reading = readFlow(text);
      return reading.ok && reading.flow.inputs.length > 0 ? [reading.flow] : [];
    });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...flows), inputs, trouble, async (flow, given, value) => {
        const all = {
          ...madeUpInputs(flow),
          ...given,
          ...Object.fromEntries(flow.inputs.slice(0, 1).map(({ variable }) => [variable, value])),
        };
        assert.deepEqual(await runWatched(flow, all, createScriptedPorts().ports), []);
      }),
      { numRuns: RUNS },
    );
  });

  it("may be cut, doubled and broken anywhere", () => {
    const cut = fc.record({
      text: fc.constantFrom(...texts),
      from: fc.double({ min: 0, max: 1, noNaN: true }),
      length: fc.nat(200),
      insert: fc.string({ maxLength: 8 }),
    });
    fc.assert(
      fc.property(cut, ({ text, from, length, insert }) => {
        const at = Math.floor(from * text.length);
        readSafely(text.slice(0, at) + insert + text.slice(at + length));
      }),
      { numRuns: RUNS },
    );
  });

  it("may be no workflow file at all", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          fc.json(),
          fc.string({
            unit: fc.constantFrom(
              "&",
              "*",
              "a",
              ":",
              " ",
              "\n",
              "-",
              "[",
              "{",
              "]",
              "}",
              "!",
              "|",
              ">",
              "'",
              '"',
              "?",
              "%",
              "#",
              "\t",
              "<<",
            ),
          }),
        ),
        (text) => {
          assert.equal(readSafely(text), null);
        },
      ),
      { numRuns: RUNS },
    );
  });
});
