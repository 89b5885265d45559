/**
 * Small flows by node kind whose run on Dify's own engine was recorded. A share of them, drawn by the hash of their name,
 * stands in the repository; all of them are compared where the records lie beside the checkout.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { type SandboxedCodeRunner, createCodeRunner } from "../../../src/sandbox/create-code-runner.ts";
import {
  createTemplateRenderer,
  type SandboxedTemplateRenderer,
} from "../../../src/sandbox/create-template-renderer.ts";
import { compareRun } from "./compare-run.ts";
import { drawShare } from "./drawn-share.ts";
import { MOST_KNOWN, readKnownDifferences } from "./known-differences.ts";
import type { RecordedCase } from "./recorded-run.ts";
import { runRecorded } from "./run-recorded.ts";
import { type ScriptedServer, startScriptedServer } from "./scripted-server.ts";
import { readSmallFlows } from "./small-flow.ts";

const KINDS = [
  "answer",
  "assigner",
  "code",
  "document-extractor",
  "end",
  "error-strategy",
  "graph",
  "http-request",
  "if-else",
  "iteration",
  "list-operator",
  "llm",
  "loop",
  "parameter-extractor",
  "question-classifier",
  "template-transform",
  "variable-aggregator",
];

const root = new URL("../../../", import.meta.url);
const shared = new URL("../shared/corpus/expected-nodes/", root);
const drawn = new URL("test/fixtures/dify-nodes/", root);
const isHere = existsSync(shared) || process.env["CI"] === "true";
const source = isHere ? shared : drawn;

const document = readFileSync(new URL("docs/flows.md", root), "utf8");
const known = readKnownDifferences("small-differences.yml");

let code: SandboxedCodeRunner;
let template: SandboxedTemplateRenderer;
let server: ScriptedServer;
before(async () => {
  code = createCodeRunner({ http: null, timeLimitMs: 120_000 });
  // One after another, since parallel branches end in the order of the file on Dify's engine.
  template = createTemplateRenderer({ concurrency: 1 });
  server = await startScriptedServer();
});
after(async () => {
  await code[Symbol.asyncDispose]();
  await template[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const fileOf = (folder: URL, kind: string): URL => new URL(`${kind}.json`, folder);

/** Without those that look at the clock or draw at random, and those that wait for a person, which nothing does here. */
const comparable = (cases: readonly RecordedCase[]): readonly RecordedCase[] =>
  cases.filter(({ run, text }) => !run.clock && !run.unstable && !text.includes('"type": "human-input"'));

const differencesOf = async (one: RecordedCase): Promise<readonly string[]> => {
  const own = await runRecorded(one, { code, template, http: server.client });
  // The records of small flows leave their start nodes out.
  const kept =
    own.refused === null ? { ...own, nodes: own.nodes.filter(({ type }) => type !== "start") } : own;
  return compareRun(one.run, kept).map(
    ({ where, dify, ours }) => `${one.name}: ${where}\n  Dify: ${dify}\n  ours: ${ours}`,
  );
};

describe("small flows end as on Dify's engine", () => {
  const rows: string[] = [];
  for (const kind of KINDS) {
    it(`${kind}, but a few with a reason`, async () => {
      const cases = comparable(readSmallFlows(fileOf(source, kind)));
      const found: string[] = [];
      const equal: string[] = [];
      for (const one of cases) {
        const differences = await differencesOf(one);
        if (!known.has(one.name)) found.push(...differences);
        else if (differences.length === 0) equal.push(one.name);
      }
      assert.deepEqual(found, []);
      assert.deepEqual(equal, [], "equal: take them from the list");
      const listed = cases.flatMap(({ name }) => known.get(name) ?? []);
      const few = listed.filter(({ promised }) => promised === undefined).length;
      if (isHere) assert.ok(few <= cases.length * MOST_KNOWN, `${few} of ${cases.length}`);
      rows.push(`| \`${kind}\` | ${cases.length} | ${cases.length - listed.length} |`);
    });
  }

  it("and where docs/flows.md promises another way", () => {
    for (const { promised } of known.values())
      assert.ok(promised === undefined || document.includes(promised));
  });

  it("and make their table of docs/flows.md", { skip: !isHere }, () => {
    const table = ["| small flows | compared | equal |", "|---|---|---|", ...rows].join("\n");
    assert.ok(document.includes(`\n${table}\n`), `docs/flows.md should have:\n${table}`);
  });
});

describe("the small flows in the repository", { skip: !isHere }, () => {
  for (const kind of KINDS) {
    it(`are what the hash of their names draws of ${kind}`, () => {
      const all = readSmallFlows(fileOf(shared, kind));
      const names = drawShare(all.map(({ name }) => name));
      assert.deepEqual(
        readSmallFlows(fileOf(drawn, kind)),
        all.filter(({ name }) => names.has(name)),
      );
    });
  }
});
