import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { createClassicApp } from "../../../standins/dify/flow-program.ts";
import { startDifyStandIn } from "../../../standins/dify/dify-stand-in.ts";
import { startGitLabStandIn } from "../../../standins/gitlab/gitlab-stand-in.ts";
import type { Project } from "../../../standins/gitlab/state.ts";
import { startModelStandIn } from "../../../standins/model/model-stand-in.ts";
import { PLANTED, SOUND } from "../../cli/review-repository.ts";
import { findNginx } from "../../deploy/find-nginx.ts";
import { freePort } from "../../free-port.ts";
import { ROOT } from "./read-blocks.ts";

/** What a block came to. */
export type Ran = { readonly code: number | null; readonly output: string };

/** How a block is run. */
export type RunOptions = {
  /** Where, other than in a fresh copy of the repository. */
  readonly folder?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** What somebody types. */
  readonly input?: string;
};

/** A machine as the reader of a document has it, with stand-ins where the document's addresses lead. */
export type Place = AsyncDisposable & {
  /** The port on which servers listen, so that several tests can run on one machine. */
  readonly port: number;
  /** The address of GitLab's stand-in; blocks reach it as https://gitlab.example.com. */
  readonly gitlabUrl: string;
  readonly modelUrl: string;
  /** A folder of its own with a copy of the repository; `installed` with its packages. */
  readonly copy: (installed: boolean) => string;
  /** An empty folder of its own. */
  readonly empty: () => string;
  readonly run: (block: string, options: RunOptions) => Promise<Ran>;
  readonly notesOf: (path: string) => number;
};

const PROJECTS = ["my-group/my-project", "group/project", "platform/payments/api"] as const;

const startGitLab = async () => {
  const gitlab = await startGitLabStandIn({ version: "19.3.0" });
  const owner = gitlab.createUser({ username: "reviewflow" });
  const author = gitlab.createUser({ username: "author" });
  const reviewer = gitlab.createUser({ username: "reviewer" });
  gitlab.createPersonalToken(owner, { value: "glpat-..." });
  const projects = new Map<string, Project>();
  for (const path of PROJECTS) {
    const project = await gitlab.createProject({ path, owner, files: { "src/sum.js": SOUND } });
    for (const user of [author, reviewer]) gitlab.addMember(project, user, "developer");
    projects.set(path, project);
  }
  const project = projects.get("group/project");
  assert.ok(project !== undefined);
  // The first was reviewed by a person and merged, the twelfth is open with a mistake.
  for (let iid = 1; iid <= 12; iid += 1) {
    const branch = `work-${iid}`;
    const [path, content] =
      iid === 1
        ? ["src/sum.js", `${SOUND}// Done.\n`]
        : iid === 12
          ? ["src/sum.js", PLANTED]
          : [`${iid}.txt`, "1\n"];
    const actions = [{ action: "write", path, content }] as const;
    await gitlab.push(project, { branch, user: author, actions });
    const mergeRequest = await gitlab.openMergeRequest(project, {
      author,
      sourceBranch: branch,
      title: `Change ${iid}`,
    });
    if (iid !== 1) continue;
    const version = mergeRequest.versions.at(-1);
    assert.ok(version !== undefined);
    const note = await gitlab.addNote(mergeRequest, reviewer, {
      body: "This adds nothing up.",
      thread: {
        base_sha: version.base,
        start_sha: version.start,
        head_sha: version.head,
        position_type: "text",
        old_path: "src/sum.js",
        new_path: "src/sum.js",
        new_line: 5,
      },
    });
    assert.ok(note !== null);
    gitlab.resolve(mergeRequest, reviewer, note.discussion.id, true);
    await gitlab.mergeMergeRequest(mergeRequest, owner);
  }
  return { gitlab, projects };
};

/** Stands in for github.com, whose pull requests have a diff. */
const startDiffs = async (diff: string): Promise<{ readonly server: Server; readonly port: number }> => {
  const server = createServer((_request, response) => void response.end(diff)).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: portOf(server) };
};

const portOf = (server: Server): number => z.object({ port: z.number() }).parse(server.address()).port;

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/**
 * The commands that a reader has. `npm install` is what it comes to, without a registry: the packages that are
 * installed here. `serve` ends by itself once the server is ready.
 */
const writeCommands = (bin: string, npm: string): void => {
  const node = `"${process.execPath}"`;
  const commands = {
    reviewflow: `here=$PWD
cd_root() { while [ ! -f "$1/src/cli/reviewflow.ts" ]; do [ "$1" = / ] && { echo "${ROOT}"; return; }; set -- "$(dirname "$1")"; done; echo "$1/"; }
main="$(cd_root "$here")src/cli/reviewflow.ts"
[ "$1" = serve ] && exec ${node} "${here("serve-once.mjs")}" ${node} "$main" "$@"
exec ${node} "$main" "$@"`,
    npx: `[ "$1" = reviewflow ] || exit 127
[ -d node_modules ] || { echo "nothing is installed here" >&2; exit 1; }
export npm_command=exec; shift; exec reviewflow "$@"`,
    npm: `case "$1" in
install)
  shift; prefix=$PWD
  while [ $# -gt 0 ]; do case "$1" in --prefix) prefix=$2; shift;; *.tgz) package=$1;; esac; shift; done
  mkdir -p "$prefix/node_modules"
  for path in "${ROOT}"node_modules/* "${ROOT}"node_modules/.bin; do
    name=$(basename "$path")
    if [ "$name" = pyodide ]; then cp -al "$path" "$prefix/node_modules/"; else ln -s "$path" "$prefix/node_modules/$name"; fi
  done
  [ -z "$package" ] && { [ -f package-lock.json ] || exit 1; exit 0; }
  rm -f "$prefix/node_modules/.bin"; mkdir "$prefix/node_modules/reviewflow" "$prefix/node_modules/.bin"
  tar xzf "$package" -C "$prefix/node_modules/reviewflow" --strip-components=1
  bin=$(cd "$prefix/node_modules/reviewflow" && ${node} -p 'require("./package.json").bin.reviewflow')
  ln -s "../reviewflow/$bin" "$prefix/node_modules/.bin/reviewflow";;
exec) shift; [ "$1" = -- ] && shift; exec "$@";;
*) exec "${npm}" "$@";;
esac`,
    nginx: `case "$*" in
*daemon*) "${findNginx() ?? "nginx"}" "$@" & pid=$!; sleep 1; kill -QUIT $pid; wait $pid;;
*) exec "${findNginx() ?? "nginx"}" "$@";;
esac`,
  };
  for (const [name, script] of Object.entries(commands))
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
};

/** Starts the stand-ins and makes the commands. */
export const openPlace = async (): Promise<Place> => {
  await using started = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "reviewflow-blocks-"));
  started.defer(() => rmSync(folder, { recursive: true, force: true }));
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const npm = execFileSync("sh", ["-c", "command -v npm"], { encoding: "utf8" }).trim();
  writeCommands(bin, npm);
  const { gitlab, projects } = await startGitLab();
  started.use(gitlab);
  const models = ["stand-in", "gpt-4o", "gpt-5-mini", "qwen3:8b", "claude-sonnet-4-5"];
  const model = started.use(await startModelStandIn({ models }));
  const dify = started.use(await startDifyStandIn({ apps: [await createClassicApp("app-...")] }));
  const diffs = await startDiffs("diff --git a/a.js b/a.js\n--- a/a.js\n+++ b/a.js\n@@ -1 +1 @@\n-a\n+b\n");
  started.defer(() => void diffs.server.close());
  const port = await freePort();
  const portIn = (url: string): number => Number(new URL(url).port);
  const hosts = {
    "gitlab.example.com:443": portIn(gitlab.url),
    "dify.example.com:443": portIn(dify.url),
    "api.openai.com:443": portIn(model.url),
    "api.anthropic.com:443": portIn(model.url),
    "127.0.0.1:11434": portIn(model.url),
    "github.com:443": diffs.port,
  };
  const tracked = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: ROOT,
    encoding: "utf8",
  })
    .split("\0")
    .filter((path) => path !== "" && !/^(test|docs\/images)\//.test(path));
  const pristine = join(folder, "pristine");
  for (const path of tracked) {
    mkdirSync(dirname(join(pristine, path)), { recursive: true });
    cpSync(join(ROOT, path), join(pristine, path));
  }
  let count = 0;
  const empty = (): string => {
    count += 1;
    const path = join(folder, `reader-${count}`);
    mkdirSync(path);
    return path;
  };
  const run: Place["run"] = async (block, { folder: cwd = folder, environment = {}, input = "" }) => {
    const home = empty();
    const child = spawn("sh", ["-eu", "-c", block], {
      cwd,
      env: {
        PATH: [bin, dirname(process.execPath), "/usr/local/bin:/usr/bin:/bin:/usr/sbin"].join(delimiter),
        HOME: home,
        LANG: "C.UTF-8",
        CI: "true",
        EDITOR: "true",
        NODE_OPTIONS: `--import ${new URL("hosts.mjs", import.meta.url).href}`,
        NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? join(folder, "compiled"),
        TEST_HOSTS: JSON.stringify(hosts),
        REVIEWFLOW_PORT: String(port),
        ...environment,
      },
      stdio: ["pipe", "pipe", "pipe"],
    });
    child.stdin.end(input);
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
    return { code: child.exitCode, output: out + err };
  };
  const running = started.move();
  return {
    port,
    gitlabUrl: gitlab.url,
    modelUrl: model.url,
    empty,
    copy: (installed) => {
      const path = empty();
      // Links: what a block writes are new files.
      execFileSync("cp", ["-al", `${pristine}/.`, path]);
      if (installed) {
        mkdirSync(join(path, "node_modules"));
        for (const name of readdirSync(`${ROOT}node_modules`))
          symlinkSync(`${ROOT}node_modules/${name}`, join(path, "node_modules", name));
      }
      return path;
    },
    run,
    notesOf: (path) =>
      projects.get(path)?.mergeRequests.reduce((sum, { discussions }) => sum + discussions.length, 0) ?? 0,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};
