import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What the system's loader writes where the library is missing. */
const NO_LIBATOMIC = `#!/bin/sh
echo "$0: error while loading shared libraries: libatomic.so.1: cannot open shared object file: No such file or directory" >&2
exit 127
`;
const STARTS = "#!/bin/sh\necho v26.0.0\n";

/** Runs before the script: makes the process one of another Node and another user. */
const disguise = (version: string, user: number): string =>
  `data:text/javascript,${encodeURIComponent(
    `Object.defineProperty(process, "versions", { value: { ...process.versions, node: ${JSON.stringify(version)} } });
     process.getuid = () => ${user};`,
  )}`;

const PROBE = `import { findNode } from "./scripts/bootstrap.mjs";
console.log(findNode({ bring: process.argv[2] === "bring" }));
`;

describe("finding a Node that runs the sources", () => {
  const folder = mkdtempSync(join(tmpdir(), "reviewflow-bootstrap-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const brought = join(folder, "node_modules", `node-${process.platform}-${process.arch}`);
  const node = join(brought, "bin", "node");
  const commands = join(folder, "commands");
  const log = join(folder, "apt.log");

  const executable = (path: string, text: string): void => {
    writeFileSync(path, text);
    chmodSync(path, 0o755);
  };
  const find = (options: { node?: string; user?: number; bring?: boolean } = {}) => {
    const { node: version = "20.19.0", user = 0, bring = false } = options;
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ["--import", disguise(version, user), "probe.mjs", ...(bring ? ["bring"] : [])],
      { cwd: folder, encoding: "utf8", env: { PATH: [commands, "/usr/bin", "/bin"].join(delimiter) } },
    );
    return { status, found: stdout.trim().split("\n").at(-1), stderr };
  };
  /** An apt-get that keeps a log, and does `effect` when it is asked to install. */
  const provideApt = (effect: string): void =>
    executable(
      join(commands, "apt-get"),
      `#!/bin/sh\necho "$@" >>"${log}"\nif [ "$1" = install ]; then ${effect}; fi\n`,
    );
  const asked = (): readonly string[] =>
    existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : [];

  beforeEach(() => {
    rmSync(folder, { recursive: true, force: true });
    for (const path of [join(folder, "scripts"), join(brought, "bin"), commands])
      mkdirSync(path, { recursive: true });
    cpSync(`${ROOT}scripts/bootstrap.mjs`, join(folder, "scripts/bootstrap.mjs"));
    writeFileSync(join(folder, "probe.mjs"), PROBE);
    cpSync(`${ROOT}package.json`, join(folder, "package.json"));
    writeFileSync(join(brought, "package.json"), JSON.stringify({ name: "node" }));
    executable(node, NO_LIBATOMIC);
    provideApt("exit 1");
  });

  it("takes the one that npm brought where it starts", () => {
    executable(node, STARTS);
    assert.deepEqual(find(), { status: 0, found: node, stderr: "" });
  });

  it("without libatomic: the Node that we run on when it is new enough", () => {
    assert.deepEqual(find({ node: "26.0.0" }), { status: 0, found: process.execPath, stderr: "" });
  });

  it("without libatomic: one sentence with the package's names, and nothing is installed unasked", () => {
    const { status, stderr } = find();
    assert.equal(status, 1);
    assert.match(stderr, /libatomic1 .*libatomic .*\n$/);
    assert.equal(stderr.trim().split("\n").length, 1);
    assert.deepEqual(asked(), []);
  });

  it("without libatomic: brings the package from Debian, as root alone", () => {
    provideApt(`printf '#!/bin/sh\\necho v26.0.0\\n' >"${node}"`);
    assert.equal(find({ bring: true, user: 1_000 }).status, 1);
    assert.deepEqual(asked(), []);
    const { status, found } = find({ bring: true });
    assert.deepEqual({ status, found }, { status: 0, found: node });
    assert.match(asked().at(-1) ?? "", /^install .*libatomic1$/);
  });

  it("says the sentence where Debian's package does not come", () => {
    const { status, stderr } = find({ bring: true });
    assert.equal(status, 1);
    assert.match(stderr, /libatomic1/);
  });

  it("without glibc: says so, and takes the system's Node when it is new enough", () => {
    executable(node, "#!/lib/ld-of-another-libc\n");
    const { status, stderr } = find({ bring: true });
    assert.equal(status, 1);
    assert.match(stderr, /glibc.*musl/);
    assert.equal(stderr.trim().split("\n").length, 1);
    assert.deepEqual(asked(), []);
    assert.equal(find({ node: "27.1.0" }).found, process.execPath);
  });

  it("says how to get it where the packages are not installed", () => {
    rmSync(join(folder, "node_modules"), { recursive: true });
    const { status, stderr } = find();
    assert.equal(status, 1);
    assert.match(stderr, /npm install|npm brings none/);
    assert.equal(find({ node: "26.0.0" }).found, process.execPath);
  });

  it("names what else keeps it from starting", () => {
    executable(node, "#!/bin/sh\necho 'the processor is too old' >&2\nexit 3\n");
    assert.match(find().stderr, /\(the processor is too old\)/);
  });

  it("starts the command under npm, whose PATH has the Node that cannot start first", () => {
    const link = join(commands, "reviewflow");
    symlinkSync(`${ROOT}bin/reviewflow`, link);
    const { status, stdout, stderr } = spawnSync(link, ["flow", "--help"], {
      encoding: "utf8",
      env: {
        PATH: [join(brought, "bin"), process.env["PATH"]].join(delimiter),
        npm_node_execpath: process.execPath,
      },
    });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /check/);
  });
});
