import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ROOT } from "./deploy-files.ts";
import { freePort } from "../free-port.ts";

/** A user without rights, whom every system has: `nobody` on Debian. */
const NOBODY = 65534;

/** An nginx over the shipped configuration. */
export type RunningNginx = AsyncDisposable & {
  readonly port: number;
  /** The certificate that it shows, in PEM. */
  readonly certificate: string;
  /** What nginx said on standard error. */
  readonly said: () => string;
};

/** Replaces a text that must be there exactly once, so that the test notices when the file changes. */
export const replaceOnce = (file: string, from: string, to: string): void => {
  const parts = readFileSync(file, "utf8").split(from);
  assert.equal(parts.length, 2, `${file} has ${JSON.stringify(from)} once`);
  writeFileSync(file, parts.join(to));
};

/** Makes a certificate for this machine in a new folder, and gives it in PEM. */
export const makeCertificate = (folder: string): string => {
  mkdirSync(folder);
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:reviews.example.com"];
  const files = ["-keyout", join(folder, "privkey.pem"), "-out", join(folder, "fullchain.pem")];
  const options = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const { status, stderr } = spawnSync("openssl", [...options, "-days", "2", ...names, ...files], {
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  chmodSync(join(folder, "privkey.pem"), 0o644);
  return readFileSync(join(folder, "fullchain.pem"), "utf8");
};

const listens = async (port: number): Promise<boolean> => {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
};

const untilListening = async (child: ChildProcess, port: number, said: () => string): Promise<void> => {
  for (let tries = 0; tries < 200; tries += 1) {
    assert.equal(child.exitCode, null, `nginx ended: ${said()}`);
    if (await listens(port)) return;
    await sleep(50);
  }
  assert.fail(`nginx does not listen: ${said()}`);
};

/** Starts nginx over a copy of deploy/'s configuration, as a user without rights, in a folder of its own. */
export const startNginx = async (
  nginx: string,
  upstream: number | readonly [number, number],
): Promise<RunningNginx> => {
  const folder = mkdtempSync(join(tmpdir(), "reviewflow-nginx-"));
  chmodSync(folder, 0o755);
  const site = join(folder, "nginx", "site.conf");
  cpSync(`${ROOT}deploy/nginx.conf`, join(folder, "nginx.conf"));
  cpSync(`${ROOT}deploy/nginx`, join(folder, "nginx"), { recursive: true });
  const port = await freePort();
  replaceOnce(site, "listen 8443 ssl", `listen 127.0.0.1:${port} ssl`);
  const upstreamFile = join(folder, "nginx", "upstream.conf");
  if (typeof upstream === "number") replaceOnce(upstreamFile, "127.0.0.1:8080", `127.0.0.1:${upstream}`);
  else {
    cpSync(join(folder, "nginx", "upstream-compose.conf"), upstreamFile);
    replaceOnce(upstreamFile, "reviewflow-a:8080", `127.0.0.1:${upstream[0]}`);
    replaceOnce(upstreamFile, "reviewflow-b:8080", `127.0.0.1:${upstream[1]}`);
  }
  const certificate = makeCertificate(join(folder, "tls"));
  const prefix = join(folder, "run");
  mkdirSync(prefix);
  chmodSync(prefix, 0o777);
  const words = ["-e", "stderr", "-p", prefix, "-c", join(folder, "nginx.conf"), "-g", "daemon off;"];
  const child = spawn(nginx, words, {
    stdio: ["ignore", "ignore", "pipe"],
    ...(process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}),
  });
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGTERM");
      await once(child, "exit");
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilListening(child, port, () => output);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, certificate, said: () => output, [Symbol.asyncDispose]: stop };
};
