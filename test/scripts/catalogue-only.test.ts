import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { globSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const RULE = "reviewflow/catalogue-only";

const Config = z.object({
  jsPlugins: z.array(z.string()),
  overrides: z.array(z.object({ files: z.array(z.string()), rules: z.record(z.string(), z.unknown()) })),
});

const Plugin = z.object({
  EXCEPTIONS: z.array(z.object({ why: z.string(), paths: z.array(z.string()) })),
});

const Report = z.object({
  diagnostics: z.array(
    z.object({ code: z.string(), labels: z.array(z.object({ span: z.object({ line: z.number() }) })) }),
  ),
});

suite("the rule that texts for people stand in the catalogue", () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "reviewflow-lint-"));
    const { jsPlugins, overrides } = Config.parse(
      JSON.parse(await readFile(join(ROOT, ".oxlintrc.json"), "utf8")),
    );
    const config = {
      jsPlugins: jsPlugins.map((plugin) => join(ROOT, plugin)),
      categories: { correctness: "off" },
      overrides: overrides.filter(({ rules }) => RULE in rules),
    };
    await writeFile(join(folder, ".oxlintrc.json"), JSON.stringify(config));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** The lines that are refused of a file of the product. */
  const refusedLines = async (path: string, lines: readonly string[]): Promise<readonly number[]> => {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, lines.join("\n"));
    const command = join(ROOT, "node_modules/oxlint/bin/oxlint");
    const { stdout } = await promisify(execFile)(process.execPath, [command, "--format=json", path], {
      cwd: folder,
    }).catch((failed: unknown) => z.object({ stdout: z.string() }).parse(failed));
    return Report.parse(JSON.parse(stdout)).diagnostics.flatMap(({ labels }) =>
      labels.map(({ span }) => span.line),
    );
  };

  test("refuses a sentence where notes and pages are made", async () => {
    const refused = [
      'export const a = "The run was cancelled.";',
      "export const b = (count: number) => `and ${count} more of them`;",
      'export const c = "レビュー";',
      "export const d = html`<p>Cancelled</p>`;",
      'export const e = html`<nav aria-label="Pages"></nav>`;',
    ];
    const everyLine = refused.map((_, index) => index + 1);
    for (const path of [
      "src/http/dashboard/pages/planted.ts",
      "src/review/plan/planted.ts",
      "src/cli/demo/page/planted.ts",
      "src/cli/planted.ts",
      "src/config/planted.ts",
      "src/a-new-room/planted.ts",
    ])
      assert.deepEqual(
        (await refusedLines(path, refused)).toSorted((left, right) => left - right),
        everyLine,
        path,
      );
  });

  test("lets pass codes, markup, log lines and defects", async () => {
    const passed = [
      'import { html } from "../markup.ts";',
      'export const a = t("run.cancel");',
      'export const b = html`<p class="soft written">${a}</p>`;',
      'export const c = html`aria-current="page"`;',
      'logger.info({ runId }, "Run cancelled on the dashboard");',
      'throw new Error("There is no such node; this is a defect");',
    ];
    assert.deepEqual(await refusedLines("src/http/dashboard/pages/passed.ts", passed), []);
  });

  test("refuses what a command throws, which is printed, but for a defect", async () => {
    const thrown = [
      'throw new CommandError("There is no such file; name another");',
      'throw mistake("There is no such file; name another");',
      'throw new Error("There is no such file; this is a defect");',
    ];
    assert.deepEqual(await refusedLines("src/cli/thrown.ts", thrown), [1, 2]);
    assert.deepEqual(await refusedLines("src/config/thrown.ts", thrown), [2]);
  });

  test("leaves files alone where sentences may stand, for a reason", async () => {
    const { EXCEPTIONS } = Plugin.parse(await import(join(ROOT, "scripts/lint/catalogue-only.mjs")));
    const sentence = 'export const a = "The run was cancelled.";';
    for (const { why, paths } of EXCEPTIONS) {
      assert.notEqual(why, "");
      for (const begin of paths) {
        const files = globSync("src/**/*.{ts,js}", { cwd: ROOT }).filter((file) => file.startsWith(begin));
        assert.ok(files.length > 0, begin);
        assert.deepEqual(await refusedLines(files[0] ?? begin, [sentence]), [], begin);
      }
    }
  });
});
