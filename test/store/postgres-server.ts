import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { z } from "zod";

/** A PostgreSQL server of our own in a temporary folder. */
export type PostgresServer = {
  readonly url: string;
  /** Makes an empty database and returns its URL. */
  readonly createDatabase: () => Promise<string>;
  /** Ends it orderly and removes its folder. */
  readonly stop: () => Promise<void>;
  /** Ends it like a crash, keeping its folder. */
  readonly kill: () => Promise<void>;
  /** Starts it again after `kill`. */
  readonly restart: () => Promise<void>;
};

/** Why there is no server to test with. */
export const POSTGRES_MISSING = "PostgreSQL's binaries are not installed (/usr/lib/postgresql/*/bin)";

const PASSWORD = "a-password-to-look-for";

const findBinaries = (): string | null => {
  const root = "/usr/lib/postgresql";
  if (!existsSync(root)) return null;
  const versions = readdirSync(root).toSorted((a, b) => Number(b) - Number(a));
  return (
    versions.map((version) => join(root, version, "bin")).find((bin) => existsSync(join(bin, "initdb"))) ??
    null
  );
};

/** PostgreSQL refuses to run as root. */
const findUser = (): { readonly uid: number; readonly gid: number } | null => {
  if (process.getuid?.() !== 0) return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  try {
    const id = (flag: string): number => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
    return { uid: id("-u"), gid: id("-g") };
  } catch {
    return null;
  }
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
};

const Rows = z.array(z.record(z.string(), z.unknown()));

/** The rows of one statement, over a connection of its own: the server may have been away meanwhile. */
export const queryPostgres = async (
  url: string,
  text: string,
  params: readonly unknown[] = [],
): Promise<z.infer<typeof Rows>> => {
  const client = new Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    // Several statements in one text have several results, which nobody asks for.
    return Rows.safeParse((await client.query(text, [...params])).rows).data ?? [];
  } finally {
    await client.end();
  }
};

const waitUntilReady = async (url: string): Promise<void> => {
  for (let tries = 0; tries < 1_200; tries += 1) {
    try {
      await queryPostgres(url, "SELECT 1");
      return;
    } catch {
      await delay(50);
    }
  }
  throw new Error("PostgreSQL did not start");
};

/**
 * Starts a server, or returns null where PostgreSQL is not installed; under CI=true that is an error,
 * so that its tests cannot be left out unseen.
 */
export const startPostgres = async (): Promise<PostgresServer | null> => {
  const bin = findBinaries();
  const user = findUser();
  if (bin === null || user === null) {
    if (process.env["CI"] === "true") throw new Error(POSTGRES_MISSING);
    return null;
  }
  const folder = mkdtempSync(join(tmpdir(), "reviewflow-postgres-"));
  const data = join(folder, "data");
  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, PASSWORD);
  for (const path of [folder, passwordFile]) chownSync(path, user.uid, user.gid);
  const as = { uid: user.uid, gid: user.gid, cwd: folder };
  execFileSync(
    join(bin, "initdb"),
    [
      "-D",
      data,
      "-U",
      "reviewflow",
      "-A",
      "scram-sha-256",
      `--pwfile=${passwordFile}`,
      "--no-sync",
      "-E",
      "UTF8",
    ],
    { ...as, stdio: "ignore" },
  );
  const port = await freePort();
  const url = (database: string): string => `postgres://reviewflow:${PASSWORD}@127.0.0.1:${port}/${database}`;
  const args = ["-D", data, "-k", folder, "-p", String(port), "-c", "listen_addresses=127.0.0.1"];
  let child: ChildProcess;
  const launch = async (): Promise<void> => {
    child = spawn(join(bin, "postgres"), [...args, "-c", "fsync=off", "-c", "max_connections=200"], {
      ...as,
      stdio: "ignore",
    });
    await waitUntilReady(url("postgres"));
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  };
  await launch();
  process.once("exit", () => void child.kill("SIGKILL"));
  let databases = 0;
  return {
    url: url("postgres"),
    createDatabase: async () => {
      databases += 1;
      const name = `test_${databases}`;
      await queryPostgres(url("postgres"), `CREATE DATABASE ${name}`);
      return url(name);
    },
    stop: async () => {
      await end("SIGINT");
      rmSync(folder, { recursive: true, force: true });
    },
    kill: () => end("SIGKILL"),
    restart: launch,
  };
};
