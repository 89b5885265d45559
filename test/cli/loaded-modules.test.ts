import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { startDifyStandIn, type DifyStandIn } from "../../standins/dify/dify-stand-in.ts";
import { type GitLabStandIn, startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import { noteApp } from "../e2e/review-apps.ts";
import { type ServerProcess, startServerProcess } from "../e2e/server-process.ts";
import { teamEnvironment } from "../e2e/start.ts";
import { createTeam } from "../e2e/team.ts";

/** Makes the server print the address of every module that it loads. */
const HOOK = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from "node:module";
  import { isMainThread } from "node:worker_threads";
  if (isMainThread) registerHooks({
    load: (url, context, next) => {
      if (url.startsWith("file:")) process.stderr.write("loaded " + url + "\\n");
      return next(url, context);
    },
  });
`)}`;

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const partOf = (url: string): string => {
  const path = fileURLToPath(url).slice(ROOT.length);
  return /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? path;
};

const loadedBy = (server: ServerProcess): ReadonlySet<string> =>
  new Set([...server.output().matchAll(/^loaded (.+)$/gm)].map(([, url = ""]) => partOf(url)));

describe("a server whose flows all run on Dify", () => {
  let gitlab: GitLabStandIn;
  let dify: DifyStandIn;
  let folder: string;
  let server: ServerProcess;
  before(async () => {
    gitlab = await startGitLabStandIn();
    dify = await startDifyStandIn({ apps: [noteApp()] });
    folder = await mkdtemp(join(tmpdir(), "reviewflow-loaded-"));
    server = await startServerProcess({
      ...teamEnvironment(await createTeam(gitlab), dify, folder),
      NODE_OPTIONS: `--import ${HOOK}`,
    });
  });
  after(async () => {
    await server?.stop();
    await dify?.[Symbol.asyncDispose]();
    await gitlab?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it("loads neither engine nor pages nor PostgreSQL's driver nor tracing at its start", () => {
    const loaded = loadedBy(server);
    assert.ok(loaded.has("src/main.ts") && loaded.has("kysely"), server.output());
    const libraries =
      "ai @ai-sdk/openai quickjs-wasi pyodide minisearch js-yaml yaml ajv pg @opentelemetry/sdk-trace jschardet @hyzyla/pdfium yauzl sax";
    const unneeded = [
      ...libraries.split(" "),
      "src/wiring/open-engine.ts",
      "src/wiring/create-dashboard.ts",
      "src/worker/review-run.ts",
    ];
    assert.deepEqual(
      unneeded.filter((part) => loaded.has(part)),
      [],
    );
  });

  it("loads the pages for the first who asks for one", async () => {
    const response = await fetch(`${server.url}/dashboard/assets/none`);
    assert.equal(response.status, 404);
    await response.arrayBuffer();
    assert.ok(loadedBy(server).has("src/wiring/create-dashboard.ts"));
  });
});
