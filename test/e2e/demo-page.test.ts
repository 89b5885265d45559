import { commandName } from "../../src/cli/terminal.ts";
import { formatMessage } from "../../src/messages/format-message.ts";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { saying } from "../messages/saying.ts";

const COMMAND = fileURLToPath(new URL("../../src/cli/reviewflow.ts", import.meta.url));

/** Starts the demo; its output so far, and a wait for something in it. */
const start = (...options: readonly string[]) => {
  const env = { ...process.env, MODEL_NAME: "", BROWSER: "none", LC_ALL: "C" };
  const child = spawn(process.execPath, [COMMAND, "demo", ...options], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  const heard = new EventTarget();
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      heard.dispatchEvent(new Event("text"));
    });
  const until = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const found = pattern.exec(text);
      if (found !== null) return found;
      if (child.exitCode !== null) throw new Error(`the demo ended: ${text}`);
      await Promise.race([once(heard, "text"), once(child, "exit")]);
    }
  };
  return { child, until, text: () => text };
};

/** A request whose Host and Origin are whatever somebody says. */
const send = (url: string, method: string, headers: Readonly<Record<string, string>>): Promise<number> =>
  new Promise((resolve, reject) => {
    request(url, { method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on("error", reject)
      .end();
  });

suite("the demo with its page", () => {
  test("tells two addresses, says that the model is a script, is for this machine alone, and ends with Ctrl-C", async () => {
    const { child, until, text } = start("--page");
    const [, page = ""] = await until(/(http\S+\/merge_requests\/\d+)/);
    const [, dashboard = ""] = await until(/(http\S+\/dashboard)/);
    await until(/Ctrl-C/);
    assert.ok(text().includes(formatMessage("en", "demo.story.script")));
    assert.ok((await (await fetch(page)).text()).includes(formatMessage("en", "demo.scripted")));
    assert.equal((await fetch(dashboard)).status, 200);
    const act = `${page}/-/act/open`;
    const { host, origin } = new URL(page);
    assert.equal(await send(page, "GET", { host: "evil.example" }), 403);
    assert.equal(await send(act, "POST", { host, origin: "http://evil.example" }), 403);
    assert.equal(await send(act, "POST", { host }), 403);
    assert.equal(await send(act, "POST", { host, origin }), 303);
    assert.equal(await send(`${page}/-/act/unknown`, "POST", { host, origin }), 404);
    assert.equal(await send(`${origin}/nowhere`, "GET", { host }), 404);
    child.kill("SIGINT");
    assert.deepEqual(await once(child, "exit"), [0, null], text());
    assert.ok(text().includes(formatMessage("en", "demo.ended-next", { command: commandName(process.env) })));
  });

  test("refuses a call that cannot be meant", async () => {
    const calls = [
      { options: ["--page", "--story"], problem: saying("cli.demo.story-or-page") },
      { options: ["--page", "--port", "x"], problem: saying("cli.usage.port") },
    ];
    for (const { options, problem } of calls) {
      const { child, until } = start(...options);
      await until(problem);
      if (child.exitCode === null) await once(child, "exit");
      assert.equal(child.exitCode, 1);
    }
  });
});
