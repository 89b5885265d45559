/**
 * `npm run verify`: every check and every test, on a machine that has only Node 20 and npm. Brings
 * PostgreSQL, Chromium and nginx from Debian's packages where it may, and says what it left out otherwise.
 * With CI=true nothing may be left out.
 */
import { existsSync, readdirSync } from "node:fs";
import { bringGit, findNode, install, installDebianPackages, nodeEnvironment, run } from "./bootstrap.mjs";

const strict = process.env.CI === "true";

/** Where Chromium usually is; the browser tests look there, too. */
const BROWSERS = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/snap/bin/chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/** Where nginx usually is; its tests look there, too. */
const PROXIES = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx", "/opt/homebrew/bin/nginx"];

const SYSTEM_PARTS = [
  {
    name: "PostgreSQL",
    packages: ["postgresql"],
    present: () =>
      existsSync("/usr/lib/postgresql") &&
      readdirSync("/usr/lib/postgresql").some((version) =>
        existsSync(`/usr/lib/postgresql/${version}/bin/initdb`),
      ),
  },
  {
    name: "Chromium",
    packages: ["chromium", "fonts-noto-cjk"],
    present: () =>
      [process.env.CHROMIUM_PATH, ...BROWSERS].some((path) => path !== undefined && existsSync(path)),
  },
  {
    name: "nginx",
    packages: ["nginx-light"],
    present: () =>
      [process.env.NGINX_PATH, ...PROXIES].some((path) => path !== undefined && existsSync(path)),
  },
];

const bring = (part) => part.present() || (installDebianPackages(part.packages) && part.present());

install();
const node = findNode({ bring: true });
const env = nodeEnvironment(node);
const leftOut = SYSTEM_PARTS.filter((part) => !bring(part)).map((part) => part.name);
if (!bringGit()) leftOut.push("git");

const npm = process.platform === "win32" ? "npm.cmd" : "npm";
run(npm, ["run", "--silent", "check"], env);
run(npm, ["run", "--silent", "audit"], env);
if (leftOut.length > 0) {
  console.log(
    `Left out, because it is not installed and cannot be installed from here: ${leftOut.join(", ")}.`,
  );
  if (strict) process.exit(1);
}
run(npm, ["run", "--silent", "test"], env);
