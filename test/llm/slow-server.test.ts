import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { createRepository, review } from "../cli/review-repository.ts";
import { createDrivenClock } from "./driven-clock.ts";

const Report = z.object({
  findings: z.array(z.object({ path: z.string() })),
  files: z.array(z.object({ path: z.string(), outcome: z.string() })),
  remarks: z.array(z.unknown()),
  usage: z.object({ promptTokens: z.number() }),
});

const FILES = 12;
const pathOf = (index: number): string => `src/part${index}/sum.js`;
const fileOf = (index: number, end: string): string =>
  Array.from(
    { length: 30 },
    (_, line) =>
      `export const sum${index}x${line} = (list) => {\n  let total = ${line};\n  for (let i = 0; i ${end} list.length; i += 1) total += list[i];\n  return total;\n};\n`,
  ).join("");

// As a CPU does it: 20 tokens read and 4 written in a second, one call at a time.
for (const kind of ["ollama", "llama-cpp-python"] as const)
  test(`a change of 12 files is reviewed whole on a slow server with one slot, with a name and an address alone: ${kind}`, async () => {
    const time = createDrivenClock();
    await using model = await startModelStandIn({
      kind,
      contextWindow: 16_384,
      msPerPromptToken: 50,
      msPerPiece: 250,
      sleep: time.work,
    });
    await using repository = await createRepository();
    for (let index = 0; index < FILES; index += 1) await repository.write(pathOf(index), "// Empty.\n");
    repository.commit("Begin");
    for (let index = 0; index < FILES; index += 1)
      await repository.write(pathOf(index), fileOf(index, index === 7 ? "<=" : "<"));
    repository.commit("Add sums");
    const { code, out, err } = await review(repository, model.url, "HEAD~1..HEAD", {
      format: "json",
      clock: time.clock,
    });
    assert.equal(code, 0, err);
    const report = Report.parse(JSON.parse(out));
    assert.deepEqual(
      report.files.map(({ outcome }) => outcome),
      Array.from({ length: FILES }, () => "reviewed"),
    );
    assert.deepEqual(report.remarks, []);
    assert.deepEqual(new Set(report.findings.map(({ path }) => path)), new Set([pathOf(7)]));
    // Longer than any limit of the program before: each call read for minutes.
    assert.ok(time.passedMs() > 30 * 60_000, String(time.passedMs()));
    assert.ok(model.calls().every(({ status }) => status === 200 || status === 404));
  });
