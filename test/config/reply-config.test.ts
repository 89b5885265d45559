import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ENOUGH, load, problemsOf } from "./config-setup.ts";

const flow = (more: string) =>
  `flows: [{ name: a, dify: { url: "https://d.example.com", api_key: k }, ${more} }]`;
const replyOf = (more: string) => load(ENOUGH, flow(more)).flows[0]?.reply;
const staleOf = (more: string) => load(ENOUGH, flow(more)).flows[0]?.triggers.stale;
const DAY = 86_400_000;

describe("what answers notes", () => {
  test("is ours where nothing is said, another flow, or nobody", () => {
    assert.equal(replyOf("language: Korean"), undefined);
    assert.equal(replyOf("reply: off"), null);
    assert.equal(replyOf("reply: null"), null);
    assert.deepEqual(replyOf("reply: { file: builtin:reply }"), {
      kind: "embedded",
      file: { kind: "builtin", name: "reply" },
      secrets: {},
      tools: {},
    });
    assert.equal(replyOf("reply: { dify: { url: 'https://d.example.com', api_key: k } }")?.kind, "dify");
  });

  test("has to name a flow that there is", () => {
    assert.match(
      problemsOf(ENOUGH, flow("reply: {}")).join("\n"),
      /flows\[0\]\.reply: config\.runner-missing/,
    );
    assert.match(problemsOf(ENOUGH, flow("reply: { file: 'builtin:none' }")).join("\n"), /flows\[0\]\.reply/);
  });
});

describe("stale merge requests", () => {
  test("are looked at where somebody says so, with times that fit together", () => {
    assert.equal(staleOf("language: Korean"), null);
    const times = { afterMs: 3 * DAY, untilMs: 30 * DAY, everyMs: 7 * DAY };
    assert.deepEqual(staleOf("contract: findings, triggers: { stale: {} }"), { ...times, remind: true });
    assert.deepEqual(
      staleOf("triggers: { stale: {} }"),
      { ...times, remind: false },
      "no threads, no reminders",
    );
    const wrong = problemsOf(ENOUGH, flow("triggers: { stale: { after: 30d, until: 7d } }"));
    assert.match(wrong.join("\n"), /stale\.until: config.until-before-after/);
  });
});
