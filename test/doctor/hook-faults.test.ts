import { formatMessage } from "../../src/messages/format-message.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { type Clinic, openClinic } from "./clinic.ts";
import { saying } from "../messages/saying.ts";

/** Someone's merge request, whose notes make events. */
const openMergeRequest = async ({ gitlab, shop, owner }: Clinic) => {
  await gitlab.push(shop, {
    branch: "topic",
    user: owner,
    actions: [{ action: "write", path: "b.txt", content: "b\n" }],
  });
  const mergeRequest = await gitlab.openMergeRequest(shop, { author: owner, sourceBranch: "topic" });
  await gitlab.settleHooks();
  return {
    mergeRequest,
    say: async (body: string) => {
      await gitlab.addNote(mergeRequest, owner, { body });
      await gitlab.settleHooks();
    },
  };
};

const answer = (clinic: Clinic, post: number, get = 405): void =>
  clinic.receiver.setAnswer(
    (response) => void response.writeHead(response.req.method === "POST" ? post : get).end(),
  );

test("fault: a project has no hook, known address or not", async () => {
  await using clinic = await openClinic();
  const elsewhere = await clinic.examine({}, { url: "https://reviewflow.example.com" });
  assert.equal(elsewhere.code, 1);
  assert.match(elsewhere.of("hook-present").what, /https:\/\/reviewflow\.example\.com/);
  assert.match(elsewhere.of("hook-present").fix, /reviewflow hook install team\/shop --yes/);
  await clinic.run("remove", ["team/shop"], { yes: true });
  const none = await clinic.examine();
  assert.match(none.of("hook-present").fix, /--url https/);
});

test("fault: a hook's switches are wrong, and there are two of it", async () => {
  await using clinic = await openClinic();
  const [hook] = clinic.shop.hooks;
  assert.ok(hook !== undefined);
  hook.flags["emoji_events"] = false;
  const small = await clinic.examine();
  assert.equal(small.code, 0);
  const off = formatMessage("en", "hook.difference.switch", { name: "emoji_events", found: "off" });
  assert.ok(small.of("hook-settings").what.includes(off));
  hook.flags["merge_requests_events"] = false;
  assert.equal((await clinic.examine()).code, 1);
  hook.flags["merge_requests_events"] = true;
  hook.token = null;
  const open = await clinic.examine();
  assert.equal(open.code, 1);
  const unset = formatMessage("en", "hook.difference.token", { kind: "secret", change: "set" });
  assert.ok(open.of("hook-settings").what.includes(unset));

  await clinic.admin("POST", `projects/${clinic.shop.id}/hooks`, { url: clinic.url, token: "t" });
  assert.equal((await clinic.examine()).of("hook-once").code, "doctor.hook.twice");
});

test("fault: GitLab has disabled the hook", async () => {
  await using clinic = await openClinic();
  const [hook] = clinic.shop.hooks;
  assert.ok(hook !== undefined);
  hook.failures = 40;
  const report = await clinic.examine();
  assert.equal(report.code, 1);
  assert.match(report.of("hook-alert").what, saying("hook.difference.disabled"));
  assert.match(report.of("hook-alert").fix, /: reviewflow hook install team\/shop --yes/);
});

test("fault: the hook's secret is not the server's", async () => {
  await using clinic = await openClinic();
  answer(clinic, 401);
  await openMergeRequest(clinic);
  const report = await clinic.examine();
  assert.equal(report.code, 1);
  assert.equal(report.of("hook-events").code, "doctor.events.lost");
  assert.match(report.of("hook-events").what, /\b1\b.*\b401\b/);
  assert.match(report.of("hook-events").fix, /--renew-secrets/);
});

test("fault: the server is down, or too slow for GitLab", async () => {
  await using clinic = await openClinic({ hookTimeoutMs: 200 });
  clinic.receiver.setAnswer(() => {});
  await openMergeRequest(clinic);
  answer(clinic, 200);
  const report = await clinic.examine();
  assert.match(report.of("hook-events").what, /internal error/);
  assert.match(report.of("hook-events").fix, saying("doctor.events.cause.connection"));
});

test("fault: the address redirects, which GitLab takes for a success", async () => {
  await using clinic = await openClinic();
  clinic.receiver.setAnswer(
    (response) => void response.writeHead(302, { location: "https://r.example.com/login" }).end(),
  );
  await openMergeRequest(clinic);
  const report = await clinic.examine();
  assert.equal(report.code, 1);
  assert.match(report.of("webhook-answer").what, /https:\/\/r\.example\.com\/login/);
  assert.equal(report.of("webhook-answer").fixCode, "doctor.answer.redirect.fix");
  assert.ok(report.of("hook-events").fix.startsWith(formatMessage("en", "doctor.events.cause.redirect")));
});

test("fault: something else answers at the webhook's address, or nothing", async () => {
  await using clinic = await openClinic();
  answer(clinic, 200, 200);
  assert.equal((await clinic.examine()).of("webhook-answer").code, "doctor.answer.other");
  answer(clinic, 200, 502);
  assert.equal((await clinic.examine()).of("webhook-answer").code, "doctor.answer.failing");
  answer(clinic, 200, 403);
  assert.equal((await clinic.examine()).of("webhook-answer").code, "doctor.answer.sign-in");
  await clinic.receiver.close();
  const silent = await clinic.examine();
  assert.match(silent.of("webhook-answer").what, /ECONNREFUSED/);
  assert.equal(silent.of("webhook-answer").code, "doctor.answer.error");
});

test("fault: the hook calls this machine itself, and GitLab is elsewhere", async () => {
  await using clinic = await openClinic();
  const GITLAB_URL = clinic.gitlab.url.replace("127.0.0.1", "localhost");
  const report = await clinic.examine({ environment: { GITLAB_URL } }, { resolve: async () => ["8.8.4.4"] });
  assert.equal(report.code, 1);
  assert.equal(report.of("webhook-reach").code, "doctor.reach.loopback");
  assert.match(report.of("webhook-reach").fix, /hook install --url/);
  assert.equal(report.of("webhook-https").fixCode, "doctor.https.fix");
});

test("a token that may not see hooks is a warning with the token to give", async () => {
  await using clinic = await openClinic();
  const report = await clinic.examine({ environment: { GITLAB_ADMIN_TOKEN: undefined } });
  assert.equal(report.code, 0);
  assert.match(report.of("hook-present").fix, /GITLAB_ADMIN_TOKEN.*--token-env/);
});

test("lost events are sent again, five in a minute, and those that arrived are lost no more", async () => {
  await using clinic = await openClinic();
  const { say } = await openMergeRequest(clinic);
  const waits: number[] = [];
  const clock: Clock = {
    now: Date.now,
    // Only the wait for GitLab's limit is cut short; models and calls keep their time limits.
    sleep: async (ms, signal) => {
      if (ms < 60_000 || signal !== undefined) return systemClock.sleep(ms, signal);
      waits.push(ms);
      clinic.gitlab.advanceTime(ms);
    },
  };
  const [hook] = clinic.shop.hooks;
  assert.ok(hook !== undefined);
  answer(clinic, 500);
  for (let number = 1; number <= 7; number += 1) {
    await say(`note ${number}`);
    // As if time had passed: the pauses after failures are not what is looked at here.
    hook.failures = 0;
  }
  answer(clinic, 200);
  await say("this one arrives");
  const before = await clinic.examine();
  assert.equal(before.code, 0, "the newest delivery arrived");
  assert.match(before.of("hook-events").what, /\b7\b/);
  assert.match(before.of("hook-events").fix, /reviewflow doctor team\/shop --resend/);

  const received = clinic.receiver.received.length;
  const after = await clinic.examine({}, { resend: true, clock });
  assert.equal(after.code, 0);
  const counts = { hook: 1, path: "team/shop", arrived: 7, count: 7 };
  const sent = after.found.find(({ code }) => code === "doctor.resend.sent");
  assert.equal(sent?.what.replace(/\d+/, "1"), formatMessage("en", "doctor.resend.sent", counts));
  assert.deepEqual(
    after.ill.filter((one) => !one.endsWith("clock")),
    [],
  );
  const posted = clinic.receiver.received.slice(received).filter(({ body }) => body !== "");
  assert.equal(posted.length, 7);
  assert.equal(new Set(posted.map(({ headers }) => headers["idempotency-key"])).size, 7);
  assert.deepEqual(waits, [61_000]);
  const again = await clinic.examine({}, { resend: true, clock });
  assert.ok(!again.found.some(({ check }) => check === "hook-resend"), "nothing is left to send");
});

test("a resend that fails again is told", async () => {
  await using clinic = await openClinic();
  answer(clinic, 500);
  await openMergeRequest(clinic);
  const report = await clinic.examine({}, { resend: true });
  assert.equal(report.code, 1);
  assert.equal(report.of("hook-resend").code, "doctor.resend.failed");
  assert.match(report.of("hook-resend").what, /500/);
  assert.equal(report.of("hook-resend").fixCode, "doctor.resend.failed.fix");
});
