import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { z } from "zod";

const MODULE = JSON.stringify(new URL("../../src/cli/review/register-review.ts", import.meta.url).href);
const PROGRAM = `
  import { Command } from "commander";
  import { registerReview } from ${MODULE};
  const program = new Command("reviewflow");
  registerReview(program);
  await program.parseAsync();
`;

const run = (...words: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--input-type=module", "-e", PROGRAM, "--", ...words],
    { encoding: "utf8", cwd: new URL("../..", import.meta.url).pathname, env: { PATH: process.env["PATH"] } },
  );
  return { status, stdout, stderr };
};

const Job = z.object({ extends: z.literal(".reviewflow"), script: z.array(z.string()) });

const Template = z.object({
  ".reviewflow": z.object({
    allow_failure: z.object({ exit_codes: z.array(z.number()) }),
    artifacts: z.object({ reports: z.object({ codequality: z.string() }) }),
  }),
  reviewflow: Job,
  "reviewflow-report": Job,
});

describe("the command review", () => {
  it("ends with 2 for what it does not know, so that 1 stays for findings", () => {
    assert.equal(run("review", "--format", "xml").status, 2);
    assert.equal(run("review", "--fail-on", "any").status, 2);
    assert.equal(run("review", "--unknown").status, 2);
    assert.equal(run("review", "--help").status, 0);
  });

  it("ends with 2 where no model is set, and says how to set one", () => {
    const { status, stderr } = run("review");
    assert.equal(status, 2);
    assert.match(stderr, /MODEL_NAME/);
  });

  it("knows every option that the template for GitLab CI uses", () => {
    const text = readFileSync(new URL("../../docs/gitlab-ci-review.yml", import.meta.url), "utf8");
    const { ".reviewflow": both, reviewflow, "reviewflow-report": report } = Template.parse(parse(text));
    const { stdout } = run("review", "--help");
    const common = ["--format", "--output", "--fail-on"];
    for (const [job, options] of [
      [reviewflow, ["--post", ...common]],
      [report, common],
    ] as const) {
      const [call = ""] = job.script;
      assert.deepEqual(call.match(/--[a-z-]+/g), options);
      for (const option of options) assert.ok(stdout.includes(option), option);
      assert.ok(call.includes(`--output ${both.artifacts.reports.codequality}`));
    }
    assert.deepEqual(both.allow_failure.exit_codes, [2]);
  });
});
