import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { renderGeneratedFiles } from "../../scripts/docs/generated-files.ts";

test("the documents that are made from the schemas are up to date (npm run docs)", () => {
  for (const [path, text] of renderGeneratedFiles())
    assert.equal(readFileSync(new URL(`../../${path}`, import.meta.url), "utf8"), text, path);
});
