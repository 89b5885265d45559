import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { renderGeneratedFiles } from "../../scripts/docs/generated-files.ts";

test("what is made from the schemas and the catalogue is up to date (npm run docs)", () => {
  for (const [path, text] of renderGeneratedFiles())
    assert.equal(readFileSync(new URL(`../../${path}`, import.meta.url), "utf8"), text, path);
});
