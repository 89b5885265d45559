import { plain } from "../messages/plain.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../properties.ts";
import { compareClocks } from "../../src/doctor/compare-clocks.ts";
import type { Diagnosis } from "../../src/doctor/diagnosis.ts";
import { type AddressFacts, diagnoseAddress } from "../../src/doctor/diagnose-address.ts";
import { diagnoseEvents, lostEvents } from "../../src/doctor/diagnose-events.ts";
import { diagnoseClock, diagnoseVersion } from "../../src/doctor/diagnose-gitlab.ts";
import { diagnoseMachine } from "../../src/doctor/diagnose-machine.ts";
import { diagnoseToken } from "../../src/doctor/diagnose-token.ts";
import type { HookEvent } from "../../src/gitlab/hooks/schema.ts";

const levels = (diagnoses: readonly Diagnosis[]): readonly string[] => diagnoses.map(({ level }) => level);

const NOW = Date.parse("2026-11-24T12:00:00Z");

const token = (given: object = {}) =>
  diagnoseToken({
    tokenName: "GITLAB_TOKEN",
    scopes: ["api"],
    expiresAt: null,
    username: "project_1_bot",
    nowMs: NOW,
    ...given,
  });

test("a token is warned of from two weeks before its end, and one that may too much is told", () => {
  const ends = ["2026-11-24", "2026-11-25", "2026-12-08", "2026-12-09", null];
  assert.deepEqual(
    ends.map((expiresAt) => token({ expiresAt })[0]?.level),
    ["fail", "warn", "warn", "ok", "ok"],
  );
  assert.equal(token({ scopes: ["api", "sudo"] })[1]?.level, "warn");
  assert.equal(token({ scopes: ["read_api", "write_repository"] })[1]?.level, "fail");
});

test("the clock is warned of from a minute on and fails from five, or from a smaller tolerance", () => {
  const skews = [0, 59_000, -61_000, 299_000, -301_000];
  assert.deepEqual(
    skews.map((skew) => diagnoseClock(skew).level),
    ["ok", "ok", "warn", "warn", "fail"],
  );
  assert.equal(diagnoseClock(90_000, 60_000).level, "fail");
  assert.equal(diagnoseClock(null).level, "warn");
});

test("clocks are compared by the Date of an answer, taken in the middle of the exchange", async () => {
  let nowMs = NOW;
  const clock = { now: () => nowMs, sleep: async () => undefined };
  const comparison = compareClocks(clock, async () => {
    nowMs += 4_000;
    return new Response("", { headers: { date: new Date(NOW - 60_000).toUTCString() } });
  });
  assert.equal(comparison.skewMs(), null);
  await comparison.fetch("http://gitlab.example.com");
  assert.equal(comparison.skewMs(), 61_500);
});

test("versions are judged by their limits", () => {
  const version = (text: string) => {
    const [major = 0, minor = 0] = text.split(".").map(Number);
    return diagnoseVersion({ text, major, minor });
  };
  assert.deepEqual(
    ["15.11", "16.0", "17.3", "17.4", "19.1", "19.2", "20.0"].map((text) => version(text).level),
    ["fail", "warn", "warn", "warn", "warn", "ok", "ok"],
  );
  assert.deepEqual(
    ["17.3", "17.4"].map((text) => plain(version(text).what)),
    [
      "doctor.version.lacks version=17.3 lacks=[doctor.version.no-key, doctor.version.no-diffs]",
      "doctor.version.lacks version=17.4 lacks=[doctor.version.no-diffs]",
    ],
  );
});

test("Node and memory are judged by their limits", () => {
  const machine = (nodeVersion: string, mib: number) =>
    levels(diagnoseMachine({ nodeVersion, memoryBytes: mib * 1024 * 1024 }));
  assert.deepEqual(machine("26.1.0", 2_048), ["ok", "ok"]);
  assert.deepEqual(machine("24.0.0", 700), ["warn", "warn"]);
  assert.deepEqual(machine("22.0.0", 300), ["fail", "fail"]);
});

const address = (given: Partial<AddressFacts>): readonly string[] =>
  diagnoseAddress({
    hookUrl: "https://reviewflow.example.com/webhooks/gitlab",
    hookAddresses: ["8.8.8.8"],
    gitlabUrl: "https://gitlab.example.com",
    gitlabAddresses: ["8.8.4.4"],
    answer: { kind: "status", status: 405, location: null },
    ...given,
  }).map(({ level, check }) => `${level} ${check.replace("webhook-", "")}`);

test("the webhook's address is judged by where it and GitLab are", () => {
  const at = (hook: string | null, gitlab: string): readonly string[] =>
    address({ hookAddresses: hook === null ? null : [hook], gitlabAddresses: [gitlab] });
  const well = ["ok reach", "ok answer"];
  assert.deepEqual(at("8.8.8.8", "8.8.4.4"), well);
  assert.deepEqual(at("10.0.0.7", "10.0.0.8"), well);
  assert.deepEqual(at("127.0.0.1", "127.0.0.1"), well);
  assert.deepEqual(at("::1", "127.0.0.1"), well);
  for (const loopback of ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0"])
    assert.deepEqual(at(loopback, "10.0.0.8"), ["fail reach", "ok answer"], loopback);
  for (const inside of ["10.1.2.3", "192.168.1.2", "172.16.0.1", "fd00::1", "169.254.1.1", "100.64.0.1"])
    assert.deepEqual(at(inside, "8.8.4.4"), ["warn reach", "ok answer"], inside);
  assert.deepEqual(at(null, "8.8.4.4"), ["warn reach", "ok answer"]);
  const http = "http://reviewflow.example.com/webhooks/gitlab";
  assert.deepEqual(address({ hookUrl: http }), ["ok reach", "warn https", "ok answer"]);
});

test("a query in an address, where a secret may stand, is not told", () => {
  const told = diagnoseAddress({
    hookUrl: "http://me:pw-one@r.example.com/webhooks/gitlab?key=pw-two",
    hookAddresses: null,
    gitlabUrl: "https://gitlab.example.com",
    gitlabAddresses: null,
    answer: { kind: "status", status: 302, location: "https://sso.example.com/?state=pw-three" },
  });
  assert.doesNotMatch(JSON.stringify(told), /pw-/);
});

const event = (id: number, key: string | null, status: string): HookEvent => ({
  id,
  url: "https://r.example.com/webhooks/gitlab",
  trigger: "note_hooks",
  request_headers: key === null ? {} : { "Idempotency-Key": key },
  response_status: status,
});

test("an event is lost when no attempt of it arrived, and its newest attempt stands for it", () => {
  const events = [
    event(5, "b", "internal error"),
    event(4, "c", "302"),
    event(3, "a", "200"),
    event(2, "b", "500"),
    event(1, "a", "500"),
  ];
  assert.deepEqual(
    lostEvents(events).map(({ id }) => id),
    [4, 5],
  );
  // Without keys (before 17.4) each attempt stands for itself.
  assert.equal(lostEvents([event(2, null, "500"), event(1, null, "500")]).length, 2);
});

test("whatever the history, resending what is lost until it arrives leaves nothing lost", () => {
  const attempt = fc.tuple(fc.nat(8), fc.constantFrom("200", "204", "302", "401", "500", "internal error"));
  fc.assert(
    fc.property(fc.array(attempt, { maxLength: 30 }), (attempts) => {
      const events = attempts.map(([key, status], index) => event(100 - index, `key ${key}`, status));
      const lost = lostEvents(events);
      const keys = new Set(lost.map(({ request_headers: headers }) => String(headers?.["Idempotency-Key"])));
      assert.equal(keys.size, lost.length, "no event twice");
      const resent = lost.map((one) => ({ ...one, response_status: "200" }));
      assert.deepEqual(lostEvents([...resent, ...events]), []);
      const judged = diagnoseEvents({ path: "team/shop", hookId: 1, events });
      assert.equal(judged.level === "ok", lost.length === 0);
    }),
  );
});
