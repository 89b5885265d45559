import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, realpath, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { readServerEnvironment } from "../../src/cli/server-environment.ts";
import { recordedTerminal } from "./recorded-terminal.ts";
import { formatMessage } from "../../src/messages/format-message.ts";
import { saying } from "../messages/saying.ts";
import { runCommand } from "./run-command.ts";

describe("the .env beside a command", () => {
  let folder = "";
  before(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), "reviewflow-env-")));
  });
  beforeEach(() => rm(join(folder, ".git"), { recursive: true, force: true }));
  after(() => rm(folder, { recursive: true, force: true }));

  const write = (text: string): Promise<void> => writeFile(join(folder, ".env"), text, { mode: 0o600 });
  const read = async (environment: Readonly<Record<string, string>> = {}) => {
    const terminal = recordedTerminal();
    return { found: await readServerEnvironment({ ...terminal, environment, folder }), err: terminal.err() };
  };

  it("fills what the environment leaves out, in either of a secret's two forms", async () => {
    await write(
      "GITLAB_URL=https://in.file\nGITLAB_TOKEN='a # b'\nWEBHOOK_SECRET_FILE=/in/file\nMODEL_NAME=m\n",
    );
    const { found, err } = await read({
      GITLAB_URL: "https://outside",
      GITLAB_TOKEN_FILE: "/outside",
      WEBHOOK_SECRET: "outside",
    });
    assert.deepEqual(found, {
      GITLAB_URL: "https://outside",
      GITLAB_TOKEN_FILE: "/outside",
      WEBHOOK_SECRET: "outside",
      MODEL_NAME: "m",
    });
    assert.equal(err, "");
    assert.equal((await read()).found["GITLAB_TOKEN"], "a # b");
    await rm(join(folder, ".env"));
    assert.deepEqual(await read({ A: "b" }), { found: { A: "b" }, err: "" });
  });

  it("is passed over with a line where it came with a repository", async () => {
    await write("GITLAB_URL=https://elsewhere.example\n");
    const git = (...parameters: readonly string[]): void =>
      void execFileSync("git", ["-C", folder, ...parameters], { stdio: "ignore" });
    git("init");
    assert.equal((await read()).found["GITLAB_URL"], "https://elsewhere.example");
    git("add", "-f", ".env");
    const { found, err } = await read();
    assert.deepEqual(found, {});
    assert.equal(err, `${formatMessage("en", "cli.env.tracked", { file: join(folder, ".env") })}\n`);
    assert.ok(!err.includes("elsewhere"));
  });

  it("is passed over with a line where it cannot be read", async () => {
    await rm(join(folder, ".env"), { force: true });
    // A folder: root may read every file.
    await mkdir(join(folder, ".env"));
    const { found, err } = await read();
    assert.deepEqual(found, {});
    assert.match(err, saying("cli.env.unreadable"));
    await rmdir(join(folder, ".env"));
  });

  const MARK = "REVIEWFLOW_MARK_OF_THE_FILE";
  const run = (words: string) => runCommand(words.split(" "), {}, { folder });

  for (const words of [
    "serve",
    "doctor",
    "hook status team/shop",
    "rules team/shop src/a.ts",
    "why some-delivery",
    "forget team/shop --yes",
    "lessons show team/shop",
    "shadow",
    "backup copy.tar.gz",
    "keys status",
    "keys rotate",
  ])
    it(`is read by ${words}`, async () => {
      await write(`${MARK}=1\n`);
      const { code, stdout, stderr } = await run(words);
      assert.equal(code, 1);
      assert.ok((stdout + stderr).includes(`${MARK}: `), stdout + stderr);
    });

  for (const words of ["review", "eval no-set", "eval record team/shop set"])
    it(`is never read by ${words}`, async () => {
      await write(`${MARK}=1\nGITLAB_URL=https://elsewhere.example\nMODEL_NAME=m\nMODEL_API_KEY=k\n`);
      const { code, stdout, stderr } = await run(words);
      assert.equal(code, 2, stdout + stderr);
      assert.ok(!(stdout + stderr).includes(MARK), stdout + stderr);
      assert.match(stderr, /MODEL_NAME|GITLAB_URL/);
    });
});
