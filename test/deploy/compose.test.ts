import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readConfig } from "../../src/cli/read-config.ts";
import { VARIABLES } from "../../src/config/environment.ts";
import {
  type Compose,
  imageEnvironment,
  readCompose,
  readDeployFile,
  readDockerfile,
  ROOT,
} from "./deploy-files.ts";

const FILES = ["compose.yml", "compose.postgres.yml", "compose.dify.yml", "compose.secrets.yml"] as const;

/** The arguments of the image's build. */
const BUILD = [
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "NPM_CONFIG_REGISTRY",
  "CA_CERTIFICATES",
  "NODE_IMAGE",
];
/** Variables of the compose files that are no settings of Reviewflow. None may look like one: `.env` goes to the server. */
const COMPOSE_ONLY = ["POSTGRES_PASSWORD", "DIFY_NETWORK", ...BUILD];
const KNOWN = new Set([
  "REVIEWFLOW_CONFIG",
  ...VARIABLES.flatMap(({ name, secret }) => (secret ? [name, `${name}_FILE`] : [name])),
]);
/** What an operator lays beside the compose files. */
const OPERATORS = ["./tls", "./files"];

const REFERENCE = /\$\{([A-Z_]+)(?:(:-|:\?|:\+)([^}]*))?\}/g;

/** What compose makes of a text; a variable that must be set and is not is an error there, too. */
const interpolate = (text: string, values: Readonly<Record<string, string>>): string =>
  text.replaceAll(REFERENCE, (_, name: string, kind: string | undefined, rest: string | undefined) => {
    const value = values[name] ?? "";
    if (value === "" && kind === ":?") throw new Error(`${name}: ${rest}`);
    if (kind === ":+") return value === "" ? "" : (rest ?? "");
    return value === "" && kind === ":-" ? (rest ?? "") : value;
  });

const ours = (compose: Compose) =>
  Object.entries(compose.services).filter(([name]) => name.startsWith("reviewflow"));

/** The environment of a container of ours, as the process in it would see it: the image's, `.env`, the file's own. */
const environmentOf = (
  composes: readonly Compose[],
  service: string,
  values: Readonly<Record<string, string>>,
): Record<string, string> => {
  const fromFile = composes.some(({ services }) => services[service]?.env_file.includes("../.env") ?? false);
  const environment = { ...imageEnvironment(), ...(fromFile ? values : {}) };
  for (const compose of composes)
    for (const [name, text] of Object.entries(compose.services[service]?.environment ?? {}))
      environment[name] = interpolate(text, values);
  return environment;
};

const MODEL = { MODEL_NAME: "qwen3:8b", MODEL_BASE_URL: "http://ollama:11434/v1" };
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
          if (OPERATORS.includes(source)) continue;
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
    it(`${file} hands on what .env says, but for what a container has to decide`, () => {
      const said = Object.fromEntries(VARIABLES.map(({ name }) => [name, `what .env says of ${name}`]));
      const compose = readCompose(file);
      for (const [service] of ours(compose)) {
        const environment = environmentOf([compose], service, { ...said, POSTGRES_PASSWORD: "secret" });
        const changed = Object.keys(said).filter((name) => environment[name] !== said[name]);
        const decided = ["REVIEWFLOW_DATA_DIR", "REVIEWFLOW_HOST", "REVIEWFLOW_PORT"];
        assert.deepEqual(
          changed.sort(),
          file === "compose.yml" ? decided : ["DATABASE_URL", ...decided],
          service,
        );
      }
    });

  it("a configuration file is the one of the mounted folder, and none where .env names none", () => {
    for (const file of ["compose.yml", "compose.postgres.yml"]) {
      const compose = readCompose(file);
      for (const [service, { volumes }] of ours(compose)) {
        const fileOf = (values: Readonly<Record<string, string>>) =>
          environmentOf([compose], service, { ...VALUES, POSTGRES_PASSWORD: "p", ...values })[
            "REVIEWFLOW_CONFIG"
          ];
        assert.equal(fileOf({ REVIEWFLOW_CONFIG: "reviewflow.yml" }), "/etc/reviewflow/reviewflow.yml");
        assert.equal(fileOf({}), "");
        assert.ok(volumes.includes("./files:/etc/reviewflow:ro"), service);
      }
    }
    assert.doesNotThrow(() => readConfig({ ...VALUES, ...MODEL, REVIEWFLOW_CONFIG: "" }, null));
  });

  it("secrets come as files that are mounted, each by a variable that the server knows", () => {
    const { services, secrets } = readCompose("compose.secrets.yml");
    const { environment = {}, secrets: mounted = [] } = services["reviewflow"] ?? {};
    assert.deepEqual(
      Object.values(environment),
      mounted.map((name) => `/run/secrets/${name}`),
    );
    assert.deepEqual(Object.keys(secrets), mounted);
    for (const [name, { file }] of Object.entries(secrets)) assert.equal(file, `./secrets/${name}`);
  });

  it("the image is built with the arguments that its Dockerfile takes", () => {
    const declared = readDockerfile()
      .filter(({ name }) => name === "ARG")
      .map(({ rest }) => rest.split("=")[0]);
    // Docker knows these of every build.
    const known = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", ...declared];
    for (const file of ["compose.yml", "compose.postgres.yml"])
      for (const [service, { build }] of ours(readCompose(file)))
        assert.deepEqual(new Set(Object.keys(build?.args ?? {})), new Set(known), service);
  });

  it("embedded: the least that must be set makes a server that keeps its data in the volume", () => {
    const compose = readCompose("compose.yml");
    const config = readConfig(environmentOf([compose], "reviewflow", { ...VALUES, ...MODEL }), null);
    assert.equal(config.store.kind, "embedded");
    assert.deepEqual(compose.services["reviewflow"]?.volumes, ["data:/data", "./files:/etc/reviewflow:ro"]);
    assert.equal(config.store.kind === "embedded" ? config.store.folder : null, "/data");
    assert.equal(config.server.host, "0.0.0.0");
    assert.throws(() => environmentOf([compose], "reviewflow", {}), /GITLAB_URL/);
  });

  it("PostgreSQL: both servers use the one database, and nginx reaches both", () => {
    const compose = readCompose("compose.postgres.yml");
    const values = { ...VALUES, ...MODEL, POSTGRES_PASSWORD: "secret" };
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
