import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { describe, it } from "node:test";
import { z } from "zod";
import { readEnvironment } from "../../src/config/environment.ts";
import { imageEnvironment, readDeployFile, readDockerfile, ROOT } from "./deploy-files.ts";

/** What is copied from the build context (and not from another stage), without the slash at its end. */
const copiedSources = (): readonly string[] =>
  readDockerfile()
    .filter(({ name, rest }) => name === "COPY" && !rest.startsWith("--from"))
    .flatMap(({ rest }) => rest.split(/\s+/).slice(0, -1));

const covers = (place: string, path: string): boolean => path === place || path.startsWith(`${place}/`);

describe("the image", () => {
  it("copies only what exists and what the build context lets in, and the context lets in nothing else", () => {
    const [first, ...rest] = readDeployFile("Dockerfile.dockerignore")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    assert.equal(first, "*");
    const letIn = rest.map((line) => line.replace(/^!/, ""));
    const sources = copiedSources();
    for (const source of sources) {
      assert.ok(existsSync(ROOT + source), `there is no ${source}`);
      assert.ok(
        letIn.some((place) => covers(place, source)),
        `.dockerignore keeps ${source} out`,
      );
    }
    assert.deepEqual([...letIn].sort(), [...new Set(sources)].sort());
  });

  it("holds every file of the npm package that runs", () => {
    const { files } = z
      .object({ files: z.array(z.string()) })
      .parse(JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")));
    const sources = copiedSources();
    const running = files
      .filter((name) => !name.startsWith("deploy/"))
      // What deploy/pack.mjs makes of the sources.
      .flatMap((name) => (name === "dist" ? ["src", "standins", "flows"] : [name]));
    for (const file of running)
      assert.ok(
        sources.some((source) => covers(source, file)),
        `${file} is not in the image`,
      );
  });

  it("runs as a user that is not root, over a folder for data that this user owns", () => {
    const instructions = readDockerfile();
    const user = instructions.findLast(({ name }) => name === "USER")?.rest;
    assert.match(user ?? "", /^[1-9]\d*:[1-9]\d*$/);
    const last = instructions.map(({ name }) => name);
    assert.ok(last.lastIndexOf("USER") < last.indexOf("ENTRYPOINT"));
    assert.equal(instructions.find(({ name }) => name === "VOLUME")?.rest, "/data");
  });

  it("takes its Node from an image of the version that the sources need", () => {
    const bases = readDockerfile().filter(({ name }) => name === "FROM");
    for (const { rest } of bases) assert.match(rest, /^\$\{NODE_IMAGE\}( AS \w+)?$/);
    assert.equal(readDockerfile().find(({ name }) => name === "ARG")?.rest, "NODE_IMAGE=node:26-slim");
  });

  it("sets only variables that Reviewflow knows, and starts a file that exists", () => {
    assert.deepEqual(readEnvironment(imageEnvironment(), () => assert.fail("no file is named")).problems, []);
    const entry = readDockerfile().find(({ name }) => name === "ENTRYPOINT")?.rest ?? "[]";
    const [node, file = ""] = z.array(z.string()).parse(JSON.parse(entry));
    assert.equal(node, "node");
    // What deploy/pack.mjs makes of a source.
    const source = file.replace(/^\/app\/dist\//, ROOT).replace(/\.js$/, ".ts");
    assert.ok(existsSync(source), file);
  });

  it("asks /healthz whether it is well: the command says so by its exit code", async () => {
    const check = readDockerfile().find(({ name }) => name === "HEALTHCHECK")?.rest ?? "";
    const [node, flag, code = ""] = z
      .array(z.string())
      .parse(JSON.parse(check.slice(check.indexOf("CMD") + 3)));
    assert.deepEqual([node, flag], ["node", "-e"]);
    let status = 200;
    const server = createServer((request, response) => {
      response.writeHead(request.url === "/healthz" ? status : 404).end();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = z.object({ port: z.number() }).parse(server.address());
    const exitCode = async (): Promise<number | null> => {
      const env = { REVIEWFLOW_PORT: String(port) };
      const child = spawn(process.execPath, ["-e", code], { env, stdio: "ignore" });
      await once(child, "exit");
      return child.exitCode;
    };
    assert.equal(await exitCode(), 0);
    status = 503;
    assert.equal(await exitCode(), 1);
    server.closeAllConnections();
    server.close();
    await once(server, "close");
    assert.equal(await exitCode(), 1);
  });
});
