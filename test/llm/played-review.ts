import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { z } from "zod";
import type { ModelStandInOptions } from "../../standins/model/endpoints.ts";
import type { ModelFault } from "../../standins/model/faults.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { createRepository, PLANTED, review, SOUND } from "../cli/review-repository.ts";
import { createDrivenClock } from "./driven-clock.ts";

const Report = z.object({
  findings: z.array(z.object({ path: z.string() })),
  files: z.array(z.object({ outcome: z.string(), reason: z.object({ code: z.string() }).optional() })),
  remarks: z.array(z.object({ code: z.string() })),
  usage: z.object({ promptTokens: z.number(), completionTokens: z.number() }),
});

type Play = {
  readonly server: ModelStandInOptions;
  readonly faults?: readonly ModelFault[];
  /** How many files the change has, each with a mistake and so many further lines. */
  readonly files?: number;
  readonly lines?: number;
  /** More of the model's section. */
  readonly model?: Readonly<Record<string, unknown>>;
  readonly unitTokens?: number;
};

/** Reviews a change with a server, and says what came of it. */
export const playReview = async ({
  server,
  faults = [],
  files = 1,
  lines = 0,
  model = {},
  unitTokens = 12_000,
}: Play) => {
  const time = createDrivenClock();
  await using standIn = await startModelStandIn({ sleep: time.work, ...server });
  standIn.fail(...faults);
  await using repository = await createRepository();
  const names = Array.from({ length: files }, (_, index) => `src/sum${index}.js`);
  const more = Array.from(
    { length: lines },
    (_, line) => `export const value${line} = compute(${line}, 3);\n`,
  );
  for (const name of names) await repository.write(name, SOUND);
  repository.commit("Begin");
  for (const name of names) await repository.write(name, PLANTED + more.join(""));
  const config = join(repository.folder, ".git", "reviewflow.yml");
  await writeFile(
    config,
    stringify({
      models: { default: { model: "stand-in", base_url: standIn.url, ...model } },
      flows: [{ name: "review", file: "builtin:review", limits: { unit_tokens: unitTokens } }],
    }),
  );
  const options = { format: "json", worktree: true, clock: time.clock, config, environment: {} };
  const { code, out, err } = await review(repository, standIn.url, undefined, options);
  const report = code === 2 ? null : Report.parse(JSON.parse(out));
  const bodies = standIn
    .calls()
    .flatMap(({ body, path }) => (path.endsWith("/completions") ? [JSON.stringify(body)] : []));
  return {
    code,
    err,
    report,
    bodies,
    asked: standIn.calls().map(({ path }) => path),
    outcomes: report?.files.map(({ outcome }) => outcome) ?? [],
    found: report?.findings.length ?? 0,
    remarks: report?.remarks ?? [],
    reasons: report?.files.map(({ reason }) => reason?.code ?? null) ?? [],
  };
};

/** Holds a review of so many files to be whole, each with its mistake found. */
export const assertWhole = (
  { code, err, outcomes, found, remarks }: Awaited<ReturnType<typeof playReview>>,
  files = 1,
): void => {
  assert.equal(code, 0, err);
  assert.deepEqual(
    outcomes,
    Array.from({ length: files }, () => "reviewed"),
    err,
  );
  assert.equal(found, files);
  assert.deepEqual(remarks, []);
};
