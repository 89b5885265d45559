import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { COMMANDS, type CommandName } from "../../src/review/commands/command.ts";
import { RULE_FILE_KINDS, type RuleFileKind } from "../../src/review/rules/repository-settings.ts";
import { RULE_ORIGINS, type RuleOrigin } from "../../src/review/rules/rule.ts";
import { type Filters, NO_FILTERS } from "../../src/review/filters.ts";
import { DRAFT_HANDLING, type Trigger, TRIGGERS } from "../../src/review/triggers.ts";

/** A file of end-to-end tests, and the title of one in it. */
type Place = readonly [file: "triggers" | "talk" | "rules" | "reconcile", title: string];

const ASKED = "the bot made a reviewer, asked again, a label, a command";
const LAID_DOWN = "server, group, flow and repository say what holds, and the repository's settings count";
const OTHER_FILES = "AGENTS.md and the rules of GitLab Duo are rules, CONTRIBUTING.md where it is asked for";
const PAUSE =
  "pause keeps pushes from being reviewed, with its reason; a command still is, and resume ends it";
const ENDS = "resolve and ignore end a finding in its own thread only";

const TRIGGER_TESTS = {
  opened: ["triggers", "opened and new commits"],
  "new-commits": ["triggers", "a burst of pushes is one review of the last of them, after a quiet time"],
  reopened: ["triggers", "reopened"],
  ready: ["triggers", "a draft on request only, and once it is ready"],
  stale: [
    "triggers",
    "stale: what was left alone gets its review, and what stays open after one a reminder, once",
  ],
  reviewer: ["triggers", ASKED],
  label: ["triggers", ASKED],
  command: ["triggers", ASKED],
  reconcile: ["reconcile", "what changed meanwhile is reviewed, each once, and a late resend does nothing"],
} as const satisfies Record<Trigger | "reconcile", Place>;

const FILTER_TESTS = {
  targetBranches: ["triggers", "target branch"],
  sourceBranches: ["triggers", "source branch"],
  authors: [
    "triggers",
    "an author who is not listed: pushed by somebody who is, known when GitLab was asked",
  ],
  labels: ["triggers", "label"],
  titles: ["triggers", "title"],
  mostFiles: ["triggers", "size: known when the change was read, and the run ends with its reason"],
  bots: ["triggers", "bot"],
} as const satisfies Record<keyof Filters | "bots", Place>;

const DRAFT_TESTS = {
  review: ["triggers", "the repository's target branch turns drafts off, its source branch turns nothing on"],
  "on-request": ["triggers", "a draft on request only, and once it is ready"],
  never: ["triggers", "the repository's target branch turns drafts off, its source branch turns nothing on"],
} as const satisfies Record<(typeof DRAFT_HANDLING)[number], Place>;

const COMMAND_TESTS = {
  review: ["talk", "review looks at everything anew, or at what is named, and opens nothing twice"],
  ask: ["talk", "a question is answered from thread and code, the token is told to nobody"],
  describe: ["talk", "describe proposes in the thread, and writes between its marks only when asked to"],
  resolve: ["talk", ENDS],
  ignore: ["talk", ENDS],
  pause: ["talk", PAUSE],
  resume: ["talk", PAUSE],
  help: ["talk", "help answers in the thread that asked, with reactions, and mentions nobody"],
} as const satisfies Record<CommandName, Place>;

const RULE_TESTS = {
  server: ["rules", LAID_DOWN],
  group: ["rules", LAID_DOWN],
  flow: ["rules", LAID_DOWN],
  repository: ["rules", LAID_DOWN],
  agents: ["rules", OTHER_FILES],
  contributing: ["rules", OTHER_FILES],
  duo: ["rules", OTHER_FILES],
} as const satisfies Record<RuleOrigin | RuleFileKind, Place>;

const TABLES: readonly (readonly [string, Readonly<Record<string, Place>>, readonly string[]])[] = [
  ["trigger", TRIGGER_TESTS, [...TRIGGERS, "reconcile"]],
  ["filter", FILTER_TESTS, [...Object.keys(NO_FILTERS), "bots"]],
  ["way with drafts", DRAFT_TESTS, DRAFT_HANDLING],
  ["command", COMMAND_TESTS, COMMANDS],
  ["source of rules", RULE_TESTS, [...RULE_ORIGINS, ...RULE_FILE_KINDS]],
];

suite("from webhook to GitLab there is a test of", () => {
  for (const [kind, table, members] of TABLES)
    test(`every ${kind}`, () => {
      assert.deepEqual(Object.keys(table).toSorted(), members.toSorted());
      for (const [member, [file, title]] of Object.entries(table)) {
        const text = readFileSync(new URL(`${file}.test.ts`, import.meta.url), "utf8");
        assert.ok(text.includes(`"${title}"`), `${member}: ${file}.test.ts has no test "${title}"`);
      }
    });
});
