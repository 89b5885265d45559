import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { createProgram } from "../../src/cli/create-program.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const DOCUMENTS = globSync(["*.md", "docs/*.md", "examples/**/*.md"], { cwd: ROOT });
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** Every use of the command in code, in blocks and in sentences. */
const usesIn = (markdown: string): readonly string[] =>
  [...markdown.matchAll(/```[\s\S]*?```|`[^`\n]+`/g)]
    .flatMap(([code]) => code.replaceAll("\\\n", " ").replaceAll("`", "").split(/\n|&&/))
    // There it is the name of an image, a container, a unit or an object of Kubernetes.
    .filter((line) => !/^\s*(docker|journalctl|sudo|kubectl|helm)\b/.test(line))
    .flatMap(
      (line) =>
        /(?:^|\s|=)(?:npx reviewflow|reviewflow|node (?:bin\/reviewflow\.mjs|src\/cli\/reviewflow\.ts)|\.bin\/reviewflow)\s+(?<rest>[a-z-][^#|>]*)/u.exec(
          line,
        )?.groups?.["rest"] ?? [],
    );

/** What is wrong with a use, or null. */
const problemOf = (use: string, program: Command): string | null => {
  const words = use.trim().split(/\s+/);
  let command = program;
  while (words[0] !== undefined) {
    const next = command.commands.find((one) => one.name() === words[0]);
    if (next === undefined) break;
    command = next;
    words.shift();
  }
  if (command === program && words[0]?.startsWith("-") !== true) return `there is no command ${words[0]}`;
  if (
    command.commands.length > 0 &&
    command.registeredArguments.length === 0 &&
    words[0]?.startsWith("-") !== true
  )
    return words.length === 0 ? null : `${command.name()} has no command ${words[0]}`;
  const flags = words.filter((word) => /^--?[a-z]/.test(word)).map((word) => word.split("=")[0] ?? word);
  const known = command.options.flatMap(({ short, long }) => [short, long]);
  const unknown = flags.find((flag) => ![...known, "--help", "-h"].includes(flag.replace(/[`,.;:)]+$/, "")));
  return unknown === undefined ? null : `${command.name()} has no option ${unknown}`;
};

describe("the documents", () => {
  test("quote commands and options that exist", () => {
    const program = createProgram();
    const uses = DOCUMENTS.flatMap((path) => usesIn(read(path)).map((use) => ({ path, use })));
    assert.ok(uses.length > 40, `only ${uses.length} were found`);
    const wrong = uses.flatMap(({ path, use }) => {
      const problem = problemOf(use, program);
      return problem === null ? [] : [`${path}: reviewflow ${use}: ${problem}`];
    });
    assert.deepEqual(wrong, []);
  });

  test("print no user name of a bot as if it were everybody's", () => {
    assert.deepEqual(
      DOCUMENTS.filter((path) => /@bot\b/.test(read(path))),
      [],
    );
  });

  test("link to files that are there", () => {
    const broken = DOCUMENTS.flatMap((path) =>
      [...read(path).matchAll(/\]\((?!https?:|#|mailto:)(?<target>[^)#\s]+)/g)]
        .map((match) => match.groups?.["target"] ?? "")
        .filter((target) => !existsSync(join(ROOT, dirname(path), target)))
        .map((target) => `${path}: ${target}`),
    );
    assert.deepEqual(broken, []);
  });
});
