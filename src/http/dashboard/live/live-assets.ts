import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { SVG_STYLE } from "../../../flow/draw/draw-svg.ts";
import { BASE } from "../visit.ts";

/** A file that the picture of a run uses. */
export type LiveAsset = { readonly type: string; readonly text: string };

const read = (name: string): string => readFileSync(new URL(`assets/${name}`, import.meta.url), "utf8");

const ASSETS = {
  "live.css": {
    type: "text/css; charset=utf-8",
    text: `.flow-drawing {\n${SVG_STYLE}}\n${read("live.css")}`,
  },
  "live.mjs": { type: "text/javascript; charset=utf-8", text: read("live.mjs") },
} as const satisfies Readonly<Record<string, LiveAsset>>;

/** The file of that name; undefined when there is none. */
export const findLiveAsset = (name: string): LiveAsset | undefined =>
  name === "live.css" || name === "live.mjs" ? ASSETS[name] : undefined;

/** Where a file is had. The address changes with its content, so that browsers may keep it. */
export const liveAssetUrl = (name: keyof typeof ASSETS): string => {
  const hash = createHash("sha256").update(ASSETS[name].text).digest("hex").slice(0, 16);
  return `${BASE}/live-assets/${name}?v=${hash}`;
};
