/**
 * `node deploy/pack.mjs [FOLDER]`: writes the npm package, reviewflow-VERSION.tgz, to a folder (here when none
 * is named). Node runs TypeScript everywhere but under node_modules, where an installed package lies: the
 * package holds the same files with their types stripped, as JavaScript. Needs Node 26.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const npmCommand = process.platform === "win32" ? "npm.cmd" : "npm";

const npm = (cwd, ...args) => {
  const { status, stdout, stderr, error } = spawnSync(npmCommand, args, {
    cwd,
    encoding: "utf8",
    maxBuffer: 32 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`npm ${args.join(" ")} failed: ${error?.message ?? stderr}`);
  return JSON.parse(stdout);
};

/** The one package that `npm pack --json` tells about, whether as a list or under its name. */
const packageOf = (answer) => Object.values(answer)[0];

/** Import specifiers and the addresses of files beside a module: `.ts` becomes `.js`, other texts stay. */
const REFERENCE = /(\bfrom\s+|\bimport\s+|\bimport\(\s*|\bnew URL\(\s*)"([^"\n]+)\.ts"/g;
const renameReferences = (code) => code.replaceAll(REFERENCE, '$1"$2.js"');

const toPackageJson = (text) => {
  // What only developers need; `undefined` is left out of the text.
  const kept = { ...JSON.parse(text), devDependencies: undefined, scripts: undefined };
  return `${JSON.stringify(kept, null, 2)}\n`;
};

const stageFile = (stage, path) => {
  const target = join(stage, path);
  mkdirSync(dirname(target), { recursive: true });
  const read = () => readFileSync(join(root, path), "utf8");
  if (path === "package.json") writeFileSync(target, toPackageJson(read()));
  else if (path.endsWith(".ts"))
    writeFileSync(target.replace(/\.ts$/, ".js"), renameReferences(stripTypeScriptTypes(read())));
  else {
    cpSync(join(root, path), target);
    if (path.endsWith(".mjs")) writeFileSync(target, renameReferences(read()));
  }
};

const out = resolve(process.argv[2] ?? ".");
mkdirSync(out, { recursive: true });
const stage = mkdtempSync(join(tmpdir(), "reviewflow-pack-"));
try {
  const { files } = packageOf(npm(root, "pack", "--dry-run", "--json", "--ignore-scripts"));
  for (const { path } of files) stageFile(stage, path);
  const { filename } = packageOf(npm(stage, "pack", "--json", "--ignore-scripts", "--pack-destination", out));
  process.stdout.write(`${join(out, filename)}\n`);
} finally {
  rmSync(stage, { recursive: true, force: true });
}
