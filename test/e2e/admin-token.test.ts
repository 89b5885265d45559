import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, describe, it } from "node:test";
import { runCommand } from "../cli/run-command.ts";
import { ENOUGH } from "../config/config-setup.ts";
import { API_PATH } from "../../src/http/api/api.ts";
import { startServerProcess } from "./server-process.ts";
import { english as t, saying } from "../messages/saying.ts";

const COMMAND = new URL("../../src/cli/reviewflow.ts", import.meta.url).pathname;
const CONFIGURED = "an-admin-token-that-is-configured";

describe("a server that others can reach, without a configured admin token", () => {
  const folder = mkdtempSync(join(tmpdir(), "reviewflow-admin-token-"));
  const file = join(folder, "admin-token");
  const environment = {
    ...ENOUGH,
    GITLAB_URL: "http://127.0.0.1:9",
    REVIEWFLOW_DATA_DIR: folder,
    REVIEWFLOW_HOST: "0.0.0.0",
    REVIEWFLOW_PORT: "0",
  };
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Asks for a delivery that is not there, as a second terminal with the same settings would. */
  const ask = (url: string, extra: Readonly<Record<string, string>> = {}) =>
    runCommand(["why", "nobody-sent-this"], {
      ...environment,
      REVIEWFLOW_PORT: new URL(url).port,
      ...extra,
    });
  /** What the API answers to a token; 404 is its word for a delivery that is not there. */
  const statusFor = async (url: string, token: string): Promise<number> => {
    const local = `http://127.0.0.1:${new URL(url).port}`;
    const headers = { authorization: `Bearer ${token}` };
    return (await fetch(`${local}${API_PATH}/deliveries/nobody-sent-this`, { headers })).status;
  };

  it("makes one that only its user may read, shows its path and not its text, and lets commands in with it", async () => {
    const server = await startServerProcess(environment);
    try {
      const token = readFileSync(file, "utf8").trim();
      assert.ok(token.length >= 32);
      assert.equal(statSync(file).mode & 0o777, 0o600);
      const { code, stderr } = await ask(server.url);
      assert.equal(code, 1);
      assert.equal(stderr, `${t("why.unknown", { delivery: "nobody-sent-this" })}\n`);
      assert.equal(await statusFor(server.url, token), 404);
      const elsewhere = await ask(server.url, { REVIEWFLOW_DATA_DIR: join(folder, "none") });
      assert.match(elsewhere.stderr, saying("cli.server.token-missing"));
      assert.ok(server.output().includes(file));
      assert.ok(!server.output().includes(token));
    } finally {
      await server.stop();
    }
  });

  it("keeps it over a start, and makes another where it was deleted", async () => {
    const first = readFileSync(file, "utf8");
    await (await startServerProcess(environment)).stop();
    assert.equal(readFileSync(file, "utf8"), first);
    rmSync(file);
    await (await startServerProcess(environment)).stop();
    assert.notEqual(readFileSync(file, "utf8"), first);
  });

  it("prefers the configured one", async () => {
    const made = readFileSync(file, "utf8").trim();
    const server = await startServerProcess({ ...environment, REVIEWFLOW_ADMIN_TOKEN: CONFIGURED });
    try {
      assert.equal(await statusFor(server.url, made), 401);
      assert.equal(await statusFor(server.url, CONFIGURED), 404);
      const { stderr } = await ask(server.url, { REVIEWFLOW_ADMIN_TOKEN: CONFIGURED });
      assert.equal(stderr, `${t("why.unknown", { delivery: "nobody-sent-this" })}\n`);
      assert.ok(!server.output().includes(CONFIGURED));
    } finally {
      await server.stop();
    }
  });

  it("makes none where it is open to this machine alone", async () => {
    rmSync(file);
    await (await startServerProcess({ ...environment, REVIEWFLOW_HOST: "127.0.0.1" })).stop();
    assert.ok(!existsSync(file));
  });

  it("refuses a file that holds no token, and says that it may be deleted", async () => {
    writeFileSync(file, "short\n");
    const { code, stderr } = await runCommand(["serve"], environment);
    assert.equal(code, 1);
    assert.match(stderr, saying("cli.admin-token.unreadable"));
    rmSync(file);
  });

  const hasScript = spawnSync("script", ["--version"]).status === 0;
  it("shows the token at a terminal", { skip: !hasScript && process.env["CI"] !== "true" }, async () => {
    const child = spawn("script", ["-qec", `"${process.execPath}" "${COMMAND}" serve`, "/dev/null"], {
      env: { PATH: process.env["PATH"], TERM: "dumb", ...environment },
      stdio: ["ignore", "pipe", "ignore"],
    });
    const closed = once(child, "close");
    let shown: string | undefined;
    const line = new RegExp(`^${t("cli.serve.admin-token", { token: "(\\S+)" })}$`);
    for await (const text of createInterface({ input: child.stdout })) {
      shown = line.exec(text)?.[1];
      if (shown !== undefined) break;
    }
    child.kill();
    child.stdout.resume();
    await closed;
    assert.equal(shown, readFileSync(file, "utf8").trim());
  });
});
