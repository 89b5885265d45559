/**
 * Runs every workflow file whose run on Dify's own engine was recorded, and compares node by node. The records and the
 * public exports stand beside the checkout in `../shared`; they are not part of the repository.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { parse } from "yaml";
import { z } from "zod";
import { type SandboxedCodeRunner, createCodeRunner } from "../../../src/sandbox/create-code-runner.ts";
import {
  createTemplateRenderer,
  type SandboxedTemplateRenderer,
} from "../../../src/sandbox/create-template-renderer.ts";
import { compareRun, type Difference } from "./compare-run.ts";
import { type RecordedCase, readRecordedCases } from "./recorded-run.ts";
import { REPLAYED_KINDS, runRecorded } from "./run-recorded.ts";

const root = new URL("../../../", import.meta.url);
const shared = new URL("../shared/", root);
const isHere = existsSync(shared) || process.env["CI"] === "true";

/** The differences that are known; `dify` and `ours` say it in short. `open` ones are to be cured, others stay. */
const KnownDifferences = z.array(
  z.strictObject({
    case: z.string(),
    dify: z.string(),
    ours: z.string(),
    reason: z.string(),
    open: z.boolean().default(false),
  }),
);
const known = KnownDifferences.parse(
  parse(readFileSync(new URL("known-differences.yml", import.meta.url), "utf8")),
);
const knownCases = new Set(known.map((one) => one.case));

/** So many of all runs may differ, with a reason. */
const MOST_KNOWN = 0.02;

const show = ({ where, dify, ours }: Difference): string => `${where}\n  Dify: ${dify}\n  ours: ${ours}`;

type Compared = { readonly one: RecordedCase; readonly differences: readonly Difference[] };

let code: SandboxedCodeRunner;
let template: SandboxedTemplateRenderer;

before(() => {
  code = createCodeRunner({ http: null, timeLimitMs: 120_000 });
  template = createTemplateRenderer();
});
after(async () => {
  await code[Symbol.asyncDispose]();
  await template[Symbol.asyncDispose]();
});

/** Adds a test for each case, which also adds its comparison to `compared`. */
const compare = (cases: readonly RecordedCase[], compared: Compared[]): void => {
  for (const one of cases) {
    it(one.name, async () => {
      const differences = compareRun(one.run, await runRecorded(one, { code, template }));
      compared.push({ one, differences });
      if (!knownCases.has(one.name)) assert.deepEqual(differences.map(show), []);
    });
  }
};

const own = new URL("cases/", import.meta.url);

/** Whether two runs give the same: their code does not read the clock and does not draw at random. */
const isSteady = ({ run }: RecordedCase): boolean => !run.clock && !run.unstable;

describe("small flows on which engines like to differ", () => {
  // Those that are marked for the clock work on a fixed time.
  compare(readRecordedCases(new URL("records/", own), [own]), []);
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
    const staying = known.filter(({ open }) => !open);
    assert.ok(staying.length <= compared.length * MOST_KNOWN, `${staying.length} of ${compared.length}`);
  });

  it("differ where the list of known differences says so", () => {
    const different = compared.filter(({ differences }) => differences.length > 0).map(({ one }) => one.name);
    assert.deepEqual(different.toSorted(), [...knownCases].toSorted());
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
    for (const { one, differences } of compared) {
      const different = new Set(differences.map(({ where }) => where.split(/[ []/)[0]));
      for (const node of one.run.nodes) {
        if (node.status === "retry" || REPLAYED_KINDS.has(node.type)) continue;
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
