import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const document = readFileSync(`${ROOT}docs/operations.md`, "utf8");

/** The promises of the document: rows of its tables, without their heads, and items of its lists. */
const promisesOf = (markdown: string): readonly string[] => {
  const promises: string[] = [];
  let isHead = true;
  for (const line of markdown.split("\n")) {
    if (line.startsWith("|")) {
      if (/^\|[-|]+\|$/.test(line)) isHead = false;
      else if (!isHead) promises.push(line);
      continue;
    }
    isHead = true;
    if (line.startsWith("- ")) promises.push(line);
    else if (line.startsWith("  ") && promises.length > 0)
      promises.push(`${promises.pop() ?? ""} ${line.trim()}`);
  }
  return promises;
};

const testsOf = (promise: string): readonly string[] =>
  [...promise.matchAll(/`(test\/[^`\s]+)`/g)].map((match) => match[1] ?? "");

describe("docs/operations.md", () => {
  const promises = promisesOf(document);

  test("names a test for every promise", () => {
    assert.ok(promises.length > 40, `only ${promises.length} promises were found`);
    assert.deepEqual(
      promises.filter((promise) => testsOf(promise).length === 0),
      [],
    );
  });

  test("names tests that are there", () => {
    const named = new Set(testsOf(document));
    assert.deepEqual(
      [...named].filter((path) => globSync(path, { cwd: ROOT }).length === 0),
      [],
    );
  });
});
