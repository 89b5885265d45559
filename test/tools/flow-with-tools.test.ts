import assert from "node:assert/strict";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { z } from "zod";
import { JsonObject } from "../../src/base/json.ts";
import { StoreError } from "../../src/base/errors.ts";
import { createMemoryJournal, type Journal } from "../../src/base/journal.ts";
import { createGuardedHttpClient } from "../../src/egress/guarded-http-client.ts";
import { runFlow } from "../../src/flow/engine/run-flow.ts";
import { NO_USAGE } from "../../src/flow/flow-event.ts";
import { englishOf, flowMessage } from "../../src/flow/messages/message.ts";
import type { FlowPorts } from "../../src/flow/node.ts";
import { parseFlow } from "../../src/flow/parse/parse-flow.ts";
import type { ModelRequest, ToolCall } from "../../src/flow/ports.ts";
import { verbatim } from "../../src/messages/message.ts";
import type { ToolTarget } from "../../src/tools/tool-runner.ts";
import { startMcpServer, startServer } from "./mcp-server.ts";
import { NO_PORTS, runnerWith } from "./tool-setup.ts";

const tool = (id: string, type: string, provider: string, name: string, parameters: string) =>
  `      - { id: ${id}, data: { type: tool, title: ${id}, provider_type: ${type}, provider_id: ${provider}, provider_name: x, tool_label: x, tool_name: ${name}, tool_node_version: "2", tool_configurations: {}, tool_parameters: ${parameters} } }`;

/** In the form of a real export with tools of all kinds. */
const OUTER = parseFlow(`
version: 0.6.0
kind: app
app: { name: tools, mode: workflow }
workflow:
  graph:
    nodes:
      - { id: start, data: { type: start, title: Start, variables: [{ variable: q, label: q, type: text-input, required: true }] } }
${tool("m1", "mcp", "shouter-1", "shout", '{ text: { type: mixed, value: "say {{#start.q#}}" }, times: { type: constant, value: 2 } }')}
${tool("m2", "mcp", "shouter-1", "facts", "{}")}
${tool("a1", "api", "9f2ea79f", "addNumbers", '{ a: { type: constant, value: 1.5 }, b: { type: mixed, value: "2" } }')}
${tool("w1", "workflow", "a8dd0246", "inner_tool", "{ query: { type: variable, value: [start, q] } }")}
${tool("b1", "builtin", "time", "weekday", "{ year: { type: constant, value: 2026 }, month: { type: constant, value: 11 }, day: { type: constant, value: 30 } }")}
      - id: end
        data:
          type: end
          title: End
          outputs:
${["m1", "m2", "a1", "w1", "b1"]
  .flatMap((id) =>
    ["text", "json", "files"].map(
      (name) => `            - { variable: ${id}_${name}, value_selector: [${id}, ${name}] }`,
    ),
  )
  .join("\n")}
            - { variable: m2_n, value_selector: [m2, n] }
            - { variable: w1_result, value_selector: [w1, result] }
    edges:
      - { source: start, target: m1 }
      - { source: m1, target: m2 }
      - { source: m2, target: a1 }
      - { source: a1, target: w1 }
      - { source: w1, target: b1 }
      - { source: b1, target: end }
`);

const INNER = parseFlow(`
version: 0.6.0
kind: app
app: { name: inner, mode: workflow }
workflow:
  graph:
    nodes:
      - { id: start, data: { type: start, title: Start, variables: [{ variable: query, label: query, type: text-input, required: true }] } }
${tool("loud", "mcp", "shouter-1", "shout", '{ text: { type: mixed, value: "inner {{#start.query#}}" }, times: { type: constant, value: 1 } }')}
      - { id: ask, data: { type: llm, title: ask, model: { provider: p, name: m, mode: chat }, prompt_template: [{ role: user, text: "{{#loud.text#}}" }], context: { enabled: false } } }
      - { id: end, data: { type: end, title: End, outputs: [{ variable: result, value_selector: [ask, text] }] } }
    edges:
      - { source: start, target: loud }
      - { source: loud, target: ask }
      - { source: ask, target: end }
`);

/** An agent that may use a tool of each kind. */
const AGENT = (strategy: string) =>
  parseFlow(`
version: 0.6.0
kind: app
app: { name: agent, mode: workflow }
workflow:
  graph:
    nodes:
      - { id: start, data: { type: start, title: Start, variables: [{ variable: q, label: q, type: text-input, required: true }] } }
      - id: agent
        data:
          type: agent
          title: agent
          agent_strategy_name: ${strategy}
          agent_strategy_provider_name: langgenius/agent/agent
          tool_node_version: "2"
          agent_parameters:
            model: { type: constant, value: { provider: p, model: m, mode: chat, completion_params: {} } }
            instruction: { type: constant, value: Use your tools. }
            query: { type: variable, value: [start, q] }
            maximum_iterations: { type: constant, value: 9 }
            tools:
              type: constant
              value:
                - { enabled: true, type: mcp, provider_name: shouter-1, tool_name: shout, parameters: { text: { auto: 1, value: null }, times: { auto: 0, value: { type: constant, value: 2 } } }, settings: {} }
                - { enabled: true, type: api, provider_name: 9f2ea79f, tool_name: addNumbers, parameters: {}, settings: {} }
                - { enabled: true, type: workflow, provider_name: a8dd0246, tool_name: inner_tool, parameters: {}, settings: {} }
                - { enabled: true, type: builtin, provider_name: time, tool_name: weekday, parameters: {}, settings: {} }
                - { type: builtin, provider_name: nobody/none/none, tool_name: off, parameters: {}, settings: {} }
      - { id: end, data: { type: end, title: End, outputs: [{ variable: text, value_selector: [agent, text] }, { variable: json, value_selector: [agent, json] }] } }
    edges:
      - { source: start, target: agent }
      - { source: agent, target: end }
`);

/** A flow that calls itself, as a tool. */
const ENDLESS = parseFlow(`
version: 0.6.0
kind: app
app: { name: endless, mode: workflow }
workflow:
  graph:
    nodes:
      - { id: start, data: { type: start, title: Start, variables: [] } }
${tool("again", "workflow", "self", "again", "{}")}
      - { id: end, data: { type: end, title: End, outputs: [{ variable: text, value_selector: [again, text] }] } }
    edges:
      - { source: start, target: again }
      - { source: again, target: end }
`);

const DOCUMENT = `
openapi: 3.0.0
info: { title: adder, version: "1" }
servers: [{ url: / }]
paths:
  /add:
    get:
      operationId: addNumbers
      parameters: [{ name: a, in: query, schema: { type: number } }, { name: b, in: query, schema: { type: number } }]
`;

const startAdder = () =>
  startServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://127.0.0.1");
    if (pathname === "/openapi.yml") {
      response.end(DOCUMENT);
      return;
    }
    const sum = Number(searchParams.get("a")) + Number(searchParams.get("b"));
    response.setHeader("content-type", "application/json");
    response.end(`{"sum": ${sum}}`);
    void text(request);
  });

const startShouter = () =>
  startMcpServer({
    tools: [
      {
        name: "shout",
        inputSchema: { type: "object", properties: { text: { type: "string" }, times: { type: "integer" } } },
      },
      { name: "facts", inputSchema: { type: "object" } },
    ],
    call: (name, { text: words, times }) =>
      name === "facts"
        ? { content: [{ type: "text", text: '{"n": 5}' }], structuredContent: { n: 5 } }
        : {
            content: [
              {
                type: "text",
                text: Array.from({ length: Number(times) }, () => String(words).toUpperCase()).join(" "),
              },
            ],
          },
  });

const TARGETS: Readonly<Record<string, ToolTarget>> = {
  "9f2ea79f/addNumbers": { kind: "openapi", service: "adder", operation: "addNumbers" },
  "a8dd0246/inner_tool": { kind: "flow", path: "inner.yml" },
  "self/again": { kind: "flow", path: "endless.yml" },
};

const startWorld = async () => {
  const shouter = await startShouter();
  const adder = await startAdder();
  const prompts: string[] = [];
  const run = async (
    flow = OUTER,
    {
      journal = createMemoryJournal(),
      model = async () => "",
    }: { journal?: Journal; model?: (request: ModelRequest) => Promise<string | ToolCall> } = {},
  ) => {
    const http = createGuardedHttpClient({ allow: ["127.0.0.1"] });
    const usage = { ...NO_USAGE, totalTokens: 12, promptTokens: 8, completionTokens: 4 };
    const own: Omit<FlowPorts, "tools"> = {
      ...NO_PORTS,
      http,
      model: {
        generate: async (request) => {
          prompts.push(request.messages.at(-1)?.content ?? "");
          const answer = await model(request);
          return {
            ok: true,
            value: {
              text: typeof answer === "string" ? answer || `re: ${prompts.at(-1)}` : "",
              reasoning: "",
              toolCalls: typeof answer === "string" ? [] : [answer],
              finishReason: "stop",
              usage,
            },
          };
        },
      },
    };
    const tools = runnerWith(
      {
        mcpServers: [{ name: "shouter-1", kind: "http", url: shouter.url, headers: {}, timeoutMs: 20_000 }],
        openApiServices: [
          {
            name: "adder",
            document: { kind: "url", url: `${adder.url}/openapi.yml` },
            baseUrl: null,
            headers: {},
            timeoutMs: 20_000,
          },
        ],
        targets: TARGETS,
        flows: new Map([
          ["inner.yml", INNER],
          ["endless.yml", ENDLESS],
        ]),
        clock: systemClock,
      },
      own,
    );
    return await runFlow(flow, {
      inputs: { q: "hi" },
      ports: { ...own, tools },
      journal,
      signal: new AbortController().signal,
      onEvent: () => undefined,
      clock: systemClock,
    });
  };
  const calls = (): number => shouter.seen.filter(({ method }) => method === "tools/call").length;
  return {
    run,
    calls,
    prompts,
    [Symbol.asyncDispose]: async () => {
      await shouter[Symbol.asyncDispose]();
      await adder[Symbol.asyncDispose]();
    },
  };
};

describe("a flow with tools of every kind", () => {
  it("runs end to end, with outputs in Dify's form and all that models took", async () => {
    await using world = await startWorld();
    const result = await world.run();
    assert.equal(result.error === null ? null : englishOf(result.error), null);
    const none = [{ data: [] }];
    assert.deepEqual(result.outputs, {
      m1_text: "SAY HI SAY HI",
      m1_json: none,
      m1_files: [],
      m2_text: "",
      m2_json: [{ n: 5 }],
      m2_files: [],
      a1_text: '{"sum": 3.5}',
      a1_json: [{ sum: 3.5 }],
      a1_files: [],
      w1_text: '{"result": "re: INNER HI"}',
      w1_json: [{ result: "re: INNER HI" }],
      w1_files: [],
      b1_text: "November 30, 2026 is Monday.",
      b1_json: none,
      b1_files: [],
      m2_n: 5,
      w1_result: "re: INNER HI",
    });
    assert.equal(result.usage.totalTokens, 12);
  });

  it("repeats no finished call when it is taken up again, not even inside of a workflow file", async () => {
    await using world = await startWorld();
    const journal = createMemoryJournal();
    const stop = new Error("the process ended");
    // An error of a port that is broken ends the process's part in the run, as a kill does.
    await assert.rejects(
      world.run(OUTER, {
        journal,
        model: async () => {
          throw new StoreError(verbatim(stop.message), { code: "test-ended" });
        },
      }),
      StoreError,
    );
    assert.equal(world.calls(), 3);
    const result = await world.run(OUTER, { journal });
    assert.equal(result.status, "succeeded");
    assert.equal(world.calls(), 3);
    assert.deepEqual(world.prompts, ["INNER HI", "INNER HI"]);
  });

  const WANTED: readonly (readonly [name: string, input: JsonObject, result: string])[] = [
    ["shout", { text: "hey", times: 9 }, "HEY HEY"],
    ["addNumbers", { a: 1.5, b: 2 }, '{"sum": 3.5}'],
    ["inner_tool", { query: "deep" }, '{"result": "re: INNER DEEP"}'],
    ["weekday", { year: 2026, month: 11, day: 30 }, "November 30, 2026 is Monday."],
  ];
  for (const strategy of ["function_calling", "ReAct"]) {
    it(`has an agent use all four of them, by ${strategy}`, async () => {
      await using world = await startWorld();
      const isReact = strategy === "ReAct";
      const seen: ModelRequest[] = [];
      const model = async (request: ModelRequest): Promise<string | ToolCall> => {
        const [system] = request.messages;
        // The workflow file's own question.
        if (system?.role !== "system") return "";
        const [name, input] = WANTED[seen.length] ?? ["", {}];
        seen.push(request);
        if (name === "") return isReact ? "FinalAnswer: done" : "done";
        if (!isReact) return { id: `c${seen.length}`, name, arguments: JSON.stringify(input) };
        return `Thought: next\nAction: ${JSON.stringify({ action: name, action_input: input })}`;
      };
      const result = await world.run(AGENT(strategy), { model });
      assert.equal(result.error === null ? null : englishOf(result.error), null);
      assert.equal(result.outputs["text"], isReact ? "done" : "\n\n\n\ndone");
      const last =
        seen
          .at(-1)
          ?.messages.map(({ content }) => content)
          .join("\n") ?? "";
      const shown = [...last.matchAll(/\[tool result (\w{16})\]\n([^]*?)\n\[end of tool result \1\]/g)];
      assert.deepEqual(
        shown.map(([, , text]) => text),
        WANTED.map(([, , text]) => text),
      );
      const names = isReact
        ? WANTED.map(([name]) => name).filter((name) => last.includes(`"name":"${name}"`))
        : seen[0]?.tools?.map(({ name }) => name);
      assert.deepEqual(
        names,
        WANTED.map(([name]) => name),
      );
      const log = z.array(JsonObject).parse(result.outputs["json"]);
      assert.deepEqual(
        log.flatMap(({ label }) => (typeof label === "string" && label.startsWith("CALL ") ? [label] : [])),
        WANTED.map(([name]) => `CALL ${name}`),
      );
      // Five answers of the agent's model and one inside of the workflow file.
      assert.equal(result.usage.totalTokens, 6 * 12);
    });
  }

  it("fails where flows call each other without an end", async () => {
    await using world = await startWorld();
    const result = await world.run(ENDLESS);
    assert.equal(result.status, "failed");
    assert.deepEqual(result.error?.host ?? result.error, flowMessage("flow.run.call-depth", { most: 5 }));
  });
});
