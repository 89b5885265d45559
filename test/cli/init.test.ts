import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { parseEnv } from "node:util";
import { z } from "zod";
import { createClassicApp } from "../../standins/dify/flow-program.ts";
import { startDifyStandIn } from "../../standins/dify/dify-stand-in.ts";
import { type ModelStandIn, startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { type InitOptions, runInit } from "../../src/cli/init.ts";
import { readConfig } from "../../src/cli/read-config.ts";
import { readServerEnvironment } from "../../src/cli/server-environment.ts";
import { createProgram } from "../../src/cli/create-program.ts";
import { type HookWorld, openHookWorld } from "./hook-setup.ts";
import { callAs } from "../standins/gitlab/setup.ts";
import { recordedTerminal } from "./recorded-terminal.ts";
import { runCommand } from "./run-command.ts";
import { english as t } from "../messages/saying.ts";
import { translator } from "../../src/messages/format-message.ts";

const KEY = "sk-key-to-look-for";

describe("reviewflow init", () => {
  let world: HookWorld;
  let model: ModelStandIn;
  let folder = "";
  let bot = "";
  before(async () => {
    world = await openHookWorld({ version: "19.3.0" });
    model = await startModelStandIn({ apiKeys: [KEY] });
    const user = await callAs(world.gitlab, token())("GET", "user");
    bot = z.object({ username: z.string() }).parse(user.body).username;
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
    await model[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "reviewflow-init-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const token = (): string => world.environment["GITLAB_TOKEN"] ?? "";
  const adminToken = (): string => world.environment["GITLAB_ADMIN_TOKEN"] ?? "";

  /** Runs it with these lines as answers; no secret may be printed. */
  const init = async (options: InitOptions, lines: readonly string[] = []) => {
    const terminal = recordedTerminal();
    const input = Readable.from(lines.map((line) => `${line}\n`));
    const code = await runInit({ folder, environment: {}, ...terminal, input, ...options });
    const text = terminal.out() + terminal.err();
    for (const secret of [token(), adminToken(), KEY])
      assert.ok(!text.includes(secret), "a secret was printed");
    return { code, out: terminal.out(), err: terminal.err() };
  };
  const flags = (): InitOptions => ({
    yes: true,
    gitlabUrl: world.gitlab.url,
    gitlabToken: token(),
    modelName: "stand-in",
    modelUrl: model.url,
    modelKey: KEY,
  });
  const read = (name: string): Promise<string> => readFile(join(folder, name), "utf8");
  const settings = async () =>
    readConfig(await readServerEnvironment({ environment: {}, folder }), join(folder, "reviewflow.yml"));

  it("takes flags, tries everything, and writes what serve starts with", async () => {
    const { code, out, err } = await init({ ...flags(), project: ["team/shop"], language: "Korean" });
    assert.equal(code, 0, out + err);
    const config = await settings();
    assert.equal(config.gitlab.url, world.gitlab.url);
    assert.equal(config.gitlab.token?.reveal(), token());
    assert.equal(config.models[0]?.apiKey?.reveal(), KEY);
    assert.deepEqual(config.flows[0]?.projects, ["team/shop"]);
    assert.equal(config.flows[0]?.language, "Korean");
    assert.match(config.webhook.secrets[0]?.secret.reveal() ?? "", /^[0-9a-f]{48}$/);
    assert.equal((await stat(join(folder, ".env"))).mode & 0o777, 0o600);
    const file = await read("reviewflow.yml");
    for (const secret of [token(), KEY, config.webhook.secrets[0]?.secret.reveal() ?? ""])
      assert.ok(!file.includes(secret));
    assert.equal(parseEnv(await read(".env"))["REVIEWFLOW_CONFIG"], "reviewflow.yml");
    assert.match(bot, /^project_\d+_bot_/);
    assert.ok(out.includes(t("init.bot", { bot: `@${bot}` })));
    assert.match(out, /hook install team\/shop --url ADDRESS_OF_THIS_SERVER --yes/);
    assert.equal(model.chatCount(), 1);
    model.reset();
  });

  it("asks for what is not given, tries each answer and asks again where one does not work", async () => {
    const { code, out, err } = await init({ environment: { LANG: "ja_JP.UTF-8" } }, [
      world.gitlab.url,
      "glpat-of-nobody-at-all",
      world.gitlab.url,
      token(),
      "team/nothing",
      "team",
      "stand-in",
      model.url,
      "sk-wrong",
      "stand-in",
      model.url,
      KEY,
      "",
      "not an address",
      "https://review.example.com",
      "",
    ]);
    assert.equal(code, 0, out + err);
    assert.ok(out.includes(`${translator("ja")("init.ask.projects")} [team/shop]: `));
    const config = await settings();
    assert.deepEqual(config.flows[0]?.projects, ["team/**"]);
    assert.equal(config.flows[0]?.language, "Japanese");
    assert.equal(config.server.publicUrl, "https://review.example.com");
    assert.equal((await world.hooksOf(world.shop)).length, 0);
  });

  it("adds the webhook with a Maintainer's token that it does not keep", async () => {
    const url = world.url.replace(/\/webhooks\/gitlab$/, "");
    const { code, out } = await init(
      { ...flags(), yes: false, project: ["team/shop"], language: "English", url },
      [adminToken()],
    );
    assert.equal(code, 0, out);
    assert.equal((await world.hooksOf(world.shop)).length, 1);
    assert.equal(world.shop.hooks[0]?.token, parseEnv(await read(".env"))["WEBHOOK_SECRET"]);
    assert.ok(!`${await read(".env")}${await read("reviewflow.yml")}`.includes(adminToken()));
    assert.doesNotMatch(out, /hook install/);
    world.shop.hooks.length = 0;
    await rm(join(folder, ".env"));
    const environment = { GITLAB_ADMIN_TOKEN: adminToken() };
    const again = { ...flags(), force: true, project: ["team/shop"], url, environment, installHook: true };
    assert.equal((await init(again)).code, 0);
    assert.equal((await world.hooksOf(world.shop)).length, 1);
  });

  it("asks Dify for the app's inputs and chooses the contract by them", async () => {
    const classic = await createClassicApp("app-classic");
    const findings = {
      ...classic,
      key: "app-findings",
      form: ["diff", "rules", "nonce"].map(
        (variable) => ({ variable, type: "paragraph", required: true }) as const,
      ),
    };
    await using dify = await startDifyStandIn({ apps: [classic, findings] });
    const { modelName: _name, modelUrl: _url, modelKey: _key, ...rest } = flags();
    const onDify = { ...rest, difyUrl: dify.url, force: true };
    assert.equal((await init({ ...onDify, difyKey: "app-nobody" })).code, 1);
    assert.deepEqual(await readdir(folder), []);
    for (const contract of ["classic", "findings"]) {
      const { code, out, err } = await init({ ...onDify, difyKey: `app-${contract}` });
      assert.equal(code, 0, out + err);
      assert.equal((await settings()).flows[0]?.contract, contract);
    }
  });

  it("writes nothing where something is missing or does not work", async () => {
    const missing = await init({ yes: true });
    assert.equal(missing.code, 1);
    const gitlab = { option: "--gitlab-url", variable: "GITLAB_URL" };
    assert.ok(missing.err.includes(t("init.flags.or", gitlab)));
    assert.equal((await init({ ...flags(), gitlabToken: "glpat-of-nobody" })).code, 1);
    const { modelKey: _key, modelUrl: _url, ...noModel } = flags();
    assert.ok((await init(noModel)).err.includes(t("init.flags.reviewer")));
    assert.equal((await init({ ...flags(), modelName: "no-such-model" })).code, 1);
    assert.equal((await init({ ...flags(), project: ["team/backend/api"] })).code, 1);
    assert.equal((await init({ ...flags(), url: "no address" })).code, 1);
    assert.deepEqual(await readdir(folder), []);
  });

  it("replaces no file silently, and keeps the old one where it may", async () => {
    await writeFile(join(folder, ".env"), "POSTGRES_PASSWORD=precious\n");
    const refused = await init(flags());
    assert.equal(refused.code, 1);
    assert.equal(refused.err, `${t("init.exists", { files: ".env", folder })}\n`);
    assert.equal((await init({ ...flags(), yes: false }, ["n"])).code, 1);
    assert.equal(await read(".env"), "POSTGRES_PASSWORD=precious\n");
    const { code } = await init({ ...flags(), force: true });
    assert.equal(code, 0);
    assert.equal(await read(".env.old"), "POSTGRES_PASSWORD=precious\n");
    assert.equal((await init({ ...flags(), force: true })).code, 0);
    assert.deepEqual((await readdir(folder)).sort(), [
      ".env",
      ".env.old",
      ".env.old-2",
      "reviewflow.yml",
      "reviewflow.yml.old",
    ]);
  });

  it("brings back whatever a secret holds", async () => {
    for (const secret of ["plain", "a # b", "it's", "both ' and \"", "$HOME ${X} \\n", " "]) {
      const { code, err } = await init({ ...flags(), force: true, environment: { WEBHOOK_SECRET: secret } });
      assert.equal(code, 0, err);
      const kept = parseEnv(await read(".env"))["WEBHOOK_SECRET"];
      assert.equal(kept, secret, secret);
    }
  });

  it("has a flag for each of its options, and runs as a command of its own", async () => {
    const command = createProgram().commands.find((one) => one.name() === "init");
    const names = command?.options.map((option) => option.attributeName()) ?? [];
    for (const name of [
      ...Object.keys(flags()),
      "difyUrl",
      "difyKey",
      "contract",
      "modelProvider",
      "project",
    ])
      assert.ok(names.includes(name), name);
    const environment = {
      GITLAB_URL: world.gitlab.url,
      GITLAB_TOKEN: token(),
      MODEL_NAME: "stand-in",
      MODEL_BASE_URL: model.url,
      MODEL_API_KEY: KEY,
    };
    const { code, stdout, stderr } = await runCommand(["init", "--yes"], environment, { folder });
    assert.equal(code, 0, stdout + stderr);
    assert.deepEqual((await readdir(folder)).sort(), [".env", "reviewflow.yml"]);
  });
});
