import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createCodeRunner } from "../../src/sandbox/create-code-runner.ts";
import { createAttempts } from "./attempt-code.ts";

// Time enough for a busy machine, besides the one test whose subject is the limit.
const runner = createCodeRunner({ http: null, timeLimitMs: 60_000, pythonConcurrency: 1 });
before(async () => await runner.warmUp(new Set(["python3"])));
after(async () => await runner[Symbol.asyncDispose]());

const { attempt, failing } = createAttempts(runner, "python3");

describe("Python code without end", () => {
  it("is ended after its time", async () => {
    const code =
      "def main():\n  while True:\n    try:\n      while True: pass\n    except BaseException: pass";
    await using impatient = createCodeRunner({ http: null, timeLimitMs: 4000, pythonConcurrency: 1 });
    assert.equal(await createAttempts(impatient, "python3").attempt(code), "!sandbox.timeout ms=4000");
  });

  it("is held to its memory, stack and result", async () => {
    assert.match(
      await failing("def main():\n  a = []\n  while True: a.append(bytearray(10**8))"),
      /MemoryError/,
    );
    assert.match(await failing("def main(): return main()"), /RecursionError/);
    assert.match(await failing("def main(): return 'x' * 10**7"), /the result is longer than/);
    const deep = "def main():\n  a = []\n  for _ in range(300): a = [a]\n  return a";
    assert.match(await failing(deep), /^!sandbox\.result-unreadable$/);
  });

  it("is ended when the run is cancelled, and the next call runs", async () => {
    const reason = new Error("cancelled");
    const controller = new AbortController();
    const running = runner.run({
      language: "python3",
      code: "def main():\n  while True: pass",
      inputs: {},
      signal: controller.signal,
    });
    setTimeout(() => controller.abort(reason), 50);
    await assert.rejects(running, reason);
    assert.equal(await attempt("def main(): return 7"), 7);
  });

  it("may leave its interpreter in ruins", async () => {
    for (const code of [
      "import os\ndef main(): os._exit(3)",
      "import sys\ndef main(): sys.exit(0)",
      "import os\ndef main(): os.abort()",
    ])
      assert.match(await failing(code), /^!/);
    assert.equal(await attempt("def main(): return 8"), 8);
  });
});
