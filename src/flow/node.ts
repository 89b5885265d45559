import type { z } from "zod";
import type { Clock } from "../base/clock.ts";
import type { Journal } from "../base/journal.ts";
import type { JsonObject } from "../base/json.ts";
import type { FlowUsage } from "./flow-event.ts";
import type { Exact } from "./exact.ts";
import { parseData } from "./parse-data.ts";
import type { Pool, PoolWrite, Selector, TextPart } from "./pool.ts";
import type {
  CodeRunner,
  DocumentReader,
  FailureCause,
  HttpClient,
  KnowledgeSearch,
  ModelClient,
  NodeFailure,
  TemplateRenderer,
  ToolReference,
  ToolRunner,
} from "./ports.ts";
import type { ValueType, Variable } from "./value-type.ts";
import { type FlowMessage, flowMessage, inItsWords } from "./messages/message.ts";
import { NodeError } from "./node-error.ts";

/** Everything that nodes may ask of the world outside. */
export type FlowPorts = {
  readonly code: CodeRunner;
  readonly template: TemplateRenderer;
  readonly model: ModelClient;
  readonly http: HttpClient;
  readonly knowledge: KnowledgeSearch;
  readonly tools: ToolRunner;
  readonly documents: DocumentReader;
};

/** A value that a node reads. `field` is where in the node's data the file says so. */
export type VariableUse = {
  readonly selector: Selector;
  readonly field: string;
  /** Whether the node fails when nothing is there; otherwise Dify goes on in silence. */
  readonly needed: boolean;
};

/** Something in a node that we do not run, or run with a doubt. `message` says what to do instead. */
export type NodeRemark = { readonly field: string; readonly message: FlowMessage };

/** What a node says of itself when the file is read, before anything runs. */
export type NodeDeclaration = {
  /** The handles that edges may leave by, `["source"]` for a node that does not choose. */
  readonly handles: readonly string[];
  /** What people call the handles, by handle, where the file says it (the classes of a classifier). */
  readonly handleNames?: ReadonlyMap<string, string>;
  readonly reads: readonly VariableUse[];
  /** Only for assigners: the variables of others that it writes. */
  readonly assigns?: readonly Selector[];
  /** The outputs that others can refer to, by name; null when only the run shows them. */
  readonly outputs: Readonly<Record<string, ValueType | "any">> | null;
  readonly models: readonly { readonly provider: string; readonly name: string }[];
  /** An estimate of the fixed text of its prompts, in tokens; left out by nodes that ask no model. */
  readonly promptTokens?: number;
  readonly datasets: readonly string[];
  /** The tools that it may call; only what the host has set up tells whether they run. */
  readonly tools: readonly ToolReference[];
  /** What the node needs and the file does not hold, such as a key that the export has blanked. */
  readonly secrets: readonly string[];
  /** The languages of code that the node runs. */
  readonly languages: readonly ("javascript" | "python3" | "jinja2")[];
  /** Only for answer and end: what they quote, in order, so that it can be shown while it is made. */
  readonly quotes?: readonly TextPart[];
  /** Only for iteration and loop: where a round starts, and the variables that only its children see. */
  readonly inside?: {
    readonly startNodeId: string;
    readonly variables: Readonly<Record<string, ValueType | "any">>;
  };
  /** Why the node fails when it is reached; empty when we run it in full. */
  readonly failures: readonly NodeRemark[];
  readonly warnings: readonly NodeRemark[];
};

/** A declaration of a node that reads nothing, offers nothing and leaves by `source`. */
export const PLAIN_DECLARATION: NodeDeclaration = {
  handles: ["source"],
  reads: [],
  outputs: {},
  models: [],
  datasets: [],
  tools: [],
  secrets: [],
  languages: [],
  failures: [],
  warnings: [],
};

/** The nodes inside an iteration or a loop, run once from their start node. */
type FrameRequest = {
  readonly startNodeId: string;
  readonly index: number;
  readonly pool: Pool;
};

/** How one round inside an iteration or a loop ended. */
type FrameOutcome = {
  readonly pool: Pool;
  /** The first unhandled failure of a node, null when there was none. */
  readonly error: FlowMessage | null;
  /** What that failure tells besides. */
  readonly cause: FailureCause | undefined;
  /** Outputs of end and answer nodes inside. */
  readonly outputs: Readonly<Record<string, Variable>>;
  /** Whether a loop-end node was reached. */
  readonly reachedLoopEnd: boolean;
};

/**
 * Runs the children of an iteration or a loop; the engine's side of those two kinds. It adds up what
 * the children consume and how many of them fail, so that the container need not.
 */
export type Frames = {
  /** Says that the container starts, with the number of rounds where it is known. */
  readonly started: (length: number | null) => void;
  readonly run: (request: FrameRequest) => Promise<FrameOutcome>;
  /** Hands outputs of end and answer nodes inside on to the frame around. */
  readonly respond: (outputs: Readonly<Record<string, Variable>>) => void;
  /** The ids of the nodes inside. */
  readonly childIds: readonly string[];
};

/** What a node is given to run. */
export type NodeContext = {
  readonly nodeId: string;
  readonly title: string;
  /** The values so far, as they stood when the node became ready; see `readPool` and `resolveText`. */
  readonly pool: Pool;
  readonly ports: FlowPorts;
  /** Aborted when the run is stopped or over its time; pass it on to every port. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /**
   * Entries of this node alone, of this round of the containers around it. They are there again when the run is taken up
   * before the node has ended, and when the node is tried again.
   */
  readonly journal: Journal;
  /** How many flows have called one another to come here. */
  readonly callDepth: number;
  /** What was said before in a chat, the oldest first: what nodes with memory remember. */
  readonly turns: readonly { readonly query: string; readonly answer: string }[];
  /**
   * Reports a piece of an output while it is being made. The engine shows it as `text_chunk` where an
   * answer or end node quotes that output; `name` is the output's name, `text` for a model's text.
   */
  readonly emitText: (name: string, chunk: string) => void;
  /** Reports an entry of an agent's log, with Dify's keys. */
  readonly log: (entry: JsonObject) => void;
  /** Takes the run's secrets out of a text that goes where they must not be: from a tool into a prompt. */
  readonly mask: (text: string) => string;
  /** Reports a piece of a model's reasoning. */
  readonly emitReasoning: (chunk: string) => void;
  /** Only for iteration and loop. */
  readonly frames: Frames;
};

/**
 * How a node ended. `inputs` is what the event shows as its inputs. `types` states the types that the
 * values alone do not show (a whole float, an empty list of strings).
 */
export type NodeOutcome =
  | {
      readonly ok: true;
      readonly outputs: JsonObject;
      readonly types?: Readonly<Record<string, ValueType>>;
      /** Outputs that hold numbers which plain values do not distinguish, by name. */
      readonly exact?: Readonly<Record<string, Exact>>;
      readonly inputs?: JsonObject;
      readonly usage?: FlowUsage;
      /** The handle that a choosing node leaves by; `source` when left out. */
      readonly handle?: string;
      /** Values put into the pool under other names than the node's own (assigner, loop). */
      readonly writes?: readonly PoolWrite[];
    }
  | {
      readonly ok: false;
      /** Dify's name for the failure; becomes the output `error_type` under an error strategy. */
      readonly errorType: string;
      /** Its English becomes the output `error_message` under an error strategy. */
      readonly message: FlowMessage;
      readonly inputs?: JsonObject;
      readonly outputs?: JsonObject;
      readonly usage?: FlowUsage;
      /** Whether another attempt would get the same answer, so that `retry_config` is left aside. */
      readonly isFinal?: boolean;
      /** What the port that failed tells besides. */
      readonly cause?: FailureCause | undefined;
    };

/** A node whose data was read and understood, ready to run any number of times. */
export type LoadedNode = {
  readonly declaration: NodeDeclaration;
  readonly execute: (context: NodeContext) => Promise<NodeOutcome>;
};

/** The data of a node could not be read: what is wrong, by field. */
type LoadProblems = { readonly problems: readonly NodeRemark[] };

/**
 * How the engine treats a kind: `root` starts a graph; `branch` chooses one of its handles; `response`
 * gives its outputs to the run; `container` runs children; the rest is `plain`.
 */
export type NodeRole = "root" | "plain" | "branch" | "response" | "container";

/** A kind of node, as the registry holds it. */
export type NodeKind = {
  /** The file's `data.type`. */
  readonly type: string;
  readonly role: NodeRole;
  /** Whether `retry_config` counts for it (Dify: llm, tool, http-request, code). */
  readonly retries: boolean;
  readonly load: (data: unknown) => LoadedNode | LoadProblems;
};

/** What a kind's folder states: its schema, what it declares, how it runs. */
export type NodeKindParts<Data> = {
  readonly type: string;
  readonly role?: NodeRole;
  readonly retries?: boolean;
  /** Dify's name for the failure of a node that cannot run. */
  readonly errorType?: string;
  /** Reads the file's `data`; unknown keys are let through. */
  readonly schema: z.ZodType<Data>;
  readonly declare: (data: Data) => NodeDeclaration;
  readonly execute: (data: Data, context: NodeContext) => Promise<NodeOutcome>;
};

/** Builds a kind for the registry from its parts. */
export const defineNodeKind = <Data>(parts: NodeKindParts<Data>): NodeKind => ({
  type: parts.type,
  role: parts.role ?? "plain",
  retries: parts.retries ?? false,
  load: (data) => {
    const parsed = parseData(parts.schema, data);
    if (!parsed.ok) return { problems: parsed.problems };
    const declaration = parts.declare(parsed.data);
    const [first, ...more] = declaration.failures.map(({ message }) => message);
    return {
      declaration,
      execute: async (context) => {
        if (first === undefined) return untilNodeError(parts.execute(parsed.data, context));
        const message =
          more.length === 0 ? first : flowMessage("flow.problem.several", { problems: [first, ...more] });
        return nodeFailure(parts.errorType ?? "NotImplementedError", message);
      },
    };
  },
});

/** The outcome; a value that the node cannot go on with is its failure. */
const untilNodeError = async (outcome: Promise<NodeOutcome>): Promise<NodeOutcome> => {
  try {
    return await outcome;
  } catch (error) {
    if (error instanceof NodeError) return nodeFailure(error.errorType ?? NODE_ERROR, error.what);
    throw error;
  }
};

/** Dify's name for whatever its nodes raise. */
export const NODE_ERROR = "WorkflowNodeError";

/** A failure as Dify names it. */
export const nodeFailure = (
  errorType: string,
  message: FlowMessage,
  more: FailureDetails = {},
): NodeOutcome => ({ ok: false, errorType, message, ...more });

type FailureDetails = Omit<Extract<NodeOutcome, { ok: false }>, "ok" | "errorType" | "message">;

/** The failure of a node whose port has failed. */
export const portFailure = (
  { errorType, message, host, outside, contextLimit, passes }: NodeFailure,
  more: FailureDetails = {},
): NodeOutcome =>
  nodeFailure(errorType, inItsWords(message, host), {
    ...more,
    cause: {
      ...(outside === undefined ? {} : { outside }),
      ...(contextLimit === undefined ? {} : { contextLimit }),
      ...(passes === undefined ? {} : { passes }),
    },
  });
