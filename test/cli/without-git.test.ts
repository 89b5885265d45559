import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatMessage } from "../../src/messages/format-message.ts";
import { runCommand } from "./run-command.ts";

const MODEL = { MODEL_NAME: "m", MODEL_BASE_URL: "http://127.0.0.1:9/v1" };

describe("without git", () => {
  for (const command of [["demo"], ["demo", "--page", "--no-open"], ["review"]])
    it(`${command.join(" ")} names the package to install, in one line`, async () => {
      const { code, stderr } = await runCommand(command, { ...MODEL, PATH: "/nowhere" });
      assert.notEqual(code, 0);
      assert.equal(stderr, `${formatMessage("en", "cli.git.missing")}\n`);
    });
});
