import { verbatim } from "../../src/messages/message.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { GitLabError } from "../../src/base/errors.ts";
import { createHookHealth } from "../../src/gitlab/hooks/hook-health.ts";
import type { ProjectHook } from "../../src/gitlab/hooks/schema.ts";

const HOOK: ProjectHook = {
  id: 7,
  url: "https://user:pw-to-look-for@review.example.com/webhooks/gitlab",
  push_events: false,
  merge_requests_events: true,
  note_events: true,
  emoji_events: true,
  enable_ssl_verification: true,
  token_present: true,
  alert_status: "executable",
  disabled_until: null,
};

const setUp = (answer: () => readonly ProjectHook[]) => {
  let nowMs = Date.parse("2026-02-28T12:00:00Z");
  let asked = 0;
  const ask = createHookHealth({
    hooks: {
      list: async () => {
        asked += 1;
        return answer();
      },
    },
    clock: { now: () => nowMs, sleep: async () => undefined },
  });
  return { ask, asked: () => asked, pass: (ms: number) => (nowMs += ms) };
};

suite("the health of a project's hooks", () => {
  test("tells of those that call us, and shows no secret of their addresses", async () => {
    const { ask } = setUp(() => [
      HOOK,
      { ...HOOK, id: 8, url: "https://chat.example.com/hook" },
      {
        ...HOOK,
        id: 9,
        alert_status: "temporarily_disabled",
        disabled_until: "2026-02-28T13:00:00Z",
        note_events: false,
      },
      { ...HOOK, id: 10, alert_status: "disabled" },
    ]);
    const health = await ask(1);
    assert.ok(health.kind === "seen");
    assert.deepEqual(
      health.hooks.map(({ id, disabled, differences }) => ({
        id,
        disabled,
        differences: differences.map(({ code }) => code),
      })),
      [
        { id: 7, disabled: null, differences: [] },
        {
          id: 9,
          disabled: { status: "temporarily_disabled", untilMs: Date.parse("2026-02-28T13:00:00Z") },
          differences: ["hook.difference.switch"],
        },
        { id: 10, disabled: { status: "disabled", untilMs: null }, differences: [] },
      ],
    );
    assert.ok(!JSON.stringify(health).includes("pw-to-look-for"));
  });

  test("is asked once a minute for each project, however many look", async () => {
    const { ask, asked, pass } = setUp(() => [HOOK]);
    await Promise.all([ask(1), ask(1), ask(2)]);
    await ask(1);
    assert.equal(asked(), 2);
    pass(60_000);
    await ask(1);
    assert.equal(asked(), 3);
  });

  test("is not known to a Developer, nor while GitLab fails; a failure is asked after anew", async () => {
    let status: number | null = 403;
    const { ask } = setUp(() => {
      if (status === null) return [HOOK];
      throw new GitLabError(verbatim(`answered ${status}`), {
        code: "gitlab-refused",
        status,
        retryable: false,
      });
    });
    assert.deepEqual(await ask(1), {
      kind: "unseen",
      why: "no-role",
      reason: { code: "verbatim", params: { text: "answered 403" } },
    });
    status = 502;
    assert.deepEqual(await ask(1), {
      kind: "unseen",
      why: "no-answer",
      reason: { code: "verbatim", params: { text: "answered 502" } },
    });
    status = null;
    assert.equal((await ask(1)).kind, "seen");
  });
});
