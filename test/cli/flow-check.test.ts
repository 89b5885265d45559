import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { z } from "zod";
import { flowCheck } from "../../src/cli/flow-check.ts";
import { conformancePath, recordedTerminal } from "./recorded-terminal.ts";

const classic = new URL("../../flows/classic.yml", import.meta.url).pathname;

const check = async (files: string | readonly string[], json = false) => {
  const terminal = recordedTerminal();
  const code = await flowCheck(files, { ...terminal, json });
  return { code, out: terminal.out() };
};

const Checks = z.array(
  z.object({
    file: z.string(),
    ok: z.boolean(),
    flow: z
      .object({ inputs: z.array(z.object({ name: z.string() })), secrets: z.array(z.string()) })
      .nullable(),
    problems: z.array(
      z.object({ nodeId: z.string().nullable(), title: z.string().nullable(), field: z.string() }),
    ),
    warnings: z.array(z.object({ message: z.string() })),
  }),
);

const readJson = async (files: readonly string[]) => {
  const { code, out } = await check(files, true);
  return { code, checks: Checks.parse(JSON.parse(out)) };
};

describe("flow check", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "reviewflow-check-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const write = async (name: string, content: string | Uint8Array): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, content);
    return path;
  };

  it("says what the classic flow takes, gives and needs", async () => {
    const { code, out } = await check(classic);
    assert.equal(code, 0);
    assert.match(out, /^.*classic\.yml: can run\n\n/);
    assert.match(out, /^Inputs\n(?: {2}.*\n)* {2}PrivateToken \(text-input, required/m);
    assert.match(out, /^Outputs\n {2}\w/m);
    assert.match(out, /^Nodes\n(?: {2}.*\n)* {2}\d+ × http-request$/m);
    assert.match(out, /^Models\n {2}\S+\/\S+ \(.+\)$/m);
  });

  it("tells every problem at once, with the node's title, its id and the field", async () => {
    const broken = await write(
      "broken.yml",
      `
version: 0.6.0
kind: app
app: { name: broken, mode: workflow }
workflow:
  graph:
    nodes:
      - { id: s, data: { type: start, title: Start } }
      - { id: q, data: { type: quantum, title: 量子 } }
      - { id: w, data: { type: human-input, title: Ask } }
      - { id: c, data: { type: code, title: Count, code_language: cobol, code: "", variables: [], outputs: {} } }
    edges: []
`,
    );
    const { code, out } = await check(broken);
    assert.equal(code, 1);
    assert.match(out, /broken\.yml: cannot run, 2 problems$/m);
    assert.match(out, /^ {2}- node "量子" \(q\), type: Nodes of the kind "quantum" are not known/m);
    assert.match(out, /^ {2}- node "Ask" \(w\), type: A review cannot wait for a person/m);
    assert.match(out, /^ {2}- node "Count" \(c\), code_language: /m);
  });

  it("prints JSON, an entry a file, and fails when one file cannot run", async () => {
    const names = ["secrets-from-outside", "kinds-not-run", "unreachable"];
    const { code, checks } = await readJson(names.map(conformancePath));
    assert.equal(code, 1);
    assert.deepEqual(
      checks.map(({ ok }) => ok),
      [true, false, true],
    );
    assert.deepEqual(checks[0]?.flow?.secrets, ["KEY"]);
    assert.equal(checks[1]?.flow, null);
    assert.ok(checks[1]?.problems.every(({ nodeId, field }) => nodeId !== null && field !== ""));
    assert.match(checks[2]?.warnings[0]?.message ?? "", /No edge leads here/);
  });

  it("names what is wrong with a file that is none", async () => {
    const large = await write("large.yml", "a: b\n");
    await truncate(large, 50 * 2 ** 20);
    await mkdir(join(folder, "flows"));
    execFileSync("mkfifo", [join(folder, "pipe.yml")]);
    const cases: readonly (readonly [string, RegExp])[] = [
      [join(folder, "absent.yml"), /there is no such file/],
      [join(large, "deeper.yml"), /there is no such file/],
      [join(folder, "flows"), /this is a folder/],
      [join(folder, "pipe.yml"), /no ordinary file/],
      [large, /50\.0 MiB; a workflow file has at most 10 MiB/],
      [await write("binary.yml", new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0xff, 0xfe])), /no UTF-8 text/],
      [await write("broken-yaml.yml", "kind: [app\n  mode: {"), /No valid YAML: .* line \d/],
      [await write("tabs.yml", "kind:\n\t- a\n"), /No valid YAML/],
      [await write("prose.txt", "Dear reader,\nthis is no flow.\n"), /no export of a Dify app/],
      [await write("empty.yml", ""), /no export of a Dify app/],
      [await write("list.yml", "- 1\n- 2\n"), /no export of a Dify app/],
      [await write("compose.yml", "services:\n  web: {}\n"), /no export of a Dify app/],
      [await write("bomb.yml", `a: &a [x, x]\n${bombLines()}`), /No valid YAML/],
      [await write("deep.yml", "[".repeat(100_000)), /No valid YAML/],
    ];
    for (const [path, expected] of cases) {
      const { code, out } = await check(path);
      const [, ...lines] = out.trim().split("\n");
      assert.equal(lines.length, 1, `${path} is said to be wrong in more than one way: ${out}`);
      assert.equal(code, 1, path);
      assert.ok(out.startsWith(`${path}: cannot run`), out.slice(0, 300));
      assert.match(out, expected);
    }
  });

  it("lets no file write control sequences to the terminal", async () => {
    const text = `{ kind: app, app: { name: "x\\u001b[2Jy\\u009b1m", mode: workflow }, workflow: { graph: { nodes: [{ id: s, data: { type: start, title: "\\u0007" } }] } } }`;
    const { code, out } = await check(await write("control.yml", text));
    assert.equal(code, 0);
    assert.match(out, /^x\[2Jy1m \(workflow/m);
  });
});

/** Aliases of aliases: a few lines that stand for a million nodes. */
const bombLines = (): string =>
  Array.from("bcdefghijklmnopqrst", (name, index) => {
    const last = "abcdefghijklmnopqrst"[index] ?? "a";
    return `${name}: &${name} [*${last}, *${last}, *${last}, *${last}]\n`;
  }).join("");
