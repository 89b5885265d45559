import type { Secret } from "../../base/secret.ts";
import { FlowError } from "../../base/errors.ts";
import type { JsonObject } from "../../base/json.ts";
import type { Flow } from "../flow.ts";
import { fileVariable } from "./file-input.ts";
import { EMPTY_POOL, type Pool, type PoolWrite, writePool, writesOf } from "../pool.ts";
import { type Variable, variableAs, variableOf } from "../value-type.ts";
import { flowMessage } from "../messages/message.ts";

/** The `sys.` values of a run. */
export type SystemValues = {
  readonly userId: string;
  readonly appId: string;
  readonly workflowId: string;
  readonly workflowRunId: string;
  /** In milliseconds since the epoch; flows see seconds. */
  readonly startedAtMs: number;
  /** What the user of a chat says; the empty text in a workflow. */
  readonly query: string;
  /** The files that come with it. */
  readonly files: readonly JsonObject[];
  /** What was said before; null in a new conversation. */
  readonly conversation: Conversation | null;
};

/** A conversation of a chat up to the present query. */
export type Conversation = {
  readonly id: string;
  /** The `conversation.` variables as the last run left them. */
  readonly variables: Readonly<Record<string, Variable>>;
  /** What was asked and answered, the oldest first. */
  readonly turns: readonly { readonly query: string; readonly answer: string }[];
};

/** The `env.` names that some node reads. */
const usedNames = (flow: Flow): ReadonlySet<string> =>
  new Set(
    [...flow.nodes.values()].flatMap((node) =>
      node.declaration.reads.flatMap(({ selector }) => (selector[0] === "env" ? [selector[1] ?? ""] : [])),
    ),
  );

/** The secrets that a flow reads and its file does not hold, by name. */
export const neededSecrets = (flow: Flow): readonly string[] => {
  const used = usedNames(flow);
  return flow.environment.filter(({ name, isSecret }) => isSecret && used.has(name)).map(({ name }) => name);
};

const environmentWrites = (flow: Flow, secrets: ReadonlyMap<string, Secret>): readonly PoolWrite[] => {
  const missing = neededSecrets(flow).filter((name) => !secrets.has(name));
  if (missing.length > 0) {
    throw new FlowError(flowMessage("flow.secrets.missing", { count: missing.length, names: missing }), {
      code: "flow-secret-missing",
      nodeId: null,
    });
  }
  return flow.environment.map(({ name, isSecret, variable }) => ({
    selector: ["env", name],
    variable: isSecret
      ? variableAs("string", secrets.get(name)?.reveal() ?? "")
      : (variable ?? variableOf("")),
  }));
};

/**
 * The values that a run starts with: inputs under the start node, `sys.`, `env.` and `conversation.`.
 * Throws FlowError when a secret that some node reads is not given.
 */
export const initialPool = (
  flow: Flow,
  inputs: Readonly<Record<string, Variable>>,
  system: SystemValues,
  secrets: ReadonlyMap<string, Secret>,
): Pool => {
  const values: Readonly<Record<string, Variable>> = {
    user_id: variableOf(system.userId),
    app_id: variableOf(system.appId),
    workflow_id: variableOf(system.workflowId),
    workflow_run_id: variableOf(system.workflowRunId),
    timestamp: variableOf(Math.floor(system.startedAtMs / 1000)),
    files: variableAs(
      "array[file]",
      system.files.map((file) => fileVariable("sys.files", file).value),
    ),
    ...(flow.mode === "advanced-chat"
      ? {
          query: variableOf(system.query),
          conversation_id: variableOf(system.conversation?.id ?? system.workflowRunId),
          dialogue_count: variableOf((system.conversation?.turns.length ?? 0) + 1),
        }
      : {}),
  };
  return writePool(EMPTY_POOL, [
    ...writesOf("sys", values),
    ...environmentWrites(flow, secrets),
    ...writesOf("conversation", { ...flow.conversation, ...system.conversation?.variables }),
    ...writesOf(flow.startNodeId, inputs),
  ]);
};
