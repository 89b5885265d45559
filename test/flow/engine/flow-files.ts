import { readFileSync } from "node:fs";
import type { Flow } from "../../../src/flow/flow.ts";
import { parseFlow } from "../../../src/flow/parse/parse-flow.ts";

/** A workflow file of the conformance suite, read. */
export const conformanceFlow = (name: string): Flow =>
  parseFlow(readFileSync(new URL(`../conformance/flows/${name}.yml`, import.meta.url), "utf8"));

/** A flow that asks the model once for each of the items `0`…`size - 1`, in an iteration or a loop. */
export const askingFlow = (container: "iteration" | "loop", size: number, isParallel = false): Flow => {
  const own =
    container === "iteration"
      ? `iterator_selector: [make, l], output_selector: [ask, text], is_parallel: ${isParallel}, parallel_nums: 2`
      : `loop_count: ${size}, break_conditions: [], logical_operator: and, loop_variables: [{ label: n, var_type: number, value_type: constant, value: 0 }]`;
  const item = container === "iteration" ? "box.item" : "box.n";
  const id = `${container}_id: box`;
  return parseFlow(`
version: 0.6.0
kind: app
app: { name: asks, mode: workflow }
workflow:
  graph:
    nodes:
      - { id: start, data: { type: start, title: Start } }
      - { id: make, data: { type: code, title: make, code_language: javascript, code: "function main() { return { l: [...Array(${size}).keys()] } }", variables: [], outputs: { l: { type: "array[number]" } } } }
      - { id: box, data: { type: ${container}, title: box, start_node_id: first, ${own} } }
      - { id: first, data: { type: ${container}-start, title: "", ${id} } }
      - { id: ask, data: { type: llm, title: ask, model: { provider: p, name: m, mode: chat }, prompt_template: [{ role: user, text: "item {{#${item}#}}" }], context: { enabled: false }, ${id} } }
      - { id: add, data: { type: ${container === "loop" ? `assigner, version: "2", items: [{ variable_selector: [box, n], operation: "+=", input_type: constant, value: 1 }]` : `template-transform, template: "{{ t }}", variables: [{ variable: t, value_selector: [ask, text] }]`}, title: add, ${id} } }
      - { id: after, data: { type: llm, title: after, model: { provider: p, name: m, mode: chat }, prompt_template: [{ role: user, text: "after" }], context: { enabled: false } } }
      - { id: end, data: { type: end, title: end, outputs: [{ variable: out, value_selector: [box, ${container === "loop" ? "n" : "output"}] }, { variable: text, value_selector: [after, text] }] } }
    edges:
      - { source: start, target: make }
      - { source: make, target: box }
      - { source: box, target: after }
      - { source: after, target: end }
      - { source: first, target: ask }
      - { source: ask, target: add }
`);
};
