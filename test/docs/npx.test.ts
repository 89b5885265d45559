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

  it("is no other way either: documents start our image only where it is never pulled, and no other registry's program", () => {
    const documents = filesOf(["*.md", "docs/*.{md,yml}", "examples/**/*.md", "deploy/**/*"]).filter((path) =>
      /\.\w+$|Dockerfile$/.test(path),
    );
    for (const path of documents) {
      const text = read(path);
      assert.doesNotMatch(
        text,
        /\b(?:pnpm dlx|yarn dlx|bunx|npm (?:x|exec|create|init|i|install)(?: -\S+)*) reviewflow\b/,
        path,
      );
      assert.doesNotMatch(text, /\b(?:docker pull|pip install|brew install|FROM) \S*reviewflow\b/, path);
      // The chart is the one of the repository; a name would be asked for elsewhere.
      assert.doesNotMatch(text, /\bhelm install \S+ (?!deploy\/helm\s)/, path);
      for (const [command] of text.matchAll(/docker run\b(?:[^\n]*\\\n)*[^\n]*\breviewflow$/gm))
        assert.match(command, /--pull never/, path);
    }
  });

  it("finds no package that was published by accident", () => {
    assert.match(read("package.json"), /"private": true/);
  });
});
