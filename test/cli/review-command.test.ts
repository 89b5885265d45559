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

const Component = z.tuple([
  z.object({
    spec: z.object({ inputs: z.record(z.string(), z.object({ default: z.string().optional() })) }),
  }),
  z.object({
    ".reviewflow": z.object({
      image: z.object({ name: z.string() }),
      allow_failure: z.object({ exit_codes: z.array(z.number()) }),
      artifacts: z.object({ paths: z.array(z.string()), reports: z.object({ codequality: z.string() }) }),
    }),
    reviewflow: Job,
    "reviewflow-report": Job,
  }),
]);

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

  it("knows every option and report that the component for GitLab CI uses", () => {
    const text = readFileSync(new URL("../../templates/review.yml", import.meta.url), "utf8");
    const [{ spec }, jobs] = Component.parse(
      text.split("\n---\n").map((document) => z.unknown().parse(parse(document))),
    );
    const { ".reviewflow": both, reviewflow, "reviewflow-report": report } = jobs;
    const { stdout } = run("review", "--help");
    const common = ["--flow", "--fail-on", "--report", "--report"];
    for (const [job, options] of [
      [reviewflow, ["--post", ...common]],
      [report, common],
    ] as const) {
      const [call = ""] = job.script;
      assert.deepEqual(call.match(/--[a-z-]+/g), options);
      for (const option of options) assert.ok(stdout.includes(option), option);
      const { codequality } = both.artifacts.reports;
      assert.ok(
        call.includes(`--report codequality=${codequality} --report sarif=${both.artifacts.paths[0]}`),
      );
    }
    assert.deepEqual(both.allow_failure.exit_codes, [2]);
    const asked = new Set([...text.matchAll(/\$\[\[ inputs\.(\w+) \]\]/g)].map(([, name = ""]) => name));
    assert.deepEqual(asked, new Set(Object.keys(spec.inputs)));
    // What has no default must be named where the component is included.
    assert.deepEqual(
      Object.entries(spec.inputs).flatMap(([name, input]) => (input.default === undefined ? [name] : [])),
      ["image"],
    );
  });
});
