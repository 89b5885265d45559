import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";
import { ROOT } from "./deploy-files.ts";
import { formatMessage } from "../../src/messages/format-message.ts";

const run = promisify(execFile);
const NPM = process.platform === "win32" ? "npm.cmd" : "npm";

const Packed = z.array(z.object({ path: z.string(), mode: z.number() }));
/** npm lists packages or, in newer versions, has them under their names. */
const PackAnswer = z.union([
  z.array(z.object({ filename: z.string(), files: Packed })),
  z.record(z.string(), z.object({ filename: z.string(), files: Packed })),
]);

const isIn = (path: string, folders: readonly string[]): boolean =>
  folders.some((folder) => path.startsWith(`${folder}/`));

describe("the npm package, by a plain npm pack and npm install", () => {
  let folder = "";
  let installed = "";
  let packed: z.infer<typeof Packed> = [];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "reviewflow-installed-"));
    const { stdout } = await run(NPM, ["pack", "--json", "--pack-destination", folder], {
      cwd: ROOT,
      maxBuffer: 32 * 1024 * 1024,
    });
    const [answer] = Object.values(PackAnswer.parse(JSON.parse(stdout)));
    packed = answer?.files ?? [];
    const tarball = join(folder, answer?.filename ?? "");
    await run(NPM, ["install", "--prefer-offline", "--no-audit", "--no-fund", tarball], { cwd: folder });
    installed = join(folder, "node_modules", "reviewflow");
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const reviewflow = (...words: readonly string[]) =>
    run(join(folder, "node_modules/.bin/reviewflow"), words, {
      env: { ...process.env, MODEL_NAME: "" },
      cwd: folder,
    });

  it("holds all sources, flows, stand-ins and examples, and the command that starts them", async () => {
    const paths = new Set(packed.map(({ path }) => path));
    for (const [source, target] of [
      ["src", "dist/src"],
      ["standins", "dist/standins"],
      ["flows", "dist/flows"],
      ["flows", "flows"],
      ["examples", "examples"],
    ] as const)
      for (const entry of await readdir(ROOT + source, { recursive: true, withFileTypes: true })) {
        const path = target + join(entry.parentPath, entry.name).slice((ROOT + source).length);
        const name = target.startsWith("dist/") ? path.replace(/\.ts$/, ".js") : path;
        // A declaration describes what is there without it.
        if (entry.isFile() && !entry.name.endsWith(".d.ts")) assert.ok(paths.has(name), `${name} is missing`);
      }
    for (const path of [
      "bin/reviewflow",
      "bin/reviewflow.mjs",
      "scripts/bootstrap.mjs",
      "LICENSE",
      "package.json",
    ])
      assert.ok(paths.has(path), `${path} is missing`);
    const command = packed.find(({ path }) => path === "bin/reviewflow");
    assert.equal((command?.mode ?? 0) & 0o111, 0o111, "the command can be executed");
  });

  it("holds nothing else, and leaves nothing in the checkout", () => {
    const single =
      /^((dist\/)?package\.json|LICENSE|README[\w.-]*\.md|bin\/reviewflow(\.mjs)?|scripts\/bootstrap\.mjs)$/;
    const further = /^deploy\/(nginx\.conf|nginx\/[\w-]+\.conf|reviewflow\.service)$/;
    const folders = ["dist/src", "dist/standins", "dist/flows", "flows", "examples"];
    const strays = packed
      .map(({ path }) => path)
      .filter((path) => !isIn(path, folders) && !single.test(path) && !further.test(path));
    assert.deepEqual(strays, []);
    assert.ok(!existsSync(`${ROOT}dist`));
  });

  it("is JavaScript through and through: Node runs no TypeScript under node_modules", async () => {
    const names = await readdir(installed, { recursive: true });
    assert.deepEqual(
      names.filter((name) => name.endsWith(".ts")),
      [],
    );
  });

  it("knows its version", async () => {
    const { version } = z
      .object({ version: z.string() })
      .parse(JSON.parse(await readFile(`${ROOT}package.json`, "utf8")));
    assert.equal((await reviewflow("--version")).stdout, `${version}\n`);
  });

  it("shows the demo: server, store, sandbox and stand-ins run", async () => {
    const { stdout } = await reviewflow("demo");
    assert.ok(stdout.includes(`src/cart.js:3 (${formatMessage("en", "thread.state.resolved")})`));
  });

  it("runs the code of a flow in its sandbox's own workers and processes", async () => {
    const runner = join(installed, "dist/src/sandbox/create-code-runner.js");
    const renderer = join(installed, "dist/src/sandbox/create-template-renderer.js");
    const script = `
      const { createCodeRunner } = await import(${JSON.stringify(pathToFileURL(runner).href)});
      const { createTemplateRenderer } = await import(${JSON.stringify(pathToFileURL(renderer).href)});
      await using runner = createCodeRunner({ http: null });
      await using renderer = createTemplateRenderer();
      const signal = new AbortController().signal;
      const run = (language, code) => runner.run({ language, code, inputs: { a: 20 }, signal });
      console.log(JSON.stringify([
        await run("javascript", "function main({ a }) { return { sum: a + 22 } }"),
        await run("python3", "def main(a):\\n    return {'sum': a + 22}"),
        await renderer.render({ template: "{{ a + 22 }}", variables: { a: 20 }, signal }),
      ]));
    `;
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script]);
    assert.deepEqual(z.array(z.object({ ok: z.boolean() })).parse(JSON.parse(stdout)), [
      { ok: true },
      { ok: true },
      { ok: true },
    ]);
    assert.equal(stdout.match(/42/g)?.length, 3);
  });
});
