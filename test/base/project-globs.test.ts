import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isProjectAllowed } from "../../src/base/project-globs.ts";

describe("a secret's projects", () => {
  test("are matched by globs without regard to case", () => {
    assert.equal(isProjectAllowed(null, "group/project"), true);
    assert.equal(isProjectAllowed(["group/*"], "Group/Project"), true);
    assert.equal(isProjectAllowed(["GROUP/**"], "group/sub/project"), true);
    assert.equal(isProjectAllowed(["group/*"], "group/sub/project"), false);
    assert.equal(isProjectAllowed(["other/**", "group/project"], "group/project"), true);
    assert.equal(isProjectAllowed(["group/*"], "group/.github"), true);
    assert.equal(isProjectAllowed([], "group/project"), false);
    assert.equal(isProjectAllowed(["**"], ""), false);
  });
});
