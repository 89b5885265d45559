import { stringify } from "yaml";
import type { ContractFlow } from "./flow-runner.contract.ts";

type Data = Readonly<Record<string, unknown>>;
type Edge = readonly [source: string, target: string, handle?: string];

const file = (nodes: Readonly<Record<string, Data>>, edges: readonly Edge[]): string =>
  stringify({
    version: "0.3.0",
    kind: "app",
    app: { name: "contract", mode: "workflow" },
    workflow: {
      graph: {
        nodes: Object.entries(nodes).map(([id, data], index) => ({
          id,
          type: "custom",
          position: { x: index * 300, y: 0 },
          data: { title: id, ...data },
        })),
        edges: edges.map(([source, target, sourceHandle = "source"]) => ({
          id: `${source}-${target}`,
          source,
          target,
          sourceHandle,
          targetHandle: "target",
        })),
      },
    },
  });

const start = (variables: readonly Data[] = []): Data => ({ type: "start", variables });
const code = (text: string, outputs: Data = {}, more: Data = {}): Data => ({
  type: "code",
  code_language: "javascript",
  code: text,
  variables: [],
  outputs,
  ...more,
});
const end = (selector: readonly string[]): Data => ({
  type: "end",
  outputs: [{ variable: "answer", value_selector: selector }],
});
const string = { type: "string", children: null };

/** The flows of the contract as workflow files. `slow` waits in the code of its second node. */
export const CONTRACT_FLOWS: Readonly<Record<ContractFlow, string>> = {
  succeeds: file(
    {
      start: start([
        { variable: "name", label: "name", type: "text-input", required: true, max_length: 20 },
        { variable: "mood", label: "mood", type: "select", required: false, options: ["kind", "stern"] },
      ]),
      model: {
        type: "llm",
        model: { provider: "langgenius/openai/openai", name: "gpt-4o", mode: "chat", completion_params: {} },
        prompt_template: [{ id: "u", role: "user", text: "{{#start.name#}}" }],
      },
      end: end(["model", "text"]),
    },
    [
      ["start", "model"],
      ["model", "end"],
    ],
  ),
  fails: file(
    { start: start(), broken: code("throw new Error('boom')", { x: string }), end: end(["broken", "x"]) },
    [
      ["start", "broken"],
      ["broken", "end"],
    ],
  ),
  partial: file(
    {
      start: start(),
      broken: code("throw new Error('no answer')", { x: string }, { error_strategy: "fail-branch" }),
      good: code("", { x: string }),
      left: code("return { answer: 'what was left' }", { answer: string }),
      end: end(["left", "answer"]),
    },
    [
      ["start", "broken"],
      ["broken", "good"],
      ["broken", "left", "fail-branch"],
      ["left", "end"],
    ],
  ),
  slow: file(
    {
      start: start(),
      first: code("begin", { x: string }),
      second: code("wait", { answer: string }),
      end: end(["second", "answer"]),
    },
    [
      ["start", "first"],
      ["first", "second"],
      ["second", "end"],
    ],
  ),
};
