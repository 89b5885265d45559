import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  type CommandRules,
  mayCommand,
  roleFor,
  roleOfLevel,
} from "../../../src/review/commands/may-command.ts";

const rules: CommandRules = { least: "developer", per: { help: "guest", pause: "maintainer" }, slash: true };
const may = (role: Parameters<typeof mayCommand>[0], command: Parameters<typeof mayCommand>[1]) =>
  mayCommand(role, command, rules);

suite("who may give a command", () => {
  test("takes the role that is set, for some commands another one", () => {
    assert.deepEqual(
      [may("developer", "review"), may("owner", "review"), may("maintainer", "pause"), may("guest", "help")],
      [true, true, true, true],
    );
    assert.deepEqual(
      [may("reporter", "review"), may("developer", "pause"), may("none", "help")],
      [false, false, false],
    );
    assert.deepEqual([roleFor("review", rules), roleFor("pause", rules)], ["developer", "maintainer"]);
  });

  test("reads GitLab's access levels, a level between two roles as the lower one", () => {
    assert.deepEqual([null, -1, 0, 10, 25, 30, 50, 60].map(roleOfLevel), [
      "none",
      "none",
      "none",
      "guest",
      "reporter",
      "developer",
      "owner",
      "owner",
    ]);
  });
});
