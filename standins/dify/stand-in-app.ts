import { createHash } from "node:crypto";

/** A JSON object, as it goes over the wire. */
export type Fields = Readonly<Record<string, unknown>>;

/** The form of Dify's ids. */
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A field of an app's input form, as it stands in the workflow file's start node; `/parameters` gives it back. */
export type FormField = Fields & {
  readonly variable: string;
  readonly type:
    | "text-input"
    | "paragraph"
    | "select"
    | "number"
    | "checkbox"
    | "file"
    | "file-list"
    | "json_object";
  readonly label?: string;
  readonly required?: boolean;
  readonly max_length?: number;
  readonly options?: readonly string[];
  readonly default?: unknown;
};

/** A node that a program runs. */
export type ProgramNode = {
  readonly id: string;
  readonly type: string;
  readonly title: string;
  /** The iteration that it runs in, and which of its items. */
  readonly iteration?: { readonly id: string; readonly index: number };
  /** How often it is tried again after a failure, and after how many of Dify's milliseconds. */
  readonly retry?: { readonly times: number; readonly intervalMs: number };
  /** Whether a failure goes down a branch of its own instead of failing the run. */
  readonly hasFailBranch?: boolean;
  /** The model of an LLM node. */
  readonly model?: { readonly provider: string; readonly name: string };
};

/** What a node of a program came to. */
export type NodeEnd = {
  readonly outputs: Fields;
  readonly inputs?: Fields;
  readonly processData?: Fields;
  /** The tokens of an LLM node. */
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number };
};

/** A node's failure with the parts of it that Dify shows. */
export class NodeFailure extends Error {
  /** The `error_type` of a fail branch. */
  readonly type: string;
  readonly shown: Partial<NodeEnd>;

  constructor(type: string, message: string, shown: Partial<NodeEnd> = {}) {
    super(message);
    this.type = type;
    this.shown = shown;
  }
}

/**
 * The failure of an LLM node whose model's server answered with `status`: the server's JSON within the
 * plugin's JSON within the text of the node's error, as Dify shows it.
 */
export const modelFailure = (
  status: number,
  error: { readonly message: string; readonly type: string },
): NodeFailure => {
  const server = JSON.stringify({ error: { ...error, param: null, code: null } });
  const description = JSON.stringify(
    `[models] Error: API request failed with status code ${status}: ${server}`,
  );
  const id = createHash("sha256").update(description).digest("hex").slice(0, 10);
  return new NodeFailure(
    "PluginInvokeError",
    `req_id: ${id} PluginInvokeError: {"args": {"description": ${description}}, "error_type": "InvokeError", "message": ${description}}`,
  );
};

/** What a program works with. Aborting of `signal` means that the run was stopped or that its worker died. */
export type ProgramContext = {
  readonly inputs: Fields;
  readonly user: string;
  readonly workflowRunId: string;
  readonly workflowId: string;
  readonly appId: string;
  readonly signal: AbortSignal;
  /**
   * Runs `work` between the events of a node's start and end, again after failures as the node's settings
   * have it. A throw that is left fails the run; with a fail branch it is given back as `failed`, with the
   * outputs `error_message` and `error_type`. `beforeEnd` runs when the outputs are known and the event of
   * the end is not sent.
   */
  readonly node: (
    node: ProgramNode,
    work: () => Promise<NodeEnd> | NodeEnd,
    beforeEnd?: (outputs: Fields, failed: boolean) => void,
  ) => Promise<{ readonly outputs: Fields; readonly failed: boolean }>;
  /** Runs `each` for every item, one after the other, between the events of an iteration; gives their results. */
  readonly iterate: (
    node: ProgramNode,
    items: readonly unknown[],
    each: (item: unknown, index: number) => Promise<unknown>,
  ) => Promise<readonly unknown[]>;
  /** Sends any other event of Dify's stream. */
  readonly emit: (event: string, data: Fields) => void;
  /** Waits for so many of Dify's milliseconds. */
  readonly sleep: (ms: number) => Promise<void>;
};

/**
 * How a program ended. One that succeeded with exceptions or retries behind it is `partial-succeeded` without
 * saying so; `paused` waits for a person for ever.
 */
export type ProgramEnd = {
  readonly status: "succeeded" | "failed" | "paused";
  readonly outputs: Fields;
  readonly error?: string;
};

/** What an app does when it is run. A throw counts as a failed run. */
export type Program = (context: ProgramContext) => Promise<ProgramEnd>;

/** An app of the stand-in. */
export type StandInApp = {
  readonly name: string;
  /** Its API key. */
  readonly key: string;
  /** Expired or deleted: every call is refused. */
  readonly keyExpired?: boolean;
  /** Its API was switched off. */
  readonly apiDisabled?: boolean;
  /** No version of it was published. */
  readonly unpublished?: boolean;
  readonly description?: string;
  readonly icon?: { readonly icon: string; readonly background: string };
  /** Only a workflow can be run here; a workflow without. */
  readonly mode?: "workflow" | "advanced-chat" | "chat" | "agent-chat" | "completion";
  /** The ids of its published versions; the first is the newest. */
  readonly workflowIds?: readonly string[];
  readonly form: readonly FormField[];
  /** The name of a model that its nodes want and that the workspace does not have. */
  readonly missingModel?: string;
  /**
   * How many requests for runs may be open at once before the app answers 400; unlimited without. Before it is
   * taken a streaming run needs two free places, so that a limit of N allows N - 1 of them.
   */
  readonly maxActiveRequests?: number;
  /** How long a run takes at least, in Dify's milliseconds. */
  readonly runMs?: number;
  readonly program: Program;
};
