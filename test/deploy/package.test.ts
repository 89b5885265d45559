import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";
import { ROOT } from "./deploy-files.ts";

const run = promisify(execFile);
const NPM = process.platform === "win32" ? "npm.cmd" : "npm";

const Packed = z.object({ files: z.array(z.object({ path: z.string(), mode: z.number() })) });
/** npm tells about packages in a list or, in newer versions, by their names. */
const PackAnswer = z.union([z.array(Packed), z.record(z.string(), Packed)]);

const isIn = (path: string, folders: readonly string[]): boolean =>
  folders.some((folder) => path.startsWith(`${folder}/`));

describe("the npm package", () => {
  let packed: z.infer<typeof Packed>["files"] = [];
  before(async () => {
    const { stdout } = await run(NPM, ["pack", "--dry-run", "--json", "--ignore-scripts"], {
      cwd: ROOT,
      maxBuffer: 32 * 1024 * 1024,
    });
    packed = Object.values(PackAnswer.parse(JSON.parse(stdout)))[0]?.files ?? [];
  });

  it("holds all sources, flows, stand-ins and examples, and the command that starts them", async () => {
    const paths = new Set(packed.map(({ path }) => path));
    for (const folder of ["src", "flows", "standins", "examples"])
      for (const entry of await readdir(ROOT + folder, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name).slice(ROOT.length).replaceAll("\\", "/");
        if (entry.isFile()) assert.ok(paths.has(path), `${path} is missing`);
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

  it("holds nothing else", () => {
    const single =
      /^(package\.json|LICENSE|README[\w.-]*\.md|bin\/reviewflow(\.mjs)?|scripts\/bootstrap\.mjs)$/;
    const further = /^deploy\/(nginx\.conf|nginx\/[\w-]+\.conf|reviewflow\.service)$/;
    const strays = packed
      .map(({ path }) => path)
      .filter(
        (path) =>
          !isIn(path, ["src", "flows", "standins", "examples"]) && !single.test(path) && !further.test(path),
      );
    assert.deepEqual(strays, []);
  });
});

describe("the package as it is installed", () => {
  let folder = "";
  let installed = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "reviewflow-installed-"));
    const { stdout } = await run(process.execPath, [`${ROOT}deploy/pack.mjs`, folder]);
    const modules = join(folder, "node_modules");
    installed = join(modules, "reviewflow");
    await mkdir(installed, { recursive: true });
    await run("tar", ["xzf", stdout.trim(), "-C", installed, "--strip-components=1"]);
    // What it depends on, without asking a registry: the packages that are installed here.
    for (const name of await readdir(`${ROOT}node_modules`))
      if (!name.startsWith(".") && name !== "pyodide")
        await symlink(`${ROOT}node_modules/${name}`, join(modules, name));
    // The sandbox's process may read Pyodide's folder and no link to it; npm installs folders.
    await cp(`${ROOT}node_modules/pyodide`, join(modules, "pyodide"), { recursive: true });
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const reviewflow = (...words: readonly string[]) =>
    run(process.execPath, [join(installed, "bin/reviewflow.mjs"), ...words], {
      env: { ...process.env, MODEL_NAME: "" },
      cwd: folder,
    });

  it("is JavaScript through and through: Node runs no TypeScript under node_modules", async () => {
    const names = await readdir(installed, { recursive: true });
    assert.deepEqual(
      names.filter((name) => name.endsWith(".ts")),
      [],
    );
  });

  it("shows the demo: server, store, sandbox and stand-ins run", async () => {
    const { stdout } = await reviewflow("demo");
    assert.match(stdout, /src\/cart\.js:3 \(resolved\)/);
  });

  it("runs the code of a flow in its sandbox's own workers and processes", async () => {
    const runner = join(installed, "src/sandbox/create-code-runner.js");
    const renderer = join(installed, "src/sandbox/create-template-renderer.js");
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
