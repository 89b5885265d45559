/**
 * Runs every workflow file whose run on Dify's own engine was recorded, and compares node by node. The records and the
 * public exports stand beside the checkout in `../shared`; they are not part of the repository.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { type SandboxedCodeRunner, createCodeRunner } from "../../../src/sandbox/create-code-runner.ts";
import {
  createTemplateRenderer,
  type SandboxedTemplateRenderer,
} from "../../../src/sandbox/create-template-renderer.ts";
import { compareRun, type Difference } from "./compare-run.ts";
import { drawShare } from "./drawn-share.ts";
import { MOST_KNOWN, readKnownDifferences } from "./known-differences.ts";
import { type RecordedCase, readRecordedCases } from "./recorded-run.ts";
import { REPLAYED_KINDS, runRecorded } from "./run-recorded.ts";
import { type ScriptedServer, startScriptedServer } from "./scripted-server.ts";

const root = new URL("../../../", import.meta.url);
const shared = new URL("../shared/", root);
const isHere = existsSync(shared) || process.env["CI"] === "true";

const knownCases = readKnownDifferences("known-differences.yml");

const show = ({ where, dify, ours }: Difference): string => `${where}\n  Dify: ${dify}\n  ours: ${ours}`;

type Compared = {
  readonly one: RecordedCase;
  readonly differences: readonly Difference[];
  readonly replayed: ReadonlySet<string>;
};

let code: SandboxedCodeRunner;
let template: SandboxedTemplateRenderer;
let server: ScriptedServer;

before(async () => {
  code = createCodeRunner({ http: null, timeLimitMs: 120_000 });
  template = createTemplateRenderer();
  server = await startScriptedServer();
});
after(async () => {
  await code[Symbol.asyncDispose]();
  await template[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** Adds a test for each case, which also adds its comparison to `compared`. */
const compare = (cases: readonly RecordedCase[], compared: Compared[]): void => {
  for (const one of cases) {
    it(one.name, async () => {
      const own = await runRecorded(one, { code, template, http: server.client });
      const differences = compareRun(one.run, own);
      compared.push({ one, differences, replayed: own.refused === null ? own.replayed : new Set() });
      if (!knownCases.has(one.name)) assert.deepEqual(differences.map(show), []);
    });
  }
};

const own = new URL("test/fixtures/dify-flows/", root);

/** Whether two runs give the same: their code does not read the clock and does not draw at random. */
const isSteady = ({ run }: RecordedCase): boolean => !run.clock && !run.unstable;

describe("small flows on which engines like to differ", () => {
  // Those that are marked for the clock work on a fixed time.
  compare(readRecordedCases(new URL("records/", own), [own]), []);
});

describe("small flows in the repository", { skip: !isHere }, () => {
  it("are what the hash of their names draws", () => {
    const flowsIn = (folder: URL): readonly string[] =>
      readdirSync(folder).filter((name) => name.endsWith(".yml"));
    const all = new URL("cases/flows/", shared);
    const names = flowsIn(own);
    assert.deepEqual(new Set(names), drawShare(flowsIn(all)));
    for (const name of names) {
      assert.equal(readFileSync(new URL(name, own), "utf8"), readFileSync(new URL(name, all), "utf8"));
    }
  });
});

describe("recorded runs of public exports, of small flows and of our own", { skip: !isHere }, () => {
  const compared: Compared[] = [];
  const folders = ["corpus/dify-exports/", "cases/flows/", "corpus/flows-c05ffec/"];
  if (isHere) {
    compare(
      readRecordedCases(
        new URL("corpus/expected/", shared),
        folders.map((folder) => new URL(folder, shared)),
      ).filter(isSteady),
      compared,
    );
  }

  it("are equal to Dify's but for a few with a reason", () => {
    assert.ok(knownCases.size <= compared.length * MOST_KNOWN, `${knownCases.size} of ${compared.length}`);
  });

  it("differ where the list of known differences says so", () => {
    const different = compared.filter(({ differences }) => differences.length > 0).map(({ one }) => one.name);
    assert.deepEqual(different.toSorted(), [...knownCases.keys()].toSorted());
  });

  it("load and end as recorded in at least 95 of 100 exports", () => {
    const exports = Map.groupBy(
      compared.filter(({ one }) => one.file.includes("__") && one.run.build_error === undefined),
      ({ one }) => one.file,
    );
    const equal = [...exports.values()].filter((runs) =>
      runs.every(({ differences }) => differences.length === 0),
    );
    assert.ok(equal.length >= exports.size * 0.95, `${equal.length} of ${exports.size}`);
  });

  it("make the table of docs/flows.md", () => {
    const counts = new Map<string, { nodes: number; equal: number; files: Set<string> }>();
    for (const { one, differences, replayed } of compared) {
      const different = new Set(differences.map(({ where }) => where.split(/[ []/)[0]));
      for (const node of one.run.nodes) {
        if (node.status === "retry" || REPLAYED_KINDS.has(node.type)) continue;
        if (replayed.has(node.id)) continue;
        const count = counts.get(node.type) ?? { nodes: 0, equal: 0, files: new Set() };
        count.nodes += 1;
        count.files.add(one.file);
        if (!different.has(node.id)) count.equal += 1;
        counts.set(node.type, count);
      }
    }
    const rows = [...counts]
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([kind, { nodes, equal, files }]) => `| \`${kind}\` | ${files.size} | ${nodes} | ${equal} |`);
    const table = ["| kind | files | nodes | equal |", "|---|---|---|---|", ...rows].join("\n");
    const document = readFileSync(new URL("docs/flows.md", root), "utf8");
    assert.ok(document.includes(`\n${table}\n`), `docs/flows.md should have:\n${table}`);
  });
});
