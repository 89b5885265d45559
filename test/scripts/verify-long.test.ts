import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

describe("the long checks", () => {
  it("name their parts where an unknown one is asked for, and do nothing", () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [`${ROOT}scripts/verify-long.mjs`, "debian", "nothing"],
      { encoding: "utf8" },
    );
    assert.deepEqual({ status, stdout }, { status: 1, stdout: "" });
    assert.match(stderr, /nothing.*: debian/);
  });

  it("have their last outcome, with date and commit, in docs/verification.md", () => {
    const rows = readFileSync(`${ROOT}docs/verification.md`, "utf8")
      .split("\n")
      .filter((line) => line.startsWith("| `debian` |"));
    assert.equal(rows.length, 1);
    assert.match(rows[0] ?? "", /^\| `debian` \| \d{4}-\d\d-\d\d \| [0-9a-f]{12} \| passed: /);
  });
});
