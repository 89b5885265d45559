import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { VARIABLES } from "../../src/config/environment.ts";
import { readDeployFile, ROOT } from "./deploy-files.ts";

const UNIT = readDeployFile("reviewflow.service");
const HOME = "/opt/reviewflow/";

const valuesOf = (key: string): readonly string[] =>
  [...UNIT.matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].map(([, value = ""]) => value);

const hasSystemd = spawnSync("systemd-analyze", ["--version"]).status === 0;
const skip = hasSystemd ? false : "left out: there is no systemd-analyze on this machine";

describe("the systemd unit", () => {
  it("sets only variables that Reviewflow or Node knows, and keeps data in its state folder", () => {
    const known = new Set([...VARIABLES.map(({ name }) => name), "NODE_ENV", "NODE_COMPILE_CACHE"]);
    const pairs = valuesOf("Environment")
      .flatMap((line) => line.split(" "))
      .map((pair) => pair.split("="));
    for (const [name = ""] of pairs) assert.ok(known.has(name), `${name} is no setting`);
    const folder = pairs.find(([name]) => name === "REVIEWFLOW_DATA_DIR")?.[1];
    assert.equal(folder, `/var/lib/${valuesOf("StateDirectory")[0]}`);
    const cache = pairs.find(([name]) => name === "NODE_COMPILE_CACHE")?.[1];
    assert.equal(cache, `/var/cache/${valuesOf("CacheDirectory")[0]}`);
  });

  it("leaves V8, WebAssembly and the sandbox's processes what they need", () => {
    for (const key of ["MemoryDenyWriteExecute", "NoExecPaths", "TasksMax", "LimitNPROC", "RootDirectory"])
      assert.deepEqual(valuesOf(key), [], key);
  });

  it("is understood by systemd without a complaint", { skip }, () => {
    const folder = mkdtempSync(join(tmpdir(), "reviewflow-unit-"));
    try {
      const file = join(folder, "reviewflow.service");
      // systemd looks whether the program is there: here it is in the repository.
      writeFileSync(file, UNIT.replace(`ExecStart=${HOME}`, `ExecStart=${ROOT}`));
      const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", file], { encoding: "utf8" });
      assert.deepEqual({ status, complaints: stdout + stderr }, { status: 0, complaints: "" });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
