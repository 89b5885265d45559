import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  type BotRules,
  type FilterFacts,
  type Filters,
  compileTitlePattern,
  filterMergeRequest,
  isBotUser,
  NO_FILTERS,
} from "../../src/review/filters.ts";

const FACTS: FilterFacts = {
  targetBranch: "main",
  sourceBranch: "renovate/zod-4",
  title: "Draft: Update zod [skip review]",
  labels: ["Bug"],
  author: { id: 3, username: "ann" },
  changedFiles: 4,
};
const BOTS: BotRules = { ids: [], notIds: [], review: true };
const codeOf = (filters: Partial<Filters>, facts: Partial<FilterFacts> = {}, bots: BotRules = BOTS) =>
  filterMergeRequest({ ...FACTS, ...facts }, { ...NO_FILTERS, ...filters }, bots)?.code ?? null;

suite("filterMergeRequest", () => {
  test("lets everything pass by default", () => assert.equal(codeOf({}), null));

  test("each filter keeps out what it names", () => {
    const deny = (...deny: string[]) => ({ allow: [], deny });
    const allow = (...allow: string[]) => ({ allow, deny: [] });
    assert.equal(codeOf({ sourceBranches: deny("renovate/**") }), "source-branch-filtered");
    assert.equal(codeOf({ sourceBranches: allow("*") }), "source-branch-filtered");
    assert.equal(codeOf({ targetBranches: allow("main") }), null);
    assert.equal(codeOf({ authors: deny("@Ann") }), "author-filtered");
    assert.equal(codeOf({ authors: deny("3") }), "author-filtered");
    assert.equal(codeOf({ authors: allow("4", "ann") }), null);
    assert.equal(codeOf({ authors: allow("4") }), "author-filtered");
    assert.equal(codeOf({ labels: { any: [], none: ["bug"] } }), "label-filtered");
    assert.equal(codeOf({ labels: { any: ["ui"], none: [] } }), "label-filtered");
    assert.equal(codeOf({ titles: deny("[SKIP review]") }), "title-filtered");
    assert.equal(codeOf({ titles: allow("/^update/") }), "title-filtered");
    assert.equal(codeOf({ mostFiles: 3 }), "too-many-files");
  });

  test("what is not known keeps nothing out", () => {
    const unnamed = { author: { id: 3, username: null } };
    assert.equal(codeOf({ mostFiles: 3 }, { changedFiles: null }), null);
    assert.equal(codeOf({ authors: { allow: ["bob"], deny: [] } }, unnamed), null);
    assert.equal(codeOf({ authors: { allow: ["4"], deny: [] } }, unnamed), "author-filtered");
    assert.equal(codeOf({ authors: { allow: ["4"], deny: [] } }, { author: null }), null);
  });

  test("bots' merge requests are kept out when that is set", () => {
    const author = { id: 8, username: "project_1_bot_ff" };
    assert.equal(codeOf({}, { author }), null);
    assert.equal(codeOf({}, { author }, { ...BOTS, review: false }), "author-is-a-bot");
    assert.equal(codeOf({}, { author }, { ...BOTS, review: false, notIds: [8] }), null);
  });
});

suite("isBotUser", () => {
  test("goes by id and GitLab's own naming, never by what a person may be called", () => {
    const isBot = (username: string, id = 1) => isBotUser({ id, username }, { ids: [2], notIds: [3] });
    for (const name of [
      "project_12_bot",
      "project_12_bot1",
      "project_12_bot_0a1b2c",
      "group_4_bot_ff",
      "service_account_group_345_abc",
      "service_account_0a1b2c",
      "alert-bot",
      "GitLabDuo",
    ])
      assert.equal(isBot(name), true, name);
    for (const name of ["bot", "robot", "project_bot", "abbot", "my-project_1_bot", "duo", "ann"])
      assert.equal(isBot(name), false, name);
    assert.equal(isBot("ann", 2), true);
    assert.equal(isBot("project_12_bot", 3), false);
  });
});

test("a title pattern that is no regular expression is told", () => {
  assert.equal(compileTitlePattern("/(/"), null);
  assert.equal(compileTitlePattern("/^wip/")?.("WIP: x"), true);
});
