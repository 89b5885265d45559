import { english as t } from "../messages/saying.ts";
import { plain } from "../messages/plain.ts";
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { stringify } from "yaml";
import { Secret } from "../../src/base/secret.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { readConfig } from "../../src/cli/read-config.ts";
import { startReviewflow } from "../../src/main.ts";
import { message } from "../../src/messages/message.ts";
import { channelsOf } from "../../src/wiring/create-notifications.ts";
import { freePort } from "../free-port.ts";
import { diagnoseStore } from "../../src/doctor/diagnose-store.ts";
import { probeStore } from "../../src/doctor/probe-store.ts";
import { openStore } from "../../src/store/open-store.ts";
import { startDifyStandIn } from "../../standins/dify/dify-stand-in.ts";
import type { StandInApp } from "../../standins/dify/stand-in-app.ts";
import { startPostgres } from "../store/postgres-server.ts";
import { deadAddress, only, openClinic, type Report } from "./clinic.ts";

const DIFY_KEY = "app-right-key";

const startDify = (
  variables: readonly string[] = ["diff"],
  mode: NonNullable<StandInApp["mode"]> = "workflow",
) =>
  startDifyStandIn({
    apps: [
      {
        name: "notes",
        key: DIFY_KEY,
        mode,
        form: variables.map((variable) => ({ variable, type: "paragraph", required: true }) as const),
        program: async () => ({ status: "succeeded", outputs: { text: "fine" } }),
      },
    ],
  });

const onDify = (url: string, key: string) => ({
  file: {
    flows: [{ name: "notes", contract: "note", dify: { url, api_key: key }, projects: ["team/shop"] }],
  },
});

test("fault: the model refuses the key, does not know the model, or is not there", async () => {
  await using clinic = await openClinic();
  const key = await clinic.examine({ environment: { MODEL_KEY_HERE: "sk-wrong-key" } });
  assert.equal(key.code, 1);
  const fix = { code: "doctor.model.failed", fix: t("doctor.model.fix", { name: "main" }) };
  const saidOf = ({ of }: Report) => ({ code: of("model").code, fix: of("model").fix });
  assert.deepEqual(saidOf(key), fix);
  assert.ok(!JSON.stringify(key.found).includes("sk-wrong-key"));
  const main = (fields: object) => ({
    file: { models: { main: { model: "stand-in", api_key: "${MODEL_KEY_HERE}", ...fields } } },
  });
  const unknown = await clinic.examine(main({ base_url: clinic.model.url, model: "nobody" }));
  assert.match(unknown.of("model").what, /nobody/);
  const gone = await clinic.examine(main({ base_url: `${await deadAddress()}/v1` }));
  assert.deepEqual(saidOf(gone), fix);
});

test("fault: the model for vectors gives none; it is asked for vectors and not to chat", async () => {
  await using clinic = await openClinic();
  const withVectors = (model: string) => {
    const at = { base_url: clinic.model.url, api_key: "${MODEL_KEY_HERE}" };
    return {
      file: {
        models: { main: { model: "stand-in", ...at }, vectors: { model, ...at } },
        model_routing: { default: "main" },
        knowledge: { embedding_model: "vectors" },
      },
    };
  };
  assert.deepEqual((await clinic.examine(withVectors("stand-in-embedding"))).ill, []);
  const report = await clinic.examine(withVectors("nobody"));
  assert.equal(report.of("model").code, "doctor.model.failed");
  assert.equal(report.of("model").fix, t("doctor.model.fix", { name: "vectors" }));
});

test("fault: Dify refuses the key, is ill or is not there", async () => {
  await using clinic = await openClinic();
  await using dify = await startDify();
  assert.deepEqual((await clinic.examine(onDify(dify.url, DIFY_KEY))).ill, []);
  assert.equal(dify.runs().length, 0, "no flow was run by looking");
  const key = await clinic.examine(onDify(dify.url, "app-wrong-key"));
  assert.equal(key.code, 1);
  assert.equal(key.of("dify").fixCode, "doctor.flow.dify.fix");
  assert.ok(!JSON.stringify(key.found).includes("app-wrong-key"));
  const gone = await clinic.examine(onDify(await deadAddress(), DIFY_KEY));
  assert.equal(gone.of("dify").fixCode, "doctor.flow.dify.fix");
});

test("fault: the key of a Dify app that is no workflow, for reviews and for answers", async () => {
  await using clinic = await openClinic();
  await using chat = await startDify(["diff"], "advanced-chat");
  await using workflow = await startDify();
  const report = await clinic.examine(onDify(chat.url, DIFY_KEY));
  assert.equal(report.code, 1);
  const noWorkflow = t("dify.not-workflow-app", { kind: "chatflow" });
  assert.equal(report.of("dify").what, `flows.notes: ${noWorkflow}`);
  const { file } = onDify(workflow.url, DIFY_KEY);
  const reply = { dify: { url: chat.url, api_key: DIFY_KEY } };
  const answers = await clinic.examine({ file: { flows: [{ ...file.flows[0], reply }] } });
  assert.equal(answers.of("dify").what, `flows.notes.reply: ${noWorkflow}`);
});

test("fault: a flow on Dify for findings is not shown the code", async () => {
  await using clinic = await openClinic();
  await using dify = await startDify([]);
  const { file } = onDify(dify.url, DIFY_KEY);
  const report = await clinic.examine({ file: { flows: [{ ...file.flows[0], contract: "findings" }] } });
  assert.match(report.of("flow-contract").what, /flows\.notes.*\bdiff\b/);
});

test("fault: a flow on Dify wants an input that it is not given", async () => {
  await using clinic = await openClinic();
  await using dify = await startDify(["diff", "ticket"]);
  const report = await clinic.examine(onDify(dify.url, DIFY_KEY));
  assert.equal(report.code, 1);
  assert.match(report.of("flow-contract").what, /flows\.notes\.inputs\.ticket/);
  assert.equal(report.of("flow-contract").fixCode, "doctor.flow.inputs.fix");
});

test("fault: a workflow file lacks the output of its contract, or cannot be read", async () => {
  await using clinic = await openClinic();
  const flows = (fields: object) => ({
    file: { flows: [{ name: "own", projects: ["team/shop"], ...fields }] },
  });
  const other = await clinic.examine(flows({ file: "builtin:summary", contract: "findings" }));
  assert.equal(other.code, 1);
  const about = other.found.filter(({ check, level }) => check === "flow-contract" && level === "fail");
  assert.ok(
    about.some(({ code, what }) => code === "doctor.flow.output" && /flows\.own .*\bfindings\b/.test(what)),
  );
  assert.ok(about.some(({ fixCode }) => fixCode === "doctor.flow.output.fix"));

  await writeFile(join(clinic.folder, "broken.yml"), stringify({ app: { mode: "workflow" }, kind: "app" }));
  const broken = await clinic.examine(flows({ file: "broken.yml", contract: "note" }));
  assert.match(broken.of("configuration").what, /flows\.own\.file/);
  assert.equal(broken.of("configuration").fixCode, "doctor.configuration.file.fix");
  assert.ok(
    broken.found.some(({ check }) => check === "project-role"),
    "the rest is still looked at",
  );
});

test("fault: the store's folder cannot be used, or its disk is full", async () => {
  await using clinic = await openClinic();
  const file = join(clinic.folder, "a-file");
  await writeFile(file, "");
  const report = await clinic.examine({ environment: { REVIEWFLOW_DATA_DIR: join(file, "store") } });
  assert.equal(report.code, 1);
  assert.match(report.of("store").fix, /REVIEWFLOW_DATA_DIR/);

  const broken = join(clinic.folder, "broken");
  await mkdir(broken);
  await writeFile(join(broken, "store.sqlite"), "no database");
  const cut = await clinic.examine({ environment: { REVIEWFLOW_DATA_DIR: broken } });
  assert.equal(cut.of("store").fixCode, "doctor.store.broken.fix");

  const seen = await probeStore({ kind: "embedded", folder: clinic.folder });
  assert.equal(seen.kind, "embedded");
  assert.ok(seen.freeBytes !== null && seen.freeBytes > 0);
  const levels = [100, 1_000, 10_000].map(
    (mib) =>
      diagnoseStore({ ...seen, freeBytes: mib * 1024 * 1024 }).find(({ check }) => check === "disk")?.level,
  );
  assert.deepEqual(levels, ["fail", "warn", "ok"]);
});

test("a store that a server has is in use, and one that it left opens", async () => {
  await using clinic = await openClinic();
  const folder = join(clinic.folder, "store");
  const store = await openStore({ database: { dataDir: folder } });
  assert.deepEqual((await clinic.examine()).ill, []);
  const inUse = await probeStore({ kind: "embedded", folder });
  assert.ok(inUse.kind === "embedded" && inUse.state === "in-use");
  await store[Symbol.asyncDispose]();
  const opens = await probeStore({ kind: "embedded", folder });
  assert.ok(opens.kind === "embedded" && opens.state === "opens");
});

test("fault: PostgreSQL is down, refuses the login, is read-only or too old", async (t) => {
  const dead = new Secret((await deadAddress()).replace("http://", "postgres://me:pw-to-look-for@"));
  const down = only(diagnoseStore(await probeStore({ kind: "postgres", url: dead })));
  assert.equal(down.level, "fail");
  assert.equal(down.fix?.code, "doctor.store.postgres-down.fix");
  assert.ok(!plain(down.what).includes("pw-to-look-for"));

  const judged = (given: object) =>
    diagnoseStore({ kind: "postgres", versionNumber: 170_002, isReadOnly: false, mayCreate: true, ...given });
  assert.deepEqual(
    [{}, { versionNumber: 130_001 }, { versionNumber: 140_001 }, { mayCreate: false }].map((given) =>
      judged(given).map(({ level }) => level),
    ),
    [
      ["ok", "ok"],
      ["fail", "ok"],
      ["ok", "ok"],
      ["ok", "fail"],
    ],
  );

  const server = await startPostgres();
  if (server === null) return t.skip("PostgreSQL is not installed");
  t.after(() => server.stop());
  const url = await server.createDatabase();
  const well = diagnoseStore(await probeStore({ kind: "postgres", url: new Secret(url) }));
  assert.deepEqual(
    well.map(({ level }) => level),
    ["ok", "ok"],
  );
  const readOnly = `${url}?options=${encodeURIComponent("-c default_transaction_read_only=on")}`;
  const writing = diagnoseStore(await probeStore({ kind: "postgres", url: new Secret(readOnly) }));
  assert.equal(writing.at(-1)?.what.code, "doctor.store.read-only");
  const login = url.replace(/:[^:@]+@/, ":wrong-password@");
  const refused = only(diagnoseStore(await probeStore({ kind: "postgres", url: new Secret(login) })));
  assert.match(plain(refused.what), /^store\.login-refused /);
});

test("fault: Node is too old, or memory is short", async () => {
  await using clinic = await openClinic();
  const report = await clinic.examine({}, { machine: { nodeVersion: "22.18.0", memoryBytes: 2 ** 28 } });
  assert.equal(report.of("node").fixCode, "doctor.node.fix");
  assert.equal(report.of("memory").fixCode, "doctor.memory.fix");
});

test("an address names a project of GitLab, or this server", async () => {
  await using clinic = await openClinic();
  const project = await clinic.examine({ names: [`${clinic.gitlab.url}/team/shpo/-/merge_requests/1`] });
  assert.equal(project.of("project-found").code, "problem.at");
  assert.match(project.of("project-found").what, /team\/shpo/);
  const address = await deadAddress();
  const away = await clinic.examine({ names: [address, "team/shop"] });
  assert.ok(away.of("webhook-answer").what.includes(address), away.of("webhook-answer").what);
  const two = await clinic.examine({ names: [address, "http://127.0.0.1:9"] });
  assert.equal(two.of("configuration").level, "fail");
});

test("fault: notices do not arrive, which the running server knows", async () => {
  await using clinic = await openClinic();
  const notifications = [{ url: `${await deadAddress()}/path-to-look-for` }];
  const changed = async () => ({
    environment: { REVIEWFLOW_PORT: String(await freePort()) },
    file: { notifications },
  });
  const examineRunning = async (): Promise<Report> => {
    const change = await changed();
    const { config, environment } = await clinic.configure(change);
    await using running = new AsyncDisposableStack();
    running.use(await startReviewflow(readConfig(environment, config), { logger: silentLogger }));
    return await clinic.examine(change);
  };
  const down = await clinic.examine(await changed());
  assert.deepEqual([down.code, codeOf(down)], [0, "doctor.notices.unknown"]);
  assert.equal(codeOf(await examineRunning()), "doctor.notices.ok");

  const { config, environment } = await clinic.configure(await changed());
  const { store: place, ...rest } = readConfig(environment, config);
  const [channel = assert.fail("no channel")] = channelsOf(rest);
  {
    await using store = await openStore({
      database: { dataDir: place.kind === "embedded" ? place.folder : assert.fail(place.kind) },
    });
    const cause = { key: "a", event: "reviews_failing", lasts: false, facts: null };
    await store.notices.sync(channel.id, [cause], 0);
    const [notice = assert.fail("nothing to tell")] = await store.notices.take(1, 60_000);
    await store.notices.failed(notice.id, message("notify.template-not-json"), 60_000);
  }
  const late = await examineRunning();
  assert.deepEqual(
    [late.code, late.of("notices").level, codeOf(late)],
    [0, "warn", "doctor.notices.undelivered"],
  );
  assert.ok(late.of("notices").what.includes(t("notify.template-not-json")));
  assert.ok(!JSON.stringify(late.found).includes("path-to-look-for"));
  assert.equal(codeOf(await clinic.examine()), undefined, "nobody is to be told of anything");
});

const codeOf = ({ found }: Report): string | undefined =>
  found.find(({ check }) => check === "notices")?.code;
