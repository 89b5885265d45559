import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { z } from "zod";
import { flowCheck } from "../../src/cli/flow-check.ts";
import { conformancePath, recordedTerminal } from "./recorded-terminal.ts";
import { english as t, saying } from "../messages/saying.ts";
import { type Message, type MessageCode, message } from "../../src/messages/message.ts";

const classic = new URL("../../flows/classic.yml", import.meta.url).pathname;

const check = async (files: string | readonly string[], json = false) => {
  const terminal = recordedTerminal();
  const code = await flowCheck(files, { ...terminal, json });
  return { code, out: terminal.out() };
};

const Problem = z.object({
  nodeId: z.string().nullable(),
  title: z.string().nullable(),
  field: z.string(),
  code: z.string(),
  params: z.record(z.string(), z.unknown()),
  message: z.string().min(1),
});

const Checks = z.array(
  z.object({
    file: z.string(),
    ok: z.boolean(),
    flow: z
      .object({ inputs: z.array(z.object({ name: z.string() })), secrets: z.array(z.string()) })
      .nullable(),
    problems: z.array(Problem),
    warnings: z.array(Problem),
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
    assert.ok(out.startsWith(`${t("cli.flow.can-run", { file: classic })}\n\n`));
    const under = (title: MessageCode): string =>
      out.split(`\n${t.message({ code: title, params: {} })}\n`)[1]?.split("\n\n")[0] ?? "";
    assert.ok(under("flows.inputs").includes(`  PrivateToken (text-input, ${t("cli.flow.required")}`));
    assert.match(under("flows.outputs"), /^ {2}\w/);
    assert.match(under("flows.nodes"), /^ {2}\d+ × http-request$/m);
    assert.match(under("flows.models"), /^ {2}\S+\/\S+ \(.+\)$/m);
  });

  it("says how each tool runs, by the settings, or which line of them has it run", async () => {
    const tool = (id: string, type: string, provider: string, name: string): string =>
      `      - { id: ${id}, data: { type: tool, title: ${id}, provider_type: ${type}, provider_id: ${provider}, tool_name: ${name} } }`;
    const file = await write(
      "tools.yml",
      `
version: 0.6.0
kind: app
app: { name: tools, mode: workflow }
workflow:
  graph:
    nodes:
      - { id: start, data: { type: start, title: Start, variables: [] } }
${tool("a", "builtin", "time", "weekday")}
${tool("b", "mcp", "search", "web")}
${tool("c", "api", "9f2e", "create")}
${tool("d", "workflow", "a8dd", "inner")}
${tool("e", "builtin", "langgenius/google/google", "search")}
${tool("f", "builtin", "webscraper", "webscraper")}
${tool("g", "builtin", "tavily", "tavily_search")}
${tool("h", "builtin", "langgenius/jina/jina", "jina_reader")}
    edges:
      - { source: start, target: a }
      - { source: a, target: b }
      - { source: b, target: c }
      - { source: c, target: d }
      - { source: d, target: e }
      - { source: e, target: f }
      - { source: f, target: g }
      - { source: g, target: h }
`,
    );
    const config = await write(
      "reviewflow.yml",
      `
mcp_servers: { search: { url: "https://mcp.example.com/mcp" } }
openapi_services: { tickets: { file: tickets.yml } }
models: { main: { provider: openai, model: gpt-4o, api_key: k-123456 } }
flows:
  - { name: own, file: tools.yml, contract: findings, tools: { 9f2e/create: "openapi:tickets/createTicket", a8dd/inner: "flow:inner.yml" }, secrets: { tavily_api_key: tvly-key-1 } }
`,
    );
    const linesFor = async (given: { readonly config?: string }): Promise<readonly string[]> => {
      const terminal = recordedTerminal();
      assert.equal(await flowCheck(file, { ...terminal, ...given, environment: {} }), 0);
      const under =
        terminal
          .out()
          .split(`\n${t("cli.flow.tools")}\n`)[1]
          ?.split("\n\n")[0] ?? "";
      return under.trim().split(/\n */);
    };
    const line = (name: string, nodes: string, plan: Message): string =>
      t.message(message("cli.flow.tool", { tool: name, nodes, plan }));
    const missing = (setting: string): Message => message("cli.flow.tool.missing", { setting });
    const builtin = line("time/weekday", "a", message("cli.flow.tool.builtin"));
    const unset = line(
      "langgenius/google/google/search",
      "e",
      missing('flows[].tools: {"langgenius/google/google/search": "mcp:NAME/search"}'),
    );
    const scraper = line("webscraper/webscraper", "f", message("cli.flow.tool.builtin"));
    const reader = line("langgenius/jina/jina/jina_reader", "h", message("cli.flow.tool.builtin"));
    const search = (plan: Message): string => line("tavily/tavily_search", "g", plan);
    assert.deepEqual(await linesFor({ config }), [
      builtin,
      line("search/web", "b", message("cli.flow.tool.mcp", { server: "search", name: "web" })),
      line(
        "9f2e/create",
        "c",
        message("cli.flow.tool.openapi", { service: "tickets", operation: "createTicket" }),
      ),
      line("a8dd/inner", "d", message("cli.flow.tool.flow", { file: join(folder, "inner.yml") })),
      unset,
      scraper,
      search(message("cli.flow.tool.builtin-secret", { secret: "tavily_api_key" })),
      reader,
    ]);
    // Settings of servers alone are enough for a check.
    const servers = await write(
      "servers.yml",
      'mcp_servers: { search: { url: "https://mcp.example.com/mcp" } }\n',
    );
    assert.equal(
      (await linesFor({ config: servers }))[1],
      line("search/web", "b", message("cli.flow.tool.mcp", { server: "search", name: "web" })),
    );
    assert.deepEqual(await linesFor({}), [
      builtin,
      line("search/web", "b", missing('mcp_servers: {"search": {url: https://…}}')),
      line("9f2e/create", "c", missing('flows[].tools: {"9f2e/create": "openapi:NAME/create"}')),
      line("a8dd/inner", "d", missing('flows[].tools: {"a8dd/inner": "flow:FILE.yml"}')),
      unset,
      scraper,
      search(missing('secrets: {tavily_api_key: "${TAVILY_API_KEY}"}')),
      reader,
    ]);
  });

  it("says one fact a line, warnings included", async () => {
    const { out } = await check(conformancePath("inputs"));
    assert.match(out, /^inputs \(workflow, DSL 0\.6\.0\)$/m);
    for (const line of [
      `  t (text-input, ${t("cli.flow.at-most", { length: 3 })})`,
      `  p (paragraph, ${t("cli.flow.required")})`,
      `  s (select, ${t("cli.flow.one-of", { options: "a, b" })})`,
    ])
      assert.ok(out.split("\n").includes(line), line);
    const warned = await check(conformancePath("unreachable"));
    const lonely = message("flow.problem.node-field", {
      title: "lonely",
      id: "lonely",
      field: "edges",
      problem: message("flow.graph.unreached"),
    });
    assert.ok(warned.out.includes(`\n${t("cli.flow.warnings")}\n  ${t.message(lonely)}\n`), warned.out);
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
    assert.ok(out.startsWith(`${t("cli.flow.cannot-run", { file: broken, count: 2 })}\n`));
    const [found] = (await readJson([broken])).checks;
    assert.deepEqual(
      found?.problems.map(({ nodeId, title, field, code: said }) => [nodeId, title, field, said]),
      [
        ["q", "量子", "type", "flow.file.node-type-unknown"],
        ["c", "Count", "code_language", "flow.value.not-a-choice"],
      ],
    );
    assert.deepEqual(
      found?.warnings.map(({ nodeId, field, code: said }) => [nodeId, field, said]),
      [["w", "type", "flow.problem.fails"]],
    );
    for (const { nodeId } of [...(found?.problems ?? []), ...(found?.warnings ?? [])])
      assert.ok(out.includes(`(${nodeId})`), `${nodeId}`);
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
    assert.equal(checks[2]?.warnings[0]?.code, "flow.graph.unreached");
  });

  it("names what is wrong with a file that is none", async () => {
    const large = await write("large.yml", "a: b\n");
    await truncate(large, 50 * 2 ** 20);
    await mkdir(join(folder, "flows"));
    execFileSync("mkfifo", [join(folder, "pipe.yml")]);
    const cases: readonly (readonly [string, RegExp | string])[] = [
      [join(folder, "absent.yml"), t("cli.flow.file.missing")],
      [join(large, "deeper.yml"), t("cli.flow.file.missing")],
      [join(folder, "flows"), t("cli.flow.file.folder")],
      [join(folder, "pipe.yml"), t("cli.flow.file.special")],
      [large, t("cli.flow.file.too-large", { size: "50.0", most: 10 })],
      [
        await write("binary.yml", new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0xff, 0xfe])),
        t("cli.flow.file.not-utf8"),
      ],
      [await write("broken-yaml.yml", "kind: [app\n  mode: {"), saying("flow.file.not-yaml")],
      [await write("tabs.yml", "kind:\n\t- a\n"), saying("flow.file.not-yaml")],
      [await write("prose.txt", "Dear reader,\nthis is no flow.\n"), saying("flow.file.not-an-export")],
      [await write("empty.yml", ""), saying("flow.file.not-an-export")],
      [await write("list.yml", "- 1\n- 2\n"), saying("flow.file.not-an-export")],
      [await write("compose.yml", "services:\n  web: {}\n"), saying("flow.file.not-an-export")],
      [await write("bomb.yml", `a: &a [x, x]\n${bombLines()}`), saying("flow.file.not-yaml")],
      [await write("deep.yml", "[".repeat(100_000)), saying("flow.file.not-yaml")],
    ];
    for (const [path, expected] of cases) {
      const { code, out } = await check(path);
      const [, ...lines] = out.trim().split("\n");
      assert.equal(lines.length, 1, `${path} is said to be wrong in more than one way: ${out}`);
      assert.equal(code, 1, path);
      assert.ok(out.startsWith(t("cli.flow.cannot-run", { file: path, count: 1 })), out.slice(0, 300));
      if (typeof expected === "string") assert.ok(out.includes(`  - ${expected}`), out);
      else assert.match(out, expected);
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
