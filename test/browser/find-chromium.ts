import { existsSync } from "node:fs";

const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/snap/bin/chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
] as const;

/** The browser of this machine: CHROMIUM_PATH, else where it usually is; null when there is none. */
export const findChromium = (): string | null => {
  const named = process.env["CHROMIUM_PATH"] ?? "";
  return [named, ...PLACES].find((place) => place !== "" && existsSync(place)) ?? null;
};

/**
 * The browser that tests need. Where there is none, the reason to leave them out; under CI=true nothing
 * may be left out, so that it throws instead.
 */
export const chromiumOrReason = ():
  | { readonly path: string; readonly skip: false }
  | { readonly path: null; readonly skip: string } => {
  const path = findChromium();
  if (path !== null) return { path, skip: false };
  const reason = "left out: there is no Chromium; install it (apt-get install chromium) or set CHROMIUM_PATH";
  if (process.env["CI"] === "true") throw new Error(reason);
  return { path: null, skip: reason };
};
