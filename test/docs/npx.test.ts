import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { commandName } from "../../src/cli/terminal.ts";

const ROOT = new URL("../../", import.meta.url);
const filesOf = (patterns: readonly string[]): readonly string[] =>
  globSync([...patterns], { cwd: fileURLToPath(ROOT) });
const read = (path: string): string => readFileSync(new URL(path, ROOT), "utf8");

/** Where the package is not installed, npx would fetch whatever somebody published under its name. */
describe("npx", () => {
  it("is printed by documents only behind the installation", () => {
    const documents = filesOf(["*.md", "docs/*.md", "examples/**/*.md"]).filter((path) =>
      /npx reviewflow/.test(read(path)),
    );
    assert.ok(documents.length >= 5);
    for (const path of documents) {
      const text = read(path);
      const installed = text.indexOf("npm install");
      assert.ok(installed >= 0 && installed < text.indexOf("npx reviewflow"), path);
    }
  });

  it("is printed by the program only where npm started it", () => {
    for (const [command, name] of [
      ["exec", "npx reviewflow"],
      ["run-script", "npx reviewflow"],
      ["run", "npx reviewflow"],
      ["install", "reviewflow"],
      ["", "reviewflow"],
      [undefined, "reviewflow"],
    ] as const)
      assert.equal(commandName({ npm_command: command }), name);
    const others = filesOf(["src/**/*.ts", "src/**/*.json", "flows/**/*", "deploy/**/*"]).filter(
      (path) => path !== "src/cli/terminal.ts" && /\.\w+$/.test(path) && /npx/.test(read(path)),
    );
    assert.deepEqual(others, []);
  });

  it("finds no package that was published by accident", () => {
    assert.match(read("package.json"), /"private": true/);
  });
});
