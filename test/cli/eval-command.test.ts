import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";

const PROGRAM = new URL("../../src/cli/reviewflow.ts", import.meta.url).pathname;
const MISSING = join(tmpdir(), "reviewflow-there-is-no-such-file.yml");

describe("reviewflow eval on the command line", () => {
  const run = (...parameters: readonly string[]) => {
    const options = { encoding: "utf8", env: { PATH: process.env["PATH"] ?? "" } } as const;
    return spawnSync(process.execPath, [PROGRAM, "eval", ...parameters], options);
  };

  it("gives options to the command that they stand behind", () => {
    for (const parameters of [
      ["record", "group/project", "set", "-c", MISSING],
      ["set", "-c", MISSING],
    ]) {
      const { status, stderr } = run(...parameters);
      assert.equal(status, 2, stderr);
      assert.match(stderr, /such-file\.yml/);
    }
  });

  it("ends with 2 for what it does not know", () => {
    assert.equal(run().status, 2);
    assert.equal(run("set", "--speed").status, 2);
    assert.equal(run("import", "aacr-bench").status, 2);
  });
});
