import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { ENOUGH } from "../config/config-setup.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/**
 * Waits until the server listens, or writes another message, then lets `stop` end it. Returns what it printed when every process of its
 * tree is gone: as long as one is there, the output stays open.
 */
const runUntilGone = async (
  child: ChildProcess,
  stop: () => void,
  at = "Reviewflow listens",
): Promise<{ readonly messages: readonly string[]; readonly code: number | null }> => {
  const messages: string[] = [];
  const ended = once(child, "exit");
  assert.ok(child.stdout !== null);
  for await (const line of createInterface({ input: child.stdout })) {
    const [, message] = /"msg":"([^"]+)"/.exec(line) ?? [];
    if (message !== undefined) messages.push(message);
    if (message === at) stop();
  }
  await ended;
  return { messages, code: child.exitCode };
};

describe("the launcher and the tree of processes around it", () => {
  const project = mkdtempSync(join(tmpdir(), "reviewflow-launcher-"));
  const data = join(project, "data");
  before(async () => {
    mkdirSync(join(project, "node_modules/.bin"), { recursive: true });
    writeFileSync(join(project, "package.json"), JSON.stringify({ name: "p", private: true }));
    symlinkSync(`${ROOT}bin/reviewflow`, join(project, "node_modules/.bin/reviewflow"));
    mkdirSync(data);
  });
  const groups: number[] = [];
  after(() => {
    for (const group of groups) {
      try {
        process.kill(-group, "SIGKILL");
      } catch {
        // All of it is gone, as it should be.
      }
    }
    rmSync(project, { recursive: true, force: true });
  });

  const start = (command: string, args: readonly string[]): ChildProcess => {
    const child = spawn(command, args, {
      cwd: project,
      detached: true,
      stdio: ["ignore", "pipe", "ignore"],
      env: {
        PATH: process.env["PATH"],
        HOME: process.env["HOME"],
        ...ENOUGH,
        GITLAB_URL: "http://127.0.0.1:9",
        REVIEWFLOW_PORT: "0",
        REVIEWFLOW_DATA_DIR: data,
      },
    });
    // Detached, it leads a group of its own.
    if (child.pid !== undefined) groups.push(child.pid);
    return child;
  };

  it("passes SIGTERM on: the server stops in order, and its exit code is ours", async () => {
    const child = start(join(ROOT, "bin/reviewflow"), ["serve"]);
    const { messages, code } = await runUntilGone(child, () => child.kill("SIGTERM"));
    assert.equal(messages.at(-1), "Reviewflow has stopped");
    assert.equal(code, 0);
  });

  it("stops in order while the server starts", async () => {
    const child = start(process.execPath, [join(ROOT, "src/cli/reviewflow.ts"), "serve"]);
    const { messages, code } = await runUntilGone(child, () => child.kill("SIGTERM"), "Reviewflow starts");
    assert.equal(messages.at(-1), "Reviewflow has stopped");
    assert.equal(code, 0);
  });

  it("leaves nothing behind when npx is stopped", async () => {
    const child = start("npm", ["exec", "--offline", "--", "reviewflow", "serve"]);
    const { messages } = await runUntilGone(child, () => child.kill("SIGTERM"));
    assert.equal(messages.at(-1), "Reviewflow has stopped");
  });

  it("stops in order at Ctrl-C, which every process of the terminal gets", async () => {
    const child = start("npm", ["exec", "--offline", "--", "reviewflow", "serve"]);
    const { messages } = await runUntilGone(child, () => process.kill(-(child.pid ?? NaN), "SIGINT"));
    assert.equal(messages.at(-1), "Reviewflow has stopped");
  });
});
