import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { z } from "zod";
import { ENOUGH } from "../config/config-setup.ts";
import { english as t } from "../messages/saying.ts";
import { runCommand } from "./run-command.ts";

describe("reviewflow serve, refusing", () => {
  const folder = mkdtempSync(join(tmpdir(), "reviewflow-serve-"));
  const environment = { ...ENOUGH, REVIEWFLOW_DATA_DIR: folder };
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("names the variable that gave a value, not the file's key alone", async () => {
    const { code, stderr } = await runCommand(["serve"], { ...environment, REVIEWFLOW_PORT: "abc" });
    assert.equal(code, 1);
    assert.match(stderr, /REVIEWFLOW_PORT \(server\.port\).*"abc"/);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
  });

  it("names the option that gave a value", async () => {
    const { code, stderr } = await runCommand(["serve", "--port", "abc"], environment);
    assert.equal(code, 1);
    const invalid = { name: "-p, --port <port>", value: "abc", why: t("cli.usage.port") };
    assert.equal(stderr, `${t("cli.usage.invalid-value", invalid)}\n`);
  });

  it("takes its port from the option, and says in one sentence that it is in use", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = z.object({ port: z.number() }).parse(other.address());
    const { code, stdout, stderr } = await runCommand(["serve", "--port", String(port)], {
      ...environment,
      REVIEWFLOW_PORT: "0",
    });
    other.close();
    assert.equal(code, 1);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
    assert.match(stderr, new RegExp(`127\\.0\\.0\\.1:${port}.*REVIEWFLOW_PORT`));
    assert.match(stdout.split("\n")[0] ?? "", /"version":"[^"]+","msg":"Reviewflow starts"/);
  });
});

describe("reviewflow --version", () => {
  it("prints the package's", async () => {
    const { version } = z
      .object({ version: z.string() })
      .parse(JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")));
    assert.deepEqual(await runCommand(["--version"]), { code: 0, stdout: `${version}\n`, stderr: "" });
  });
});
