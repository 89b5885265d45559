import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

const PLACES = [
  "/usr/sbin/nginx",
  "/usr/local/sbin/nginx",
  "/usr/bin/nginx",
  "/opt/homebrew/bin/nginx",
] as const;

/** The nginx of this machine: NGINX_PATH, else where it usually is; null when there is none. */
export const findNginx = (): string | null => {
  const named = process.env["NGINX_PATH"] ?? "";
  return [named, ...PLACES].find((place) => place !== "" && existsSync(place)) ?? null;
};

/**
 * The nginx that tests need. Where there is none, the reason to leave them out; under CI=true that is an
 * error where Debian's packages are at hand.
 */
export const nginxOrReason = ():
  | { readonly path: string; readonly skip: false }
  | { readonly path: null; readonly skip: string } => {
  const path = findNginx();
  if (path !== null) return { path, skip: false };
  const reason = "left out: there is no nginx; install it (apt-get install nginx-light) or set NGINX_PATH";
  const hasApt = spawnSync("apt-get", ["--version"]).status === 0;
  if (process.env["CI"] === "true" && hasApt) throw new Error(reason);
  return { path: null, skip: reason };
};
