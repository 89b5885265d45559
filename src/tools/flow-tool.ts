import type { Clock } from "../base/clock.ts";
import { FlowError } from "../base/errors.ts";
import type { JsonObject } from "../base/json.ts";
import type { Secret } from "../base/secret.ts";
import type { FlowLimits } from "../flow/engine/limits.ts";
import { runFlow } from "../flow/engine/run-flow.ts";
import type { Flow } from "../flow/flow.ts";
import { englishOf } from "../flow/messages/message.ts";
import type { FlowPorts } from "../flow/node.ts";
import type { ToolAnswer } from "../flow/ports.ts";
import { pythonJson } from "../flow/value-text.ts";
import { isJsonArray, isJsonObject, typeOfValue } from "../flow/value-type.ts";
import { failureInItsWords, objectSchema, type Tool, toolAnswer } from "./tool.ts";

/** What a workflow file runs on that is called as a tool: the ports of its caller. */
export type FlowToolOptions = {
  readonly flow: Flow;
  readonly ports: FlowPorts;
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly clock: Clock;
  readonly limits: Partial<FlowLimits>;
};

const TYPES: Readonly<Record<string, JsonObject>> = {
  number: { type: "number" },
  checkbox: { type: "boolean" },
  file: { type: "object" },
  "file-list": { type: "array", items: { type: "object" } },
  json_object: { type: "object" },
};

const schemaOf = (flow: Flow): JsonObject =>
  objectSchema(
    Object.fromEntries(
      flow.inputs.map(({ variable, label, type, options }) => [
        variable,
        {
          ...(TYPES[type] ?? { type: "string" }),
          description: label,
          ...(type === "select" ? { enum: [...options] } : {}),
        },
      ]),
    ),
    flow.inputs.filter(({ required }) => required).map(({ variable }) => variable),
  );

const filesIn = (outputs: JsonObject): readonly JsonObject[] =>
  Object.values(outputs)
    .flatMap((value) => (isJsonArray(value) ? value : [value]))
    .filter((value) => isJsonObject(value))
    .filter((value) => typeOfValue(value) === "file");

/** What a run gave, as Dify's workflow tools do: its outputs as text, as JSON and each by its name. */
const answerOf = (outputs: JsonObject, usage: ToolAnswer["usage"]) =>
  toolAnswer({
    text: pythonJson(outputs),
    json: Object.keys(outputs).length === 0 ? [] : [outputs],
    files: filesIn(outputs),
    variables: outputs,
    usage,
  });

/**
 * A workflow file as a tool. It runs in this process, one level deeper than its caller, on whose journal and signal it
 * runs too: what had finished when the process ended does not run again.
 */
export const createFlowTool = ({ flow, ports, secrets, clock, limits }: FlowToolOptions): Tool => ({
  describe: async () => ({
    ok: true,
    value: {
      description: flow.description === "" ? flow.name : flow.description,
      parameters: schemaOf(flow),
    },
  }),
  invoke: async ({ parameters, settings, signal, callDepth, journal }) => {
    const named = new Set(flow.environment.map(({ name }) => name));
    try {
      const result = await runFlow(flow, {
        inputs: { ...parameters, ...settings },
        ports,
        journal,
        signal,
        onEvent: () => undefined,
        clock,
        limits,
        secrets: new Map([...secrets].filter(([name]) => named.has(name))),
        callDepth: callDepth + 1,
      });
      const { error, outputs, usage, cause } = result;
      return error === null
        ? answerOf(outputs, usage)
        : { ...failureInItsWords(englishOf(error)), host: error.host ?? error, usage, ...cause };
    } catch (error) {
      // Inputs that do not fit, or flows that call each other without an end.
      if (!(error instanceof FlowError)) throw error;
      return { ...failureInItsWords(error.message), host: error.what };
    }
  },
});
