import { english as t, saying } from "../messages/saying.ts";
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { describe, it } from "node:test";
import { z } from "zod";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { readConfig } from "../../src/cli/read-config.ts";
import { checkStart, reportStart } from "../../src/cli/start-report.ts";
import { openRunners } from "../../src/wiring/open-runners.ts";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { setUpEmbedded, startEmbedded } from "../e2e/start-embedded.ts";
import { closeServer, createTeam } from "../e2e/team.ts";

const MODEL_KEY = "sk-right";

/** A server's configuration with a model of some name and key, and another token of GitLab where it is given. */
const withServer = async (
  { model: name = "stand-in", key = MODEL_KEY, token }: { model?: string; key?: string; token?: string },
  work: (config: ReturnType<typeof readConfig>) => Promise<void>,
): Promise<void> => {
  await using gitlab = await startGitLabStandIn();
  await using model = await startModelStandIn({ apiKeys: [MODEL_KEY] });
  const team = await createTeam(gitlab);
  await using setup = await setUpEmbedded(team, model, {
    models: { main: { model: name, base_url: model.url, api_key: key } },
  });
  const environment = { ...setup.environment, ...(token === undefined ? {} : { GITLAB_TOKEN: token }) };
  await work(readConfig(environment, setup.configFile));
};

const check = async (config: ReturnType<typeof readConfig>) => {
  let text = "";
  const code = await checkStart(config, { LANG: "C" }, (piece) => {
    text += piece;
  });
  return { code, text };
};

describe("reviewflow serve --check", () => {
  it("ends with 0 where token, key and name are right, a line each", () =>
    withServer({}, async (config) => {
      const { code, text } = await check(config);
      assert.equal(code, 0, text);
      assert.match(text, RegExp(`✓ ${saying("start.gitlab.ok").source}`));
      assert.ok(text.includes(`✓ ${t("start.model.ok", { name: "main", model: "stand-in" })}`), text);
    }));

  for (const [what, wrong] of [
    ["the model's key", { key: "sk-wrong" }],
    ["GitLab's token", { token: "glpat-wrong" }],
  ] as const)
    it(`ends with 1 where ${what} is refused, says what to change and shows no secret`, () =>
      withServer(wrong, async (config) => {
        const { code, text } = await check(config);
        assert.equal(code, 1);
        assert.match(text, /✗ [\s\S]*→ /);
        assert.doesNotMatch(text, /sk-wrong|glpat-wrong|sk-right/);
      }));

  it("warns of a name that the server does not list", () =>
    withServer({ model: "another" }, async (config) => {
      const { code, text } = await check(config);
      assert.equal(code, 0, text);
      assert.match(text, RegExp(`! ${saying("start.model.unlisted").source}`));
      for (const named of ["main", "another", "stand-in"]) assert.ok(text.includes(named), named);
    }));
});

describe("a server that starts", () => {
  it("listens although everything is refused, and says so within the time that a start has", () =>
    withServer({ key: "sk-wrong", token: "glpat-wrong" }, async (config) => {
      await using gitlab = await startGitLabStandIn();
      await using model = await startModelStandIn({ apiKeys: [MODEL_KEY] });
      await using setup = await setUpEmbedded(await createTeam(gitlab), model, {
        models: { main: { model: "stand-in", base_url: model.url, api_key: "sk-wrong" } },
      });
      await using reviewflow = await startEmbedded(setup);
      assert.equal((await fetch(`${reviewflow.url}/healthz`)).status, 200);
      const codes: string[] = [];
      const add = (fields: object): void => {
        const { code } = z.object({ code: z.string().optional() }).parse(fields);
        if (code !== undefined) codes.push(code);
      };
      await reportStart(config, reviewflow.runners, { ...silentLogger, info: add, warn: add, error: add });
      assert.equal(codes.length, 2);
      assert.ok(codes.includes("start.model.refused"), codes.join());
    }));

  it("does not wait for a model's server that is silent", async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = z.object({ port: z.number() }).parse(silent.address());
    await using gitlab = await startGitLabStandIn();
    await using model = await startModelStandIn();
    await using setup = await setUpEmbedded(await createTeam(gitlab), model, {
      models: { main: { model: "stand-in", base_url: `http://127.0.0.1:${port}/v1` } },
    });
    const config = readConfig(setup.environment, setup.configFile);
    await using runners = await openRunners(config, { clock: systemClock, logger: silentLogger });
    const codes: unknown[] = [];
    const add = (fields: object): void => void codes.push(Reflect.get(fields, "code"));
    await reportStart(config, runners, { ...silentLogger, warn: add });
    assert.ok(codes.includes("start.late"));
    await closeServer(silent);
  });
});
