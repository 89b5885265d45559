import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { BASE } from "./visit.ts";

const TYPES = {
  "dashboard.css": "text/css; charset=utf-8",
  "dashboard.mjs": "text/javascript; charset=utf-8",
  "icon.svg": "image/svg+xml",
} as const;

/** The name of a file that pages use. */
export type AssetName = keyof typeof TYPES;

/** A file that pages use. */
export type Asset = { readonly type: string; readonly text: string; readonly hash: string };

const read = (name: AssetName): Asset => {
  const text = readFileSync(new URL(`assets/${name}`, import.meta.url), "utf8");
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 16);
  return { type: TYPES[name], text, hash };
};

const ASSETS: ReadonlyMap<string, Asset> = new Map(
  (["dashboard.css", "dashboard.mjs", "icon.svg"] as const).map((name) => [name, read(name)]),
);

/** The file of that name; undefined when there is none. */
export const findAsset = (name: string): Asset | undefined => ASSETS.get(name);

/** Where a file is had. The address changes with its content, so that browsers may keep it. */
export const assetUrl = (name: AssetName): string =>
  `${BASE}/assets/${name}?v=${ASSETS.get(name)?.hash ?? ""}`;
