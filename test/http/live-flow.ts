import { createMemoryJournal } from "../../src/base/journal.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { createEmbeddedRunner } from "../../src/embedded/embedded-runner.ts";
import { NO_USAGE } from "../../src/flow/flow-event.ts";
import type { FlowPorts } from "../../src/flow/node.ts";
import { parseFlow } from "../../src/flow/parse/parse-flow.ts";
import type { ModelRequest } from "../../src/flow/ports.ts";
import type { Claim } from "../../src/store/store.ts";
import { createEventRecorder, type FlowCall } from "../../src/worker/record-events.ts";

/** A flow with an iteration over two files, a handled failure, and a branch that is not taken. */
export const LIVE_FLOW = parseFlow(`
version: "0.6.0"
kind: app
app: { name: "watched <flow>", mode: workflow }
workflow:
  graph:
    nodes:
      - { id: start, position: { x: 0, y: 120 }, data: { type: start, title: Start, variables: [] } }
      - { id: plan, position: { x: 320, y: 120 }, data: { type: llm, title: Plan the review, model: { provider: openai, name: scripted, mode: chat, completion_params: {} }, prompt_template: [{ role: user, text: "plan <script>alert(1)</script>" }], context: { enabled: false, variable_selector: [] }, vision: { enabled: false } } }
      - { id: list, position: { x: 640, y: 120 }, data: { type: code, title: List files, code_language: javascript, code: "list", variables: [], outputs: { l: { type: "array[string]" } } } }
      - { id: each, position: { x: 960, y: 60 }, width: 420, height: 190, data: { type: iteration, title: Each file, start_node_id: eachstart, iterator_selector: [list, l], output_selector: [ask, text] } }
      - { id: eachstart, parentId: each, position: { x: 24, y: 74 }, width: 44, height: 48, data: { type: iteration-start, title: "" } }
      - { id: ask, parentId: each, position: { x: 120, y: 70 }, data: { type: llm, title: Review file, model: { provider: openai, name: scripted, mode: chat, completion_params: {} }, prompt_template: [{ role: user, text: "review {{#each.item#}}" }], context: { enabled: false, variable_selector: [] }, vision: { enabled: false }, iteration_id: each } }
      - { id: check, position: { x: 1460, y: 120 }, data: { type: code, title: Check, code_language: javascript, code: "fail", variables: [], outputs: { x: { type: string } }, error_strategy: fail-branch } }
      - { id: good, position: { x: 1780, y: 0 }, data: { type: end, title: Good, outputs: [] } }
      - { id: left, position: { x: 1780, y: 240 }, data: { type: end, title: What is left, outputs: [{ variable: out, value_selector: [each, output] }] } }
    edges:
      - { source: start, target: plan }
      - { source: plan, target: list }
      - { source: list, target: each }
      - { source: eachstart, target: ask }
      - { source: each, target: check }
      - { source: check, sourceHandle: source, target: good }
      - { source: check, sourceHandle: fail-branch, target: left }
`);

/** Runs LIVE_FLOW as a call of a claimed run; each question to the model waits for `answer`. */
export const runLiveFlow = async (
  claim: Pick<Claim, "record" | "run" | "signal">,
  about: FlowCall,
  answer: (prompt: string, request: ModelRequest) => Promise<string>,
): Promise<void> => {
  const refuse = async () =>
    ({ ok: false, errorType: "Refused", message: "not <b>here</b>", retryable: false }) as const;
  const ports: FlowPorts = {
    code: {
      run: async ({ code }) =>
        code === "list" ? { ok: true, value: { l: ["src/a.ts", "src/b.ts"] } } : refuse(),
    },
    template: { render: refuse },
    http: { send: refuse },
    knowledge: { search: refuse },
    tools: { invoke: refuse, describe: refuse },
    documents: { read: refuse },
    model: {
      generate: async (request) => ({
        ok: true,
        value: {
          text: await answer(request.messages.at(-1)?.content ?? "", request),
          reasoning: "",
          finishReason: "stop",
          toolCalls: [],
          usage: { ...NO_USAGE, totalTokens: 120, promptTokens: 100, completionTokens: 20 },
        },
      }),
    },
  };
  const runner = createEmbeddedRunner({ flow: LIVE_FLOW, ports, tools: () => ports.tools });
  await createEventRecorder(claim, silentLogger).during(about, (onEvent) =>
    runner.run({
      runId: claim.run.id,
      inputs: {},
      journal: createMemoryJournal(),
      signal: claim.signal,
      onEvent,
    }),
  );
};
