import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readConfig } from "../../src/cli/read-config.ts";
import { VARIABLES } from "../../src/config/environment.ts";
import { type Compose, imageEnvironment, readCompose, readDeployFile, ROOT } from "./deploy-files.ts";

const FILES = ["compose.yml", "compose.postgres.yml", "compose.dify.yml"] as const;

/** Variables of the compose files that are no settings of Reviewflow. */
const COMPOSE_ONLY = ["POSTGRES_PASSWORD", "DIFY_NETWORK"];
const KNOWN = new Set(VARIABLES.flatMap(({ name, secret }) => (secret ? [name, `${name}_FILE`] : [name])));

const REFERENCE = /\$\{([A-Z_]+)(?:(:-|:\?)([^}]*))?\}/g;

/** What compose makes of a text; a variable that must be set and is not is an error there, too. */
const interpolate = (text: string, values: Readonly<Record<string, string>>): string =>
  text.replaceAll(REFERENCE, (_, name: string, kind: string | undefined, rest: string | undefined) => {
    const value = values[name] ?? "";
    if (value === "" && kind === ":?") throw new Error(`${name}: ${rest}`);
    return value === "" && kind === ":-" ? (rest ?? "") : value;
  });

const ours = (compose: Compose) =>
  Object.entries(compose.services).filter(([name]) => name.startsWith("reviewflow"));

/** The environment of a container of ours, as the process in it would see it. */
const environmentOf = (
  composes: readonly Compose[],
  service: string,
  values: Readonly<Record<string, string>>,
): Record<string, string> => {
  const environment = imageEnvironment();
  for (const compose of composes)
    for (const [name, text] of Object.entries(compose.services[service]?.environment ?? {}))
      environment[name] = interpolate(text, values);
  return environment;
};

const VALUES = {
  GITLAB_URL: "https://gitlab.example.com",
  GITLAB_TOKEN: "a-token-for-the-test",
  WEBHOOK_SECRET: "a-long-webhook-secret",
};

describe("the compose files", () => {
  for (const file of FILES) {
    it(`${file} names only settings that Reviewflow knows`, () => {
      for (const [service, { environment }] of ours(readCompose(file)))
        for (const name of Object.keys(environment))
          assert.ok(KNOWN.has(name), `${service}: ${name} is no setting`);
      for (const [, name = ""] of readDeployFile(file).matchAll(REFERENCE))
        assert.ok(KNOWN.has(name) || COMPOSE_ONLY.includes(name), `${name} is asked for and no setting`);
    });

    it(`${file} mounts only what exists, in containers without root`, () => {
      const compose = readCompose(file);
      for (const [name, service] of Object.entries(compose.services)) {
        for (const volume of service.volumes) {
          const [source = ""] = volume.split(":");
          // The certificate is the administrator's.
          if (source === "./tls") continue;
          if (source.startsWith("."))
            assert.ok(existsSync(join(ROOT, "deploy", source)), `${name}: there is no ${source}`);
          else assert.ok(source in compose.volumes, `${name}: the volume ${source} is not declared`);
        }
        for (const needed of Object.keys(service.depends_on))
          assert.ok(needed in compose.services, `${name} depends on ${needed}`);
        if (service.build !== undefined) {
          assert.ok(existsSync(join(ROOT, "deploy", service.build.context, service.build.dockerfile)));
          // Else whatever a registry has under our name would come first.
          assert.equal(service.pull_policy, "build", name);
        }
        for (const network of service.networks)
          assert.ok(network === "default" || network in compose.networks, `${name}: no network ${network}`);
      }
    });
  }

  for (const file of ["compose.yml", "compose.postgres.yml"])
    it(`${file} hands on every setting that neither the image nor the file decides`, () => {
      const decided = [...Object.keys(imageEnvironment()), "DATABASE_URL"];
      const expected = VARIABLES.map(({ name }) => name).filter((name) => !decided.includes(name));
      for (const [service, { environment }] of ours(readCompose(file)))
        for (const name of expected)
          assert.match(environment[name] ?? "", new RegExp(`^\\$\\{${name}:[-?]`), `${service}: ${name}`);
    });

  it("embedded: the least that must be set makes a server that keeps its data in the volume", () => {
    const compose = readCompose("compose.yml");
    const config = readConfig(
      environmentOf([compose], "reviewflow", {
        ...VALUES,
        MODEL_NAME: "qwen3:8b",
        MODEL_BASE_URL: "http://ollama:11434/v1",
      }),
      null,
    );
    assert.equal(config.store.kind, "embedded");
    assert.deepEqual(compose.services["reviewflow"]?.volumes, ["data:/data"]);
    assert.equal(config.store.kind === "embedded" ? config.store.folder : null, "/data");
    assert.equal(config.server.host, "0.0.0.0");
    assert.throws(() => environmentOf([compose], "reviewflow", {}), /GITLAB_URL/);
  });

  it("PostgreSQL: both servers use the one database, and nginx reaches both", () => {
    const compose = readCompose("compose.postgres.yml");
    const values = {
      ...VALUES,
      POSTGRES_PASSWORD: "secret",
      MODEL_NAME: "m",
      MODEL_BASE_URL: "http://ollama:11434/v1",
    };
    const upstream = readDeployFile("nginx/upstream-compose.conf");
    const servers = ours(compose).map(([name]) => name);
    assert.equal(servers.length, 2);
    for (const name of servers) {
      const config = readConfig(environmentOf([compose], name, values), null);
      assert.equal(config.store.kind, "postgres");
      assert.match(upstream, new RegExp(`server ${name}:${config.server.port} max_fails=0;`));
    }
    assert.equal(compose.services["nginx"]?.user, "101:101");
  });

  it("Dify: its API is asked in Dify's own network", () => {
    const composes = [readCompose("compose.yml"), readCompose("compose.dify.yml")];
    const config = readConfig(
      environmentOf(composes, "reviewflow", { ...VALUES, DIFY_API_KEY: "app-key" }),
      null,
    );
    assert.match(JSON.stringify(config.flows), /http:\/\/api:5001/);
    assert.deepEqual(composes[1]?.services["reviewflow"]?.networks, ["default", "dify"]);
  });
});
