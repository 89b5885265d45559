import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../properties.ts";
import { hookAddress, isSameAddress, showAddress } from "../../src/gitlab/hooks/hook-address.ts";
import {
  compareHook,
  type HookStep,
  planHooks,
  planRemoval,
  type SecretWish,
  WANTED_EVENTS,
  type WantedHook,
} from "../../src/gitlab/hooks/plan-hooks.ts";
import type { ProjectHook } from "../../src/gitlab/hooks/schema.ts";

const URL_OURS = "https://reviewflow.example.com/webhooks/gitlab";

const WANTED: WantedHook = {
  url: URL_OURS,
  verifySsl: true,
  secretToken: "present",
  signingToken: "none",
};

const hook = (given: Partial<ProjectHook> = {}): ProjectHook => ({
  id: 1,
  url: URL_OURS,
  ...Object.fromEntries(WANTED_EVENTS),
  enable_ssl_verification: true,
  token_present: true,
  signing_token_present: false,
  alert_status: "executable",
  disabled_until: null,
  ...given,
});

const kinds = (steps: readonly HookStep[]): readonly string[] =>
  steps.map((step) => `${step.kind}${"hook" in step ? ` ${step.hook.id}` : ""}`);

test("a project without our hook gets one, and hooks to other addresses are left alone", () => {
  assert.deepEqual(kinds(planHooks(WANTED, [])), ["create"]);
  assert.deepEqual(kinds(planHooks(WANTED, [hook({ url: "https://ci.example.com/webhooks/gitlab" })])), [
    "create",
  ]);
  assert.deepEqual(kinds(planHooks(WANTED, [hook()])), ["leave 1"]);
});

test("each thing that differs is a reason to mend", () => {
  const cases: readonly (readonly [Partial<ProjectHook>, string])[] = [
    [{ push_events: true }, "switch"],
    [{ merge_requests_events: false }, "switch"],
    [{ note_events: false }, "switch"],
    [{ emoji_events: false }, "switch"],
    [{ enable_ssl_verification: false }, "switch"],
    [{ token_present: false }, "secret-token"],
    [{ signing_token_present: true }, "signing-token"],
    [{ alert_status: "disabled" }, "disabled"],
    [{ alert_status: "temporarily_disabled", disabled_until: "2026-11-24T12:00:00Z" }, "disabled"],
  ];
  for (const [given, kind] of cases)
    assert.deepEqual(
      compareHook(WANTED, hook(given)).map((one) => one.kind),
      [kind],
      JSON.stringify(given),
    );
});

test("what an old server does not tell is no difference", () => {
  const { emoji_events: _e, token_present: _t, signing_token_present: _s, ...old } = hook();
  assert.deepEqual(compareHook({ ...WANTED, signingToken: "present" }, old), []);
});

test("a changed spelling of the address sets the secrets again, since GitLab drops them", () => {
  const found = compareHook({ ...WANTED, signingToken: "present" }, hook({ url: `${URL_OURS}/` }));
  assert.deepEqual(
    found.map((one) => one.kind),
    ["url", "secret-token", "signing-token"],
  );
});

test("of two hooks to our address the healthy one stays", () => {
  const steps = planHooks(WANTED, [
    hook({ id: 1, alert_status: "disabled" }),
    hook({ id: 2, push_events: true }),
    hook({ id: 3, url: `${URL_OURS}/` }),
  ]);
  assert.deepEqual(kinds(steps), ["fix 2", "remove 3", "remove 1"]);
  assert.deepEqual(kinds(planRemoval(URL_OURS, [hook(), hook({ id: 9, url: "https://else.example.com" })])), [
    "remove 1",
  ]);
});

const wish = fc.constantFrom<SecretWish>("none", "present", "leave");
const flag = fc.boolean();

/** A server of some age, its hooks, and what is wanted of it. */
const situation = fc.record({
  tellsTokens: flag,
  hasEmoji: flag,
  wanted: fc.record({
    url: fc.constant(URL_OURS),
    verifySsl: flag,
    secretToken: wish,
    signingToken: wish,
  }),
  hooks: fc.array(
    fc.record({
      url: fc.constantFrom(
        URL_OURS,
        `${URL_OURS}/`,
        "https://REVIEWFLOW.example.com:443/webhooks/gitlab",
        "https://other.example.com/hook",
      ),
      push_events: flag,
      merge_requests_events: flag,
      note_events: flag,
      emoji_events: flag,
      enable_ssl_verification: flag,
      token_present: flag,
      signing_token_present: flag,
      alert_status: fc.constantFrom("executable", "temporarily_disabled", "disabled"),
    }),
    { maxLength: 5 },
  ),
});

type Situation = typeof situation extends fc.Arbitrary<infer Value> ? Value : never;

/** How GitLab shows a hook on a server of that age. */
const show = (one: ProjectHook, { tellsTokens, hasEmoji }: Situation): ProjectHook => {
  const { token_present, signing_token_present, emoji_events, ...rest } = one;
  return {
    ...rest,
    ...(tellsTokens ? { token_present, signing_token_present } : {}),
    ...(hasEmoji ? { emoji_events } : {}),
  };
};

/** What GitLab's hooks are after the steps: every field that is sent is taken, a new address drops secrets. */
const carryOut = (
  steps: readonly HookStep[],
  hooks: readonly ProjectHook[],
  { wanted }: Situation,
): readonly ProjectHook[] => {
  const fields = {
    url: wanted.url,
    ...Object.fromEntries(WANTED_EVENTS),
    enable_ssl_verification: wanted.verifySsl,
  };
  let after = [...hooks];
  for (const step of steps) {
    if (step.kind === "leave") continue;
    if (step.kind === "create") {
      after.push(
        hook({
          id: 1_000,
          ...fields,
          token_present: wanted.secretToken === "present",
          signing_token_present: wanted.signingToken === "present",
        }),
      );
      continue;
    }
    after = after.filter(({ id }) => step.kind === "fix" || id !== step.hook.id);
    if (step.kind === "remove") continue;
    const changes = new Map(
      step.differences.flatMap((one) => ("change" in one ? [[one.kind, one.change] as const] : [])),
    );
    const isMoved = step.hook.url !== wanted.url;
    after = after.map((one) => {
      if (one.id !== step.hook.id) return one;
      const secret = changes.has("secret-token");
      const signing = changes.get("signing-token");
      return {
        ...one,
        ...fields,
        token_present: secret || (!isMoved && one.token_present === true),
        signing_token_present:
          signing === "set" || (signing === undefined && !isMoved && one.signing_token_present === true),
        alert_status: "executable",
      };
    });
  }
  return after;
};

test("whatever was there, a plan that was carried out leaves nothing to do and touches no other hook", () => {
  fc.assert(
    fc.property(situation, (given) => {
      const before = given.hooks.map((one, index) => hook({ ...one, id: index + 1 }));
      const shown = before.map((one) => show(one, given));
      const after = carryOut(planHooks(given.wanted, shown), before, given);
      const again = planHooks(
        given.wanted,
        after.map((one) => show(one, given)),
      );
      assert.deepEqual(
        again.map(({ kind }) => kind),
        ["leave"],
      );
      const others = (hooks: readonly ProjectHook[]) => hooks.filter((one) => one.url.includes("other."));
      assert.deepEqual(others(after), others(before));
      assert.deepEqual(planRemoval(URL_OURS, others(after)), []);
    }),
    { numRuns: 500 },
  );
});

test("addresses are completed with the path of our webhooks and refused with a query or a password", () => {
  assert.equal(hookAddress("https://r.example.com"), "https://r.example.com/webhooks/gitlab");
  assert.equal(hookAddress("https://r.example.com/review/"), "https://r.example.com/review/webhooks/gitlab");
  assert.equal(hookAddress("http://r.example.com/gitlab-webhook"), "http://r.example.com/gitlab-webhook");
  for (const text of ["reviewflow", "ftp://r.example.com", "https://me:pw@r.example.com", "https://r/?a=1"])
    assert.throws(() => hookAddress(text), /--url/);
  assert.ok(isSameAddress("https://R.example.com:443/a/", "https://r.example.com/a"));
  assert.ok(!isSameAddress("https://r.example.com/a", "http://r.example.com/a"));
  assert.equal(showAddress("https://me:pw@r.example.com/a?token=t#x"), "https://r.example.com/a");
});
