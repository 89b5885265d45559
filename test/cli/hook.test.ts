import { escape } from "../messages/saying.ts";
import { formatMessage, translator } from "../../src/messages/format-message.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { openHookWorld, SECRET, SIGNING_TOKEN } from "./hook-setup.ts";
import { saying } from "../messages/saying.ts";

const writes = (world: Awaited<ReturnType<typeof openHookWorld>>): number =>
  world.gitlab.requests.filter(({ method }) => method !== "GET").length;

const t = translator("en");

test("install shows its plan and does nothing, then does it with --yes, then has nothing to do", async () => {
  await using world = await openHookWorld();
  const plan = await world.run("install", ["team"]);
  assert.equal(plan.code, 0);
  assert.ok(plan.out.startsWith(`team/backend/api\n  ${t("hook.verb.create")}`));
  assert.ok(plan.out.includes(t("hook.step.create", { url: world.url })));
  assert.ok(plan.out.includes(`team/shop\n  ${t("hook.verb.create")}`));
  assert.doesNotMatch(plan.out, /team\/old/);
  assert.match(plan.out, /\breviewflow hook install team --url http:\S+ --yes\n$/);
  assert.equal(writes(world), 0);

  const done = await world.run("install", ["team"], { yes: true });
  assert.equal(done.code, 0, done.out);
  const created = t("hook.sum.done", { projects: 2, create: 2, fix: 0, remove: 0, leave: 0 });
  assert.ok(done.out.endsWith(`${created}\n`));
  for (const project of [world.shop, world.api]) {
    const [hook, ...more] = project.hooks;
    assert.ok(hook !== undefined && more.length === 0);
    assert.equal(hook.url, world.url);
    assert.equal(hook.token, SECRET);
    assert.equal(hook.signingToken, null);
    const on = Object.keys(hook.flags).filter((name) => hook.flags[name] === true);
    assert.deepEqual(on.sort(), [
      "emoji_events",
      "enable_ssl_verification",
      "merge_requests_events",
      "note_events",
    ]);
  }

  const before = writes(world);
  const again = await world.run("install", ["team"], { yes: true });
  assert.equal(again.code, 0);
  assert.ok(again.out.includes(t("hook.sum.done", { projects: 2, create: 0, fix: 0, remove: 0, leave: 2 })));
  assert.equal(writes(world), before);
  assert.equal((await world.run("status", ["team"])).code, 0);
  assert.deepEqual(world.gitlab.failures, []);
});

test("what differs is told and mended, and two of ours become one", async () => {
  await using world = await openHookWorld();
  const hooks = `projects/${world.shop.id}/hooks`;
  await world.admin("POST", hooks, { url: world.url, push_events: true, note_events: false, token: SECRET });
  await world.admin("POST", hooks, { url: `${world.url}/`, enable_ssl_verification: false });
  await world.admin("POST", hooks, { url: "http://127.0.0.1:1/ci", push_events: true });

  const status = await world.run("status", ["team/shop"]);
  assert.equal(status.code, 1);
  const switches = [
    { name: "merge_requests_events", found: "off" },
    { name: "note_events", found: "off" },
    { name: "emoji_events", found: "off" },
    { name: "push_events", found: "on" },
  ].map((one) => t("hook.difference.switch", one));
  assert.ok(status.out.includes(t("hook.step.fix", { hook: 1, differences: switches.join("; ") })));
  assert.ok(status.out.includes(t("hook.step.duplicate", { hook: 2 })));
  assert.match(status.out, /\breviewflow hook install team\/shop --url http:\S+ --yes/);

  assert.equal((await world.run("install", ["team/shop"], { yes: true })).code, 0);
  const left = await world.hooksOf(world.shop);
  assert.deepEqual(
    left.map(({ id, push_events: push, note_events: note }) => [id, push, note]),
    [
      [1, false, true],
      [3, true, false],
    ],
  );
  assert.equal((await world.run("status", ["team/shop"])).code, 0);

  const removal = await world.run("remove", ["team"]);
  assert.equal(removal.code, 0);
  assert.match(
    removal.out,
    new RegExp(`${t("hook.verb.remove")} +${escape(t("hook.step.remove", { hook: 1, url: world.url }))}`),
  );
  assert.ok(removal.out.includes(`team/backend/api\n  ${t("hook.nothing-to-remove")}`));
  assert.equal((await world.run("remove", ["team"], { yes: true })).code, 0);
  assert.deepEqual(
    (await world.hooksOf(world.shop)).map(({ id }) => id),
    [3],
  );
});

test("a signing token is set where the server has them, and a server that passes over it is told", async () => {
  await using world = await openHookWorld();
  const both = { ...world.environment, WEBHOOK_SIGNING_TOKEN: SIGNING_TOKEN };
  assert.equal((await world.run("install", ["team/shop"], { yes: true })).code, 0);
  const status = await world.run("status", ["team/shop"], { environment: both });
  assert.ok(status.out.includes(t("hook.difference.token", { kind: "signing", change: "set" })));
  assert.equal((await world.run("install", ["team/shop"], { yes: true, environment: both })).code, 0);
  assert.equal(world.shop.hooks[0]?.signingToken, SIGNING_TOKEN);

  // The operator gives signing up: a signature that nobody can check would have deliveries refused.
  const back = await world.run("install", ["team/shop"], { yes: true });
  assert.ok(back.out.includes(t("hook.difference.token", { kind: "signing", change: "remove" })));
  assert.equal(world.shop.hooks[0]?.signingToken, null);

  await using old = await openHookWorld({ version: "18.11.0" });
  const { WEBHOOK_SECRET: _, ...rest } = old.environment;
  const only = { ...rest, WEBHOOK_SIGNING_TOKEN: SIGNING_TOKEN };
  const refused = await old.run("install", ["team/shop"], { yes: true, environment: only });
  assert.equal(refused.code, 1);
  assert.ok(refused.out.includes(t("hook.problem.signing-only")));
  assert.equal(old.shop.hooks.length, 0);
  const secretToo = { ...old.environment, WEBHOOK_SIGNING_TOKEN: SIGNING_TOKEN };
  assert.equal((await old.run("install", ["team/shop"], { yes: true, environment: secretToo })).code, 0);
  assert.equal(old.shop.hooks[0]?.token, SECRET);
});

test("an answer without the signing token is a failure that says why", async () => {
  await using world = await openHookWorld();
  world.gitlab.fail(
    { method: "POST", path: /\/hooks$/ },
    { kind: "status", status: 201, body: { id: 77, url: world.url, signing_token_present: false } },
  );
  const environment = { ...world.environment, WEBHOOK_SIGNING_TOKEN: SIGNING_TOKEN };
  const done = await world.run("install", ["team/shop"], { yes: true, environment });
  assert.equal(done.code, 1);
  assert.ok(done.out.includes(t("hook.problem.no-signing-token", { hook: 77 })));
});

test("secrets are set anew only when asked for, since nobody can see whose they are", async () => {
  await using world = await openHookWorld();
  await world.run("install", ["team/shop"], { yes: true });
  const environment = { ...world.environment, WEBHOOK_SECRET: "another-secret-of-the-team" };
  await world.run("install", ["team/shop"], { yes: true, environment });
  assert.equal(world.shop.hooks[0]?.token, SECRET);
  const renewed = await world.run("install", ["team/shop"], { yes: true, environment, renewSecrets: true });
  assert.match(
    renewed.out,
    new RegExp(formatMessage("en", "hook.difference.token", { kind: "secret", change: "renew" })),
  );
  assert.equal(world.shop.hooks[0]?.token, "another-secret-of-the-team");
});

test("a disabled hook is told with its words and woken, or said to stay disabled", async () => {
  await using world = await openHookWorld();
  await world.run("install", ["team/shop"], { yes: true });
  const [hook] = world.shop.hooks;
  assert.ok(hook !== undefined);
  hook.failures = 5;
  hook.disabledUntil = Date.now() + 3_600_000;
  const status = await world.run("status", ["team/shop"]);
  assert.equal(status.code, 1);
  assert.match(status.out, saying("hook.difference.disabled-until"));
  assert.match(status.out, /\btemporarily_disabled\b.* 20\d\d-/);

  world.receiver.setAnswer((response) => void response.writeHead(401).end());
  const refused = await world.run("install", ["team/shop"], { yes: true });
  assert.equal(refused.code, 1);
  assert.match(refused.out, saying("hook.problem.still-disabled"));

  world.receiver.setAnswer((response) => void response.end());
  assert.equal((await world.run("install", ["team/shop"], { yes: true })).code, 0);
  assert.equal((await world.run("status", ["team/shop"])).code, 0);
});

test("names, addresses and tokens that are missing or wrong are told", async () => {
  await using world = await openHookWorld();
  const unknown = await world.run("install", ["nobody/here", "team/shop", "team/old"]);
  assert.equal(unknown.code, 1);
  assert.ok(unknown.out.includes(t("project-search.none", { example: "group/project" })));
  assert.ok(unknown.out.includes(`team/old: ${t("project-search.archived")}`));
  assert.ok(unknown.out.includes(`team/shop\n  ${t("hook.verb.create")}`));

  const { url: _, ...noAddress } = { url: undefined, environment: world.environment };
  const { runHook } = await import("../../src/cli/hook.ts");
  let complaint = "";
  const complain = (text: string): void => void (complaint += text);
  assert.equal(await runHook("install", ["team"], { ...noAddress, complain, write: () => {} }), 1);
  assert.match(complaint, /REVIEWFLOW_PUBLIC_URL/);
  const byConfig = { ...world.environment, REVIEWFLOW_PUBLIC_URL: "https://reviewflow.example.com" };
  const options = { environment: byConfig, complain, write: (text: string) => void (complaint += text) };
  assert.equal(await runHook("install", ["team/shop"], options), 0);
  assert.ok(complaint.includes("https://reviewflow.example.com/webhooks/gitlab"));

  const noToken = await world.run("install", ["team"], { tokenEnv: "NOT_SET" });
  assert.equal(noToken.code, 1);
  assert.match(noToken.err, /--token-env NOT_SET/);
});

test("a group of more than a page of projects is seen whole", async () => {
  await using world = await openHookWorld();
  for (let number = 0; number < 101; number += 1)
    await world.gitlab.createProject({ path: `big/part-${number}`, owner: world.owner });
  const plan = await world.run("install", ["big"]);
  assert.ok(
    plan.out.includes(t("hook.sum.plan", { projects: 101, create: 101, fix: 0, remove: 0, leave: 0 })),
  );
});
