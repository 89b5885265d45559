/**
 * `node scripts/generate-time-zones.mjs FOLDER VERSION`: writes src/sandbox/python/time-zones.bin, the zones of
 * Python's zoneinfo, from a folder of compiled zones, such as `tzdata/zoneinfo` of PyPI's wheel `tzdata`.
 *
 * The file is zlib's form of a line of JSON, `{"version": …, "zones": {name: [start, length]}}`, a newline, and
 * the zones' contents one behind the other; names for the same contents share them.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import process from "node:process";
import { deflateSync } from "node:zlib";

const [folder, version] = process.argv.slice(2);
if (folder === undefined || version === undefined)
  throw new Error("Usage: node scripts/generate-time-zones.mjs FOLDER VERSION");

const MAGIC = "TZif";
const places = new Map();
const parts = [];
let end = 0;
const zones = {};
const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
for (const path of files.map((entry) => join(entry.parentPath, entry.name)).sort()) {
  const content = readFileSync(path);
  if (content.subarray(0, MAGIC.length).toString("latin1") !== MAGIC) continue;
  const key = content.toString("latin1");
  if (!places.has(key)) {
    places.set(key, [end, content.length]);
    parts.push(content);
    end += content.length;
  }
  zones[relative(folder, path).replaceAll("\\", "/")] = places.get(key);
}
const head = Buffer.from(`${JSON.stringify({ version, zones })}\n`);
const file = deflateSync(Buffer.concat([head, ...parts]), { level: 9 });
writeFileSync(new URL("../src/sandbox/python/time-zones.bin", import.meta.url), file);
process.stdout.write(`${Object.keys(zones).length} zones, ${parts.length} contents, ${file.length} bytes\n`);
