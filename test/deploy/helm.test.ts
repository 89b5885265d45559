import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { readConfig } from "../../src/cli/read-config.ts";
import { imageEnvironment, readDeployFile, readDockerfile, ROOT } from "./deploy-files.ts";

const Text = z.object({ name: z.string(), value: z.string() });
const Mount = z.object({ name: z.string(), mountPath: z.string(), readOnly: z.boolean().default(false) });
const Probe = z.object({ httpGet: z.object({ path: z.string(), port: z.literal("http") }) });
const Deployment = z.object({
  kind: z.literal("Deployment"),
  spec: z.object({
    replicas: z.number(),
    strategy: z.object({ type: z.string() }),
    template: z.object({
      spec: z.object({
        enableServiceLinks: z.boolean(),
        terminationGracePeriodSeconds: z.number(),
        securityContext: z.object({
          runAsUser: z.number(),
          runAsGroup: z.number(),
          runAsNonRoot: z.boolean(),
        }),
        containers: z.tuple([
          z.object({
            securityContext: z.object({ readOnlyRootFilesystem: z.boolean() }),
            ports: z.tuple([z.object({ name: z.literal("http"), containerPort: z.number() })]),
            env: z.array(Text),
            volumeMounts: z.array(Mount),
            livenessProbe: Probe,
            readinessProbe: Probe,
          }),
        ]),
      }),
    }),
  }),
});
const Files = z.object({ kind: z.literal("ConfigMap"), data: z.record(z.string(), z.string()) });
const Claim = z.object({ kind: z.literal("PersistentVolumeClaim") });
const Other = z.object({ kind: z.enum(["Service", "Ingress"]) });
const Resource = z.discriminatedUnion("kind", [Deployment, Files, Claim, Other]);

const resourcesOf = (name: string) =>
  parseAllDocuments(readDeployFile(`helm-rendered/${name}.yaml`)).map((document) =>
    Resource.parse(document.toJS()),
  );

const deploymentOf = (name: string) => {
  const found = resourcesOf(name).find((resource) => resource.kind === "Deployment");
  assert.ok(found !== undefined, `${name}: no Deployment`);
  return found.spec;
};

/** What a container's process finds: the image's variables, the Secret's, the chart's. */
const environmentOf = (name: string, secret: Readonly<Record<string, string>>): Record<string, string> => ({
  ...imageEnvironment(),
  ...secret,
  ...Object.fromEntries(
    deploymentOf(name).template.spec.containers[0].env.map((variable) => [variable.name, variable.value]),
  ),
});

const SECRET = { GITLAB_TOKEN: "a-token-for-the-test", WEBHOOK_SECRET: "a-long-webhook-secret" };

describe("the chart", () => {
  it("is rendered as it is: after a change, node scripts/long/deploy.mjs writes the rendering anew", async () => {
    const { chartDigest } = z
      .object({ chartDigest: z.custom<() => string>((value) => typeof value === "function") })
      .parse(await import(join(ROOT, "scripts/long/deploy.mjs")));
    assert.equal(readDeployFile("helm-rendered/digest").trim(), chartDigest());
  });

  it("has the version of the package as the version of the program", () => {
    const { version } = z
      .object({ version: z.string() })
      .parse(JSON.parse(readDeployFile("../package.json")));
    const [chart] = parseAllDocuments(readDeployFile("helm/Chart.yaml"));
    assert.equal(z.object({ appVersion: z.string() }).parse(chart?.toJS()).appVersion, version);
  });

  it("embedded: one instance at a time, over a volume, with a configuration that starts", () => {
    const { replicas, strategy, template } = deploymentOf("embedded");
    assert.deepEqual([replicas, strategy.type], [1, "Recreate"]);
    const config = readConfig(environmentOf("embedded", SECRET), null);
    const folder = config.store.kind === "embedded" ? config.store.folder : "";
    const [{ volumeMounts }] = template.spec.containers;
    // A folder of its own below the volume's root, which is not ours to close.
    assert.ok(
      volumeMounts.some(({ name, mountPath }) => name === "data" && folder.startsWith(`${mountPath}/`)),
    );
    assert.ok(resourcesOf("embedded").some(({ kind }) => kind === "PersistentVolumeClaim"));
  });

  it("PostgreSQL: several instances that are replaced in turn, with the files that are mounted", () => {
    const { replicas, strategy, template } = deploymentOf("postgres");
    assert.deepEqual([replicas, strategy.type], [2, "RollingUpdate"]);
    const resources = resourcesOf("postgres");
    assert.ok(!resources.some(({ kind }) => kind === "PersistentVolumeClaim"));
    const environment = environmentOf("postgres", {
      ...SECRET,
      DATABASE_URL: "postgres://reviewflow:secret@postgres/reviewflow",
    });
    const files = resources.find((resource) => resource.kind === "ConfigMap")?.data ?? {};
    const mount = template.spec.containers[0].volumeMounts.find(({ name }) => name === "files");
    assert.equal(mount?.readOnly, true);
    assert.equal(environment["REVIEWFLOW_CONFIG"], `${mount.mountPath}/reviewflow.yml`);
    assert.deepEqual(Object.keys(files), ["reviewflow.yml", "team.yml"]);
    assert.equal(environment["REVIEWFLOW_PUBLIC_URL"], "https://reviewflow.example.com");
    // Go's numbers would make 1e+06 of it.
    assert.equal(environment["OTEL_SERVICE_NAME"], "1000000");
  });

  for (const name of ["embedded", "postgres"])
    it(`${name}: runs as the image's user, on files that it cannot write, and is asked where it answers`, () => {
      const { spec } = deploymentOf(name).template;
      const [{ livenessProbe, readinessProbe, ports, securityContext }] = spec.containers;
      const user = readDockerfile().find((instruction) => instruction.name === "USER")?.rest;
      assert.equal(`${spec.securityContext.runAsUser}:${spec.securityContext.runAsGroup}`, user);
      assert.ok(spec.securityContext.runAsNonRoot && securityContext.readOnlyRootFilesystem);
      assert.equal(ports[0].containerPort, Number(imageEnvironment()["REVIEWFLOW_PORT"]));
      assert.equal(livenessProbe.httpGet.path, "/healthz");
      assert.equal(readinessProbe.httpGet.path, "/readyz");
      // Kubernetes would set REVIEWFLOW_PORT to an address.
      assert.equal(spec.enableServiceLinks, false);
      assert.ok(spec.terminationGracePeriodSeconds > 60);
    });
});
