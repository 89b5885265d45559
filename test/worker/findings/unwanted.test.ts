import { reasonOf } from "../../../src/base/reason.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createMemoryJournal } from "../../../src/base/journal.ts";
import { rulesForPolicy, type TriggerRules } from "../../../src/review/triggers.ts";
import { createTeamRules } from "../../../src/worker/findings/team-rules.ts";
import { createRulesPlace } from "./rules-place.ts";
import { createWorker, fakeFindingsFlow, linesOf, resultOf } from "./world.ts";

const CHANGES = {
  "src/a.js": [linesOf(5), linesOf(5, (line) => (line === 2 ? "BUG in a" : null))],
  "src/b.js": [linesOf(5), linesOf(5, (line) => (line === 3 ? "BUG in b" : null))],
} as const;

/** A merge request, a draft where `draft` says so, and its reviews under the rules of server and repository. */
const setUp = (settings: string, host: Partial<TriggerRules> = {}, draft = false) => {
  const rules: TriggerRules = { ...rulesForPolicy("every-push"), ...host };
  const place = createRulesPlace(CHANGES, settings === "" ? {} : { ".reviewflow.yml": settings });
  const { fetchMergeRequest } = place.forge;
  const forge = {
    ...place.forge,
    fetchMergeRequest: async (...given: Parameters<typeof fetchMergeRequest>) => ({
      ...(await fetchMergeRequest(...given)),
      draft,
    }),
  };
  const teamRules = createTeamRules({
    host: [],
    flow: { name: "default", rules: "", language: "English" },
    repository: true,
  });
  const { flow, requests } = fakeFindingsFlow({ teamRules });
  const { review } = createWorker({ forge }, createMemoryJournal(), { rules: () => rules });
  return { place, requests, review: () => review(flow) };
};

suite("a review that is not wanted", () => {
  test("a change of too many files is left alone, known once it was read", async () => {
    const filters = { ...rulesForPolicy("once").filters, mostFiles: 1 };
    const { place, requests, review } = setUp("", { filters });
    assert.deepEqual(await review(), {
      state: "cancelled",
      reason: reasonOf("too-many-files", { files: 2, most: 1 }),
    });
    assert.deepEqual([requests, place.publications], [[], []]);
    assert.equal((await setUp("", { filters: { ...filters, mostFiles: 2 } }).review()).state, "succeeded");
  });

  test("a repository turns drafts and triggers off for itself", async () => {
    const drafts = setUp("drafts: never", {}, true);
    assert.deepEqual(await drafts.review(), {
      state: "cancelled",
      reason: reasonOf("draft", { drafts: "never" }),
    });
    assert.deepEqual([drafts.requests, drafts.place.publications], [[], []]);
    assert.equal((await setUp("drafts: never").review()).state, "succeeded");
    const opened = await setUp("triggers: { opened: false }").review();
    assert.ok(opened.state === "cancelled" && opened.reason.code === "trigger-off", opened.state);
    assert.equal((await setUp("triggers: { reopened: false }").review()).state, "succeeded");
  });

  test("a repository opens nothing that the server keeps out", async () => {
    const kept = setUp("drafts: review", { drafts: "never" }, true);
    assert.equal((await kept.review()).state, "cancelled");
    assert.deepEqual(kept.requests, []);
    const { review } = setUp("drafts: review\ntriggers: { ready: true, reviewer: false }", {
      drafts: "never",
    });
    assert.deepEqual(
      resultOf(await review())["remarks"],
      ["drafts", "triggers.ready"].map((key) =>
        reasonOf("setting-not-allowed", { file: ".reviewflow.yml", key }),
      ),
    );
  });
});
