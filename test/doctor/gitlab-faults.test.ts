import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { runDoctor } from "../../src/cli/doctor.ts";
import { recordedTerminal } from "../cli/recorded-terminal.ts";
import { clockAhead, deadAddress, openClinic } from "./clinic.ts";
import { english as t, saying } from "../messages/saying.ts";

test("a healthy setup is well, and nothing is changed by looking at it", async () => {
  await using clinic = await openClinic();
  const writesBefore = clinic.gitlab.requests.filter(({ method }) => method !== "GET").length;
  const report = await clinic.examine();
  assert.deepEqual(report.ill, []);
  assert.equal(report.code, 0);
  const checks = new Set(report.found.map(({ check }) => check));
  for (const check of [
    "node memory store disk gitlab-reachable gitlab-version clock bot-user token-expiry token-scopes project-role",
    "project-flow hook-settings hook-alert hook-events webhook-reach webhook-answer flow-contract model",
  ].flatMap((line) => line.split(" ")))
    assert.ok(checks.has(check), `${check} was not looked at`);
  assert.equal(clinic.gitlab.requests.filter(({ method }) => method !== "GET").length, writesBefore);
  assert.deepEqual(clinic.gitlab.failures, []);
});

test("fault: GitLab is not there", async () => {
  await using clinic = await openClinic();
  const report = await clinic.examine({ environment: { GITLAB_URL: await deadAddress() } });
  assert.equal(report.code, 1);
  const { what, fix } = report.of("gitlab-reachable");
  assert.match(what, /ECONNREFUSED/);
  assert.match(fix, /GITLAB_URL/);
});

test("fault: something else than GitLab answers, or GitLab is ill", async () => {
  await using clinic = await openClinic();
  clinic.gitlab.fail({ path: /\/version$/ }, { kind: "html", status: 200 });
  assert.equal(
    (await clinic.examine()).of("gitlab-reachable").fixCode,
    "doctor.gitlab.fix.gitlab-bad-response",
  );
  clinic.gitlab.fail({ path: /\/version$/, times: 2 }, { kind: "status", status: 503 });
  assert.equal(
    (await clinic.examine()).of("gitlab-reachable").fixCode,
    "doctor.gitlab.fix.gitlab-unavailable",
  );
});

test("fault: the token was revoked, has expired or is unknown", async () => {
  await using clinic = await openClinic();
  const unknown = await clinic.examine({ environment: { GITLAB_TOKEN: "glpat-unknown-token" } });
  assert.equal(unknown.code, 1);
  assert.equal(unknown.of("token-valid").fixCode, "doctor.token.refused.fix");
  clinic.gitlab.expireToken(String(clinic.environment["GITLAB_TOKEN"]));
  assert.equal((await clinic.examine()).of("token-valid").code, "gitlab.token.expired");
  clinic.gitlab.revokeToken(String(clinic.environment["GITLAB_TOKEN"]));
  assert.equal((await clinic.examine()).of("token-valid").code, "gitlab.token.revoked");
});

test("fault: the token ends within two weeks", async () => {
  await using clinic = await openClinic();
  const token = (days: number) =>
    clinic.gitlab.createProjectToken(clinic.shop, { expiresAt: new Date(Date.now() + days * 86_400_000) })
      .token;
  const soon = await clinic.examine({ environment: { GITLAB_TOKEN: token(5) } });
  assert.equal(soon.code, 0, "a warning only");
  assert.equal(soon.of("token-expiry").level, "warn");
  assert.match(soon.of("token-expiry").fix, /GITLAB_TOKEN.* 20\d\d-/);
  assert.deepEqual((await clinic.examine({ environment: { GITLAB_TOKEN: token(40) } })).ill, []);
});

test("fault: the token lacks the scope api", async () => {
  await using clinic = await openClinic();
  const { token } = clinic.gitlab.createProjectToken(clinic.shop, { scopes: ["read_api"] });
  const report = await clinic.examine({ environment: { GITLAB_TOKEN: token } });
  assert.equal(report.code, 1);
  assert.match(report.of("token-scopes").what, /read_api/);
  assert.equal(report.of("token-scopes").fixCode, "doctor.token.no-scope.fix");
});

test("fault: the token's user is too low, or no member", async () => {
  await using clinic = await openClinic();
  const { token } = clinic.gitlab.createProjectToken(clinic.shop, { role: "reporter" });
  const low = await clinic.examine({ environment: { GITLAB_TOKEN: token } });
  assert.equal(low.of("project-role").code, "doctor.project.role.low");
  for (const named of [t("role.reporter"), "team/shop"])
    assert.ok(low.of("project-role").what.includes(named), named);
  assert.equal(low.of("project-role").fixCode, "doctor.project.role.fix");

  const group = await clinic.examine({ names: ["team"] });
  assert.ok(
    group.found.some(
      ({ what, code }) => code === "doctor.project.role.none" && what.includes("team/backend/api"),
    ),
    "a project that our user cannot even see",
  );

  const open = await clinic.gitlab.createProject({
    path: "team/open",
    owner: clinic.owner,
    visibility: "public",
  });
  const stranger = await clinic.examine({ names: [open.path] });
  assert.equal(stranger.of("project-role").code, "doctor.project.role.none");
  assert.equal(stranger.of("project-flow").fixCode, "doctor.project.flow.none.fix");
});

test("fault: a project does not exist, or has no merge requests", async () => {
  await using clinic = await openClinic();
  clinic.shop.mergeRequestsEnabled = false;
  const report = await clinic.examine({ names: ["team/shop", "team/shpo"] });
  assert.match(report.of("project-found").what, /^team\/shpo: /);
  assert.equal(report.of("project-merge-requests").fixCode, "doctor.project.merge-requests.off.fix");
});

test("fault: GitLab is too old, or old enough to lack something", async () => {
  await using ancient = await openClinic({ version: "15.11.13" });
  const refused = await ancient.examine();
  assert.equal(refused.code, 1);
  assert.equal(refused.of("gitlab-version").code, "doctor.version.old");
  await using old = await openClinic({ version: "17.3.7" });
  const warned = await old.examine();
  assert.equal(warned.code, 0);
  assert.match(warned.of("gitlab-version").what, /17\.4.*19\.2/);
});

test("fault: the clocks differ", async () => {
  await using clinic = await openClinic();
  const some = await clinic.examine({}, { clock: clockAhead(120_000) });
  assert.equal(some.of("clock").level, "warn");
  const stale = await clinic.examine({}, { clock: clockAhead(-600_000) });
  assert.equal(stale.code, 1);
  assert.equal(stale.of("clock").code, "doctor.clock.stale");
  assert.match(stale.of("clock").what, /\b(599|600|601) s/);
  assert.equal(stale.of("clock").fixCode, "doctor.clock.fix");
});

test("fault: the configuration has mistakes, and each is told", async () => {
  await using clinic = await openClinic();
  const report = await clinic.examine({
    environment: { WEBHOOK_SECRET: undefined, REVIEWFLOW_LANGUGE: "ja" },
  });
  assert.equal(report.code, 1);
  assert.deepEqual(report.ill, ["fail configuration", "fail configuration"]);
  assert.equal(report.of("configuration").fixCode, "doctor.configuration.fix");
});

test("text has a line with a mark for each check, and what to do below those that need it", async () => {
  await using clinic = await openClinic({ version: "19.1.0" });
  const terminal = recordedTerminal();
  const code = await runDoctor(["team/shop"], {
    environment: {
      ...clinic.environment,
      DIFY_URL: await deadAddress(),
      REVIEWFLOW_DATA_DIR: join(clinic.folder, "store"),
    },
    ...terminal,
  });
  assert.equal(code, 1);
  assert.match(terminal.out(), /^✓ .*\b26\./);
  assert.match(terminal.out(), /\n! .*\b19\.1\.0.*\n {4}→ \S/);
  assert.match(
    terminal.out(),
    RegExp(`\\n✗ flows\\.default: .*\\n {4}→ ${saying("doctor.flow.dify.fix").source}`),
  );
  assert.match(terminal.out(), RegExp(`\\n${saying("doctor.sum").source}\\n$`));
});

test("fault: the head of a fork has no commit status where a flow sets it", async () => {
  await using clinic = await openClinic();
  const { gitlab, shop } = clinic;
  const change = {
    file: {
      flows: [{ name: "review", file: "builtin:review", projects: ["team/shop"], publish: { status: true } }],
    },
  };
  const examined = async (given = change) => {
    const { code, found } = await clinic.examine(given);
    const one = found.find(({ check }) => check === "commit-status");
    return [code, one?.level, one?.code];
  };
  assert.deepEqual(await examined(), [0, "ok", "doctor.status.no-fork"]);
  const stranger = gitlab.createUser({ username: "stranger" });
  const fork = await gitlab.fork(shop, stranger, "stranger/shop");
  const actions = [{ action: "write" as const, path: "a.txt", content: "b\n" }];
  const sha = await gitlab.push(fork, { branch: "topic", user: stranger, actions });
  const from = { author: stranger, sourceProject: fork, sourceBranch: "topic" };
  const { iid } = await gitlab.openMergeRequest(shop, from);
  assert.deepEqual(await examined(), [0, "warn", "doctor.status.fork-without"]);
  const set = async (name: string): Promise<void> => {
    const ref = `refs/merge-requests/${iid}/head`;
    const { status } = await clinic.admin("POST", `projects/${shop.id}/statuses/${sha}`, {
      name,
      ref,
      state: "success",
    });
    assert.equal(status, 201);
  };
  await set("of-another");
  assert.deepEqual(await examined(), [0, "warn", "doctor.status.fork-without"]);
  await set("reviewflow/review");
  assert.deepEqual(await examined(), [0, "ok", "doctor.status.fork"]);
  gitlab.fail({ path: /\/commits\/.*\/statuses$/ }, { kind: "status", status: 403 });
  assert.deepEqual(await examined(), [0, "warn", "doctor.project.failed"]);
});
