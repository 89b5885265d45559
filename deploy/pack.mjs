/**
 * What `npm pack` runs first (`prepack`): makes dist/, the sources as JavaScript with what they read beside them.
 * Node runs TypeScript everywhere but under node_modules, where an installed package lies.
 */
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import module from "node:module";
import { dirname, join } from "node:path";
import { root, useNode } from "../scripts/bootstrap.mjs";

useNode(import.meta.url);

const dist = join(root, "dist");

/** Import specifiers and the addresses of files beside a module: `.ts` becomes `.js`, other texts stay. */
const REFERENCE = /(\bfrom\s+|\bimport\s+|\bimport\(\s*|\bnew URL\(\s*)"([^"\n]+)\.ts"/g;
const renameReferences = (code) => code.replaceAll(REFERENCE, '$1"$2.js"');

rmSync(dist, { recursive: true, force: true });
for (const entry of globSync("{src,standins,flows}/**", { cwd: root, withFileTypes: true })) {
  if (!entry.isFile() || entry.name.endsWith(".d.ts")) continue;
  const source = join(entry.parentPath, entry.name);
  const target = join(dist, source.slice(root.length));
  mkdirSync(dirname(target), { recursive: true });
  const read = () => readFileSync(source, "utf8");
  if (entry.name.endsWith(".ts"))
    writeFileSync(target.replace(/\.ts$/, ".js"), renameReferences(module.stripTypeScriptTypes(read())));
  else if (entry.name.endsWith(".mjs")) writeFileSync(target, renameReferences(read()));
  else cpSync(source, target);
}
const { name, version, type } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
writeFileSync(join(dist, "package.json"), `${JSON.stringify({ name, version, type })}\n`);
