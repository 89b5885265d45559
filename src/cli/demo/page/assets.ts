import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

const TYPES = {
  "page.css": "text/css; charset=utf-8",
  "page.mjs": "text/javascript; charset=utf-8",
} as const;

/** A file that the page uses. */
export type Asset = { readonly type: string; readonly bytes: Buffer; readonly hash: string };

const read = (name: keyof typeof TYPES): Asset => {
  const bytes = readFileSync(new URL(`assets/${name}`, import.meta.url));
  return { type: TYPES[name], bytes, hash: createHash("sha256").update(bytes).digest("hex").slice(0, 16) };
};

const ASSETS: ReadonlyMap<string, Asset> = new Map(
  (["page.css", "page.mjs"] as const).map((name) => [name, read(name)]),
);

const FOLDER = "/-/demo/";

/** The file at a path; undefined where there is none. */
export const findAsset = (path: string): Asset | undefined =>
  path.startsWith(FOLDER) ? ASSETS.get(path.slice(FOLDER.length)) : undefined;

/** Where a file is had. The address changes with its content, so that browsers may keep it. */
export const assetUrl = (name: keyof typeof TYPES): string =>
  `${FOLDER}${name}?v=${ASSETS.get(name)?.hash ?? ""}`;
