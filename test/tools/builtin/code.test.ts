import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { NO_USAGE } from "../../../src/flow/flow-event.ts";
import { createCodeRunner } from "../../../src/sandbox/create-code-runner.ts";
import { answerOf, failureOf, NO_PORTS, requestOf, runnerWith } from "../tool-setup.ts";

const code = createCodeRunner({ http: null });
after(() => code[Symbol.asyncDispose]());
const { invoke, describe: describeTool } = runnerWith({}, { ...NO_PORTS, code });

const call = async (language: string, source: string) =>
  await invoke(requestOf("code/simple_code", { language, code: source }));
const printed = async (language: string, source: string): Promise<string> =>
  answerOf(await call(language, source)).text;

describe("simple_code", () => {
  it("gives what a Python program prints, and nothing else", async () => {
    assert.deepEqual(
      answerOf(await call("python3", "def double(x):\n  return 2 * x\nprint(double(21), 'é')\ndouble(1)")),
      {
        text: "42 é\n",
        json: [{ data: [] }],
        files: [],
        variables: {},
        usage: NO_USAGE,
      },
    );
    const program =
      "from __future__ import annotations\nimport sys\nif __name__ == '__main__':\n  print('a')\n  sys.exit(0)\nprint('b')";
    assert.equal(await printed("python3", program), "a\n");
    assert.equal(await printed("python3", "1 + 1"), "");
  });

  it("gives what a JavaScript program prints, as Node writes it and with what its timers print", async () => {
    const program = `
      console.log("n", 1, { a: [1, "x"] });
      console.error("apart");
      let count = 0;
      const twice = new Promise((resolve) => {
        const every = setInterval(() => {
          console.log("tick");
          if (++count < 2) return;
          clearInterval(every);
          resolve();
        }, 1);
      });
      (async () => {
        await twice;
        await new Promise((resolve) => setTimeout(resolve, 1));
        process.stdout.write("later");
      })();
    `;
    assert.equal(await printed("javascript", program), "n 1 { a: [ 1, 'x' ] }\ntick\ntick\nlater");
    assert.equal(await printed("javascript", 'console.log("a"); process.exit(); console.log("b")'), "a\n");
  });

  it("fails with the traceback of the program's own lines", async () => {
    assert.deepEqual(failureOf(await call("python3", "x = 1\nx / 0")), {
      type: "ToolRuntimeInvocationError",
      why: 'Traceback (most recent call last):\n  File "<code>", line 2, in <module>\n    x / 0\n    ~~^~~\nZeroDivisionError: division by zero',
    });
    const thrown = failureOf(
      await call("javascript", 'setTimeout(() => { throw new TypeError("late") }, 1)'),
    );
    assert.equal(thrown.why, "TypeError: late");
    assert.equal(failureOf(await call("javascript", "process.exit(3)")).why, "Error: exit status 3");
    assert.equal(
      failureOf(await call("python3", "import sys\nsys.exit(3)")).type,
      "ToolRuntimeInvocationError",
    );
    assert.deepEqual(failureOf(await call("ruby", "puts 1")), {
      type: "ToolRuntimeInvocationError",
      why: "Only python3 and javascript are supported, not ruby",
    });
  });

  it("tells a model of both parameters", async () => {
    const described = await describeTool(requestOf("code/simple_code"));
    assert.ok(described.ok);
    assert.deepEqual(described.value.parameters["required"], ["language", "code"]);
  });
});
